// Integer arithmetic.
#include <limits>

#include "kernels/simulator/lanes/lanes.h"

namespace nram::simulator::NRAM_LANES {

namespace {

struct Add {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
  }
};
struct Subtract {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
  }
};
struct Multiply {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
  }
};
struct MultiplyHigh {
  template <class T>
  static T of(T a, T b) {
    if constexpr (sizeof(T) == 8) {
      __extension__ using Signed = __int128;
      __extension__ using Unsigned = unsigned __int128;
      using Product = std::conditional_t<std::is_signed_v<T>, Signed, Unsigned>;
      return static_cast<T>(static_cast<Product>(a) * static_cast<Product>(b) >> 64);
    } else {
      using Product = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
      return static_cast<T>(static_cast<Product>(a) * static_cast<Product>(b) >> sizeof(T) * 8);
    }
  }
};
// Of the lower 24 bits.
template <bool kHigh>
struct Multiply24 {
  template <class T>
  static T of(T a, T b) {
    constexpr int kShift = 8;
    int64_t x = static_cast<int64_t>(static_cast<uint32_t>(a) & 0xFFFFFF);
    int64_t y = static_cast<int64_t>(static_cast<uint32_t>(b) & 0xFFFFFF);
    if constexpr (std::is_signed_v<T>) {
      x = static_cast<int32_t>(static_cast<uint32_t>(x) << kShift) >> kShift;
      y = static_cast<int32_t>(static_cast<uint32_t>(y) << kShift) >> kShift;
    }
    return static_cast<T>(static_cast<uint64_t>(x * y) >> (kHigh ? 16 : 0));
  }
};
struct Minimum {
  template <class T>
  static T of(T a, T b) {
    return a < b ? a : b;
  }
};
struct Maximum {
  template <class T>
  static T of(T a, T b) {
    return a > b ? a : b;
  }
};
// Division by zero gives all ones; the one overflow wraps.
struct Divide {
  template <class T>
  static T of(T a, T b) {
    if (b == 0) return static_cast<T>(~T{0});
    if constexpr (std::is_signed_v<T>) {
      if (b == T{-1}) return Subtract::of<T>(0, a);
    }
    return static_cast<T>(a / b);
  }
};
struct Remainder {
  template <class T>
  static T of(T a, T b) {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<T>) {
      if (b == T{-1}) return 0;
    }
    return static_cast<T>(a % b);
  }
};
struct SaturatingAdd {
  template <class T>
  static T of(T a, T b) {
    const int64_t sum = static_cast<int64_t>(a) + static_cast<int64_t>(b);
    constexpr int64_t kLow = std::numeric_limits<int32_t>::min();
    constexpr int64_t kHigh = std::numeric_limits<int32_t>::max();
    return static_cast<T>(sum < kLow ? kLow : sum > kHigh ? kHigh : sum);
  }
};
struct SaturatingSubtract {
  template <class T>
  static T of(T a, T b) {
    const int64_t difference = static_cast<int64_t>(a) - static_cast<int64_t>(b);
    constexpr int64_t kLow = std::numeric_limits<int32_t>::min();
    constexpr int64_t kHigh = std::numeric_limits<int32_t>::max();
    return static_cast<T>(difference < kLow ? kLow : difference > kHigh ? kHigh : difference);
  }
};

template <class T, class Operation>
void binary(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  for_lanes(warp.lanes<T>(in.d), mask,
            [=](int lane) { return Operation::template of<T>(a[lane], b[lane]); });
}

template <class T, class Operation>
void multiply_add(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b), *c = warp.lanes<T>(in.c);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    return Add::of<T>(Operation::template of<T>(a[lane], b[lane]), c[lane]);
  });
}

template <class T, bool kAdd>
void multiply_wide(Warp& warp, const Instruction& in, uint32_t mask) {
  using Narrow = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
  using Wide =
      std::conditional_t<sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
                         Narrow>;
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  const Wide* c = kAdd ? warp.lanes<Wide>(in.c) : nullptr;
  for_lanes(warp.lanes<Wide>(in.d), mask, [=](int lane) {
    const Wide product = Multiply::of<Wide>(a[lane], b[lane]);
    if constexpr (kAdd) return Add::of<Wide>(product, c[lane]);
    return product;
  });
}

template <class T>
void sum_of_difference(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b), *c = warp.lanes<T>(in.c);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    const T difference =
        a[lane] < b[lane] ? Subtract::of<T>(b[lane], a[lane]) : Subtract::of<T>(a[lane], b[lane]);
    return Add::of<T>(c[lane], difference);
  });
}

template <class T>
void negate(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) { return Subtract::of<T>(0, a[lane]); });
}

template <class T>
void absolute(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  for_lanes(warp.lanes<T>(in.d), mask,
            [=](int lane) { return a[lane] < 0 ? Subtract::of<T>(0, a[lane]) : a[lane]; });
}

// Two 16-bit halves at once.
template <class T, class Operation>
void pairwise(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b);
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    const auto low = static_cast<uint16_t>(
        Operation::template of<T>(static_cast<T>(a[lane]), static_cast<T>(b[lane])));
    const auto high = static_cast<uint16_t>(
        Operation::template of<T>(static_cast<T>(a[lane] >> 16), static_cast<T>(b[lane] >> 16)));
    return static_cast<uint32_t>(low) | static_cast<uint32_t>(high) << 16;
  });
}

enum class Carry : uint8_t { kAdd, kSubtract, kMultiplyLow, kMultiplyHigh };

// add.cc, addc, sub.cc, subc, mad.cc, madc: list[0] is the carry read, e the carry written.
template <class T, Carry kOperation>
void with_carry(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  uint32_t carry = 0;
  if (in.list_size > 0) {
    carry = warp.predicate(warp.worker->launch.code.operands[in.list].offset);
  }
  T* d = warp.lanes<T>(in.d);
  uint32_t out = 0;
  for_each_lane(mask, [&](int lane) {
    const T in_bit = carry >> lane & 1;
    T x = a[lane], y = b[lane];
    if constexpr (kOperation == Carry::kMultiplyLow || kOperation == Carry::kMultiplyHigh) {
      const T low = Multiply::of<T>(x, y), high = MultiplyHigh::of<T>(x, y);
      x = kOperation == Carry::kMultiplyLow ? low : high;
      y = warp.lanes<T>(in.c)[lane];
    }
    T result;
    bool flag;
    if constexpr (kOperation == Carry::kSubtract) {
      result = static_cast<T>(x - y - in_bit);
      flag = x < y || (x == y && in_bit != 0);
    } else {
      result = static_cast<T>(x + y + in_bit);
      flag = result < x || (result == x && in_bit != 0);
    }
    d[lane] = result;
    out |= static_cast<uint32_t>(flag) << lane;
  });
  write_predicate(warp, in.e, mask, out);
}

template <Carry kOperation>
Handler carrying(Type type) {
  switch (type) {
    case Type::kU32:
    case Type::kS32:
    case Type::kB32:
      return &with_carry<uint32_t, kOperation>;
    case Type::kU64:
    case Type::kS64:
    case Type::kB64:
      return &with_carry<uint64_t, kOperation>;
    default:
      return nullptr;
  }
}

template <class Operation>
Handler binary_of(Type type) {
  return with_integer(type,
                      [](auto zero) -> Handler { return &binary<decltype(zero), Operation>; });
}

template <class Operation>
Handler pairwise_of(Type type) {
  if (type == Type::kU16x2) return &pairwise<uint16_t, Operation>;
  if (type == Type::kS16x2) return &pairwise<int16_t, Operation>;
  return binary_of<Operation>(type);
}

Handler select_multiply(Form& form) {
  const Type type = form.types[0];
  const bool add = form.opcode != Opcode::kMul;
  const bool carry_out = form.take(Modifier::kCc), carry_in = form.opcode == Opcode::kMadc;
  if (form.take(Modifier::kWide)) {
    if (type == Type::kU64 || type == Type::kS64) return nullptr;
    return with_integer(type, [add](auto zero) -> Handler {
      using T = decltype(zero);
      if constexpr (sizeof(T) == 8) return nullptr;
      return add ? &multiply_wide<T, true> : &multiply_wide<T, false>;
    });
  }
  const bool high = form.take(Modifier::kHi);
  if (!high && !form.take(Modifier::kLo)) return nullptr;
  if (carry_in || carry_out) {
    if (high && (type == Type::kS32 || type == Type::kS64)) return nullptr;
    return high ? carrying<Carry::kMultiplyHigh>(type) : carrying<Carry::kMultiplyLow>(type);
  }
  return with_integer(type, [add, high](auto zero) -> Handler {
    using T = decltype(zero);
    if (add) return high ? &multiply_add<T, MultiplyHigh> : &multiply_add<T, Multiply>;
    return high ? &binary<T, MultiplyHigh> : &binary<T, Multiply>;
  });
}

Handler select_multiply24(Form& form) {
  const bool add = form.opcode == Opcode::kMad24, high = form.take(Modifier::kHi);
  if (!high && !form.take(Modifier::kLo)) return nullptr;
  const auto choose = [=](auto zero) -> Handler {
    using T = decltype(zero);
    if (add) return high ? &multiply_add<T, Multiply24<true>> : &multiply_add<T, Multiply24<false>>;
    return high ? &binary<T, Multiply24<true>> : &binary<T, Multiply24<false>>;
  };
  if (form.types[0] == Type::kU32) return choose(uint32_t{});
  if (form.types[0] == Type::kS32) return choose(int32_t{});
  return nullptr;
}

Handler select_add(Form& form) {
  const Type type = form.types[0];
  const bool subtract = form.opcode == Opcode::kSub || form.opcode == Opcode::kSubc;
  const bool carry_in = form.opcode == Opcode::kAddc || form.opcode == Opcode::kSubc;
  const bool carry_out = form.take(Modifier::kCc);
  if (carry_in || carry_out) {
    return subtract ? carrying<Carry::kSubtract>(type) : carrying<Carry::kAdd>(type);
  }
  if (type == Type::kS32 && form.take(Modifier::kSat)) {
    return subtract ? &binary<int32_t, SaturatingSubtract> : &binary<int32_t, SaturatingAdd>;
  }
  return subtract ? pairwise_of<Subtract>(type) : pairwise_of<Add>(type);
}

}  // namespace

Handler select_integer(Form& form, Instruction&) {
  const Type type = form.types[0];
  if (form.type_count != 1) return nullptr;
  switch (form.opcode) {
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kAddc:
    case Opcode::kSubc:
      return select_add(form);
    case Opcode::kMul:
    case Opcode::kMad:
    case Opcode::kMadc:
      return select_multiply(form);
    case Opcode::kMul24:
    case Opcode::kMad24:
      return select_multiply24(form);
    case Opcode::kMin:
      return pairwise_of<Minimum>(type);
    case Opcode::kMax:
      return pairwise_of<Maximum>(type);
    case Opcode::kDiv:
      return binary_of<Divide>(type);
    case Opcode::kRem:
      return binary_of<Remainder>(type);
    case Opcode::kSad:
      return with_integer(type,
                          [](auto zero) -> Handler { return &sum_of_difference<decltype(zero)>; });
    case Opcode::kNeg:
      return with_integer(type, [](auto zero) -> Handler { return &negate<decltype(zero)>; });
    case Opcode::kAbs:
      return with_integer(type, [](auto zero) -> Handler { return &absolute<decltype(zero)>; });
    default:
      return nullptr;
  }
}

}  // namespace nram::simulator::NRAM_LANES
