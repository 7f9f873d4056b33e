// Logic, shifts, bit fields, byte permutations and small dot products.
#include "kernels/simulator/lanes/lanes.h"

namespace nram::simulator::NRAM_LANES {

namespace {

struct And {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct Or {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct Xor {
  template <class T>
  static T of(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
struct Not {
  template <class T>
  static T of(T a) {
    return static_cast<T>(~a);
  }
};
struct IsZero {
  template <class T>
  static T of(T a) {
    return a == 0 ? 1 : 0;
  }
};
struct Reverse {
  template <class T>
  static T of(T a) {
    uint64_t bits = a;
    bits = (bits & 0x5555555555555555) << 1 | (bits >> 1 & 0x5555555555555555);
    bits = (bits & 0x3333333333333333) << 2 | (bits >> 2 & 0x3333333333333333);
    bits = (bits & 0x0F0F0F0F0F0F0F0F) << 4 | (bits >> 4 & 0x0F0F0F0F0F0F0F0F);
    return static_cast<T>(__builtin_bswap64(bits) >> (64 - sizeof(T) * 8));
  }
};
struct CountOnes {
  template <class T>
  static uint32_t of(T a) {
    return static_cast<uint32_t>(__builtin_popcountll(a));
  }
};
struct LeadingZeros {
  template <class T>
  static uint32_t of(T a) {
    constexpr uint32_t kBits = sizeof(T) * 8;
    return a == 0 ? kBits : static_cast<uint32_t>(__builtin_clzll(a)) - (64 - kBits);
  }
};
// The place of the highest bit that differs from the sign; all ones if there is none.
template <bool kShiftAmount>
struct FindHighest {
  template <class T>
  static uint32_t of(T a) {
    using Unsigned = std::make_unsigned_t<T>;
    constexpr uint32_t kBits = sizeof(T) * 8;
    const auto bits = static_cast<Unsigned>(std::is_signed_v<T> && a < 0 ? ~a : a);
    if (bits == 0) return 0xFFFFFFFF;
    const auto place = 63 - static_cast<uint32_t>(__builtin_clzll(bits));
    return kShiftAmount ? kBits - 1 - place : place;
  }
};

template <class T, class Operation>
void binary(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  for_lanes(warp.lanes<T>(in.d), mask,
            [=](int lane) { return Operation::template of<T>(a[lane], b[lane]); });
}

template <class T, class Result, class Operation>
void unary(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  for_lanes(warp.lanes<Result>(in.d), mask,
            [=](int lane) -> Result { return Operation::template of<T>(a[lane]); });
}

template <class Operation>
void predicates(Warp& warp, const Instruction& in, uint32_t mask) {
  write_predicate(warp, in.d, mask,
                  Operation::template of<uint32_t>(warp.predicate(in.a), warp.predicate(in.b)));
}

void not_predicate(Warp& warp, const Instruction& in, uint32_t mask) {
  write_predicate(warp, in.d, mask, ~warp.predicate(in.a));
}

template <class T>
void shift_left(Warp& warp, const Instruction& in, uint32_t mask) {
  constexpr uint32_t kBits = sizeof(T) * 8;
  const T* a = warp.lanes<T>(in.a);
  const uint32_t* b = warp.lanes<uint32_t>(in.b);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    const T shifted = static_cast<T>(static_cast<Wrapping<T>>(a[lane]) << (b[lane] & (kBits - 1)));
    return b[lane] < kBits ? shifted : T{0};
  });
}

template <class T>
void shift_right(Warp& warp, const Instruction& in, uint32_t mask) {
  constexpr uint32_t kBits = sizeof(T) * 8;
  const T* a = warp.lanes<T>(in.a);
  const uint32_t* b = warp.lanes<uint32_t>(in.b);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    const T beyond = static_cast<T>(std::is_signed_v<T> && a[lane] < 0 ? -1 : 0);
    return b[lane] < kBits ? static_cast<T>(a[lane] >> (b[lane] & (kBits - 1))) : beyond;
  });
}

template <bool kLeft, bool kWrap>
void funnel_shift(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b),
                 *c = warp.lanes<uint32_t>(in.c);
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    const uint32_t clamped = c[lane] < 32 ? c[lane] : 32;
    const uint32_t amount = kWrap ? c[lane] & 31 : clamped;
    const uint64_t both = static_cast<uint64_t>(b[lane]) << 32 | a[lane];
    const uint64_t left = (both << (amount & 31)) >> 32;
    if constexpr (kLeft) return amount == 32 ? a[lane] : static_cast<uint32_t>(left);
    return static_cast<uint32_t>(both >> amount);
  });
}

// The table's bit at index a<<2 | b<<1 | c, for each bit of the operands.
void logic3(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b),
                 *c = warp.lanes<uint32_t>(in.c);
  uint32_t minterms[8];
  for (int i = 0; i < 8; ++i) minterms[i] = (in.immediate >> i & 1) != 0 ? 0xFFFFFFFF : 0;
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    const uint32_t x = a[lane], y = b[lane], z = c[lane];
    return (minterms[0] & ~x & ~y & ~z) | (minterms[1] & ~x & ~y & z) |
           (minterms[2] & ~x & y & ~z) | (minterms[3] & ~x & y & z) | (minterms[4] & x & ~y & ~z) |
           (minterms[5] & x & ~y & z) | (minterms[6] & x & y & ~z) | (minterms[7] & x & y & z);
  });
}

enum class Permutation : uint8_t { kGeneric, kF4e, kB4e, kRc8, kEcl, kEcr, kRc16 };

uint32_t permutation_selector(Permutation mode, uint32_t c) {
  const uint32_t n = c & 3;
  static constexpr uint32_t kForward[] = {0x3210, 0x4321, 0x5432, 0x6543};
  static constexpr uint32_t kBackward[] = {0x5670, 0x6701, 0x7012, 0x0123};
  static constexpr uint32_t kReplicate8[] = {0x0000, 0x1111, 0x2222, 0x3333};
  static constexpr uint32_t kClampLeft[] = {0x3210, 0x3211, 0x3222, 0x3333};
  static constexpr uint32_t kClampRight[] = {0x0000, 0x1110, 0x2210, 0x3210};
  static constexpr uint32_t kReplicate16[] = {0x1010, 0x3232, 0x1010, 0x3232};
  switch (mode) {
    case Permutation::kF4e:
      return kForward[n];
    case Permutation::kB4e:
      return kBackward[n];
    case Permutation::kRc8:
      return kReplicate8[n];
    case Permutation::kEcl:
      return kClampLeft[n];
    case Permutation::kEcr:
      return kClampRight[n];
    case Permutation::kRc16:
      return kReplicate16[n];
    default:
      return c;
  }
}

void permute_bytes(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b),
                 *c = warp.lanes<uint32_t>(in.c);
  const auto mode = static_cast<Permutation>(in.variant);
  uint32_t* d = warp.lanes<uint32_t>(in.d);
  for_each_lane(mask, [=](int lane) {
    const uint64_t bytes = static_cast<uint64_t>(b[lane]) << 32 | a[lane];
    const uint32_t selector = permutation_selector(mode, c[lane]);
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i) {
      const uint32_t select = selector >> i * 4 & 0xF;
      uint32_t byte = static_cast<uint32_t>(bytes >> (select & 7) * 8) & 0xFF;
      if ((select & 8) != 0) byte = (byte & 0x80) != 0 ? 0xFF : 0;  // its sign, replicated
      result |= byte << i * 8;
    }
    d[lane] = result;
  });
}

template <class T>
void extract_field(Warp& warp, const Instruction& in, uint32_t mask) {
  using Unsigned = std::make_unsigned_t<T>;
  constexpr uint32_t kBits = sizeof(T) * 8;
  const T* a = warp.lanes<T>(in.a);
  const uint32_t *b = warp.lanes<uint32_t>(in.b), *c = warp.lanes<uint32_t>(in.c);
  T* d = warp.lanes<T>(in.d);
  for_each_lane(mask, [=](int lane) {
    const uint32_t position = b[lane] & 0xFF, length = c[lane] & 0xFF;
    const T beyond = static_cast<T>(std::is_signed_v<T> && a[lane] < 0 ? -1 : 0);
    auto field = static_cast<Unsigned>(position < kBits ? a[lane] >> position : beyond);
    if (length == 0) {
      field = 0;
    } else if (length < kBits) {
      const uint32_t unused = kBits - length;
      const T shifted = static_cast<T>(field << unused);
      field = static_cast<Unsigned>(shifted >> unused);
    }
    d[lane] = static_cast<T>(field);
  });
}

template <class T>
void insert_field(Warp& warp, const Instruction& in, uint32_t mask) {
  constexpr uint32_t kBits = sizeof(T) * 8;
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  const uint32_t *c = warp.lanes<uint32_t>(in.c),
                 *e = warp.lanes<uint32_t>(warp.worker->launch.code.operands[in.list].offset);
  T* d = warp.lanes<T>(in.d);
  for_each_lane(mask, [=](int lane) {
    const uint32_t position = c[lane] & 0xFF, length = e[lane] & 0xFF;
    T field = length < kBits ? static_cast<T>((T{1} << length) - 1) : static_cast<T>(~T{0});
    field = position < kBits ? static_cast<T>(field << position) : T{0};
    const T value = position < kBits ? static_cast<T>(a[lane] << position) : T{0};
    d[lane] = static_cast<T>((b[lane] & ~field) | (value & field));
  });
}

template <bool kWrap>
void mask_of_field(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b);
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    const uint32_t position = kWrap ? a[lane] & 31 : (a[lane] < 32 ? a[lane] : 32);
    const uint32_t length = kWrap ? b[lane] & 31 : (b[lane] < 32 ? b[lane] : 32);
    return static_cast<uint32_t>(((uint64_t{1} << length) - 1) << position);
  });
}

// Sign or zero extension from the lowest b bits.
template <class T, bool kWrap>
void extend_field(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  const uint32_t* b = warp.lanes<uint32_t>(in.b);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    const uint32_t length = kWrap ? b[lane] & 31 : (b[lane] < 32 ? b[lane] : 32);
    if (length == 0) return T{0};
    const T shifted = static_cast<T>(static_cast<uint32_t>(a[lane]) << (32 - length));
    return static_cast<T>(shifted >> (32 - length));
  });
}

// The place of the n-th bit set, counted from b upwards or downwards.
void find_nth_set(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b);
  const int32_t* c = warp.lanes<int32_t>(in.c);
  uint32_t* d = warp.lanes<uint32_t>(in.d);
  for_each_lane(mask, [=](int lane) {
    const int step = c[lane] < 0 ? -1 : 1;
    int64_t wanted = c[lane] < 0 ? -static_cast<int64_t>(c[lane]) : c[lane];
    uint32_t found = 0xFFFFFFFF;
    if (wanted == 0) {
      if (b[lane] < 32 && (a[lane] >> b[lane] & 1) != 0) found = b[lane];
    } else {
      for (int64_t i = b[lane]; i >= 0 && i < 32; i += step) {
        if ((a[lane] >> i & 1) != 0 && --wanted == 0) {
          found = static_cast<uint32_t>(i);
          break;
        }
      }
    }
    d[lane] = found;
  });
}

template <class A, class B>
void dot_bytes(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b),
                 *c = warp.lanes<uint32_t>(in.c);
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    uint32_t sum = c[lane];
    for (int i = 0; i < 4; ++i) {
      sum += static_cast<uint32_t>(static_cast<A>(a[lane] >> i * 8) *
                                   static_cast<B>(b[lane] >> i * 8));
    }
    return sum;
  });
}

// dp2a: 16-bit halves of a with the lower or upper two bytes of b.
template <class A, class B>
void dot_halves(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b),
                 *c = warp.lanes<uint32_t>(in.c);
  const int first = in.variant * 16;
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    uint32_t sum = c[lane];
    for (int i = 0; i < 2; ++i) {
      sum += static_cast<uint32_t>(static_cast<A>(a[lane] >> i * 16) *
                                   static_cast<B>(b[lane] >> (first + i * 8)));
    }
    return sum;
  });
}

Handler select_dot(Form& form, Instruction& in) {
  const bool halves = form.opcode == Opcode::kDp2a;
  if (halves) {
    in.variant = form.take(Modifier::kHi) ? 1 : 0;
    form.take(Modifier::kLo);
  }
  const bool a = form.types[0] == Type::kS32, b = form.types[1] == Type::kS32;
  if ((!a && form.types[0] != Type::kU32) || (!b && form.types[1] != Type::kU32)) return nullptr;
  if (halves) {
    if (a) return b ? &dot_halves<int16_t, int8_t> : &dot_halves<int16_t, uint8_t>;
    return b ? &dot_halves<uint16_t, int8_t> : &dot_halves<uint16_t, uint8_t>;
  }
  if (a) return b ? &dot_bytes<int8_t, int8_t> : &dot_bytes<int8_t, uint8_t>;
  return b ? &dot_bytes<uint8_t, int8_t> : &dot_bytes<uint8_t, uint8_t>;
}

template <class Operation>
Handler logic(Type type) {
  if (type == Type::kPred) return &predicates<Operation>;
  return with_bits(type, [](auto zero) -> Handler { return &binary<decltype(zero), Operation>; });
}

template <class Operation>
Handler unary_of(Type type) {
  return with_bits(
      type, [](auto zero) -> Handler { return &unary<decltype(zero), decltype(zero), Operation>; });
}
template <class Operation>
Handler counting(Type type) {
  return with_integer(type, [](auto zero) -> Handler {
    using T = decltype(zero);
    if constexpr (sizeof(T) == 2) return nullptr;
    return &unary<T, uint32_t, Operation>;
  });
}

Handler select_permute(Form& form, Instruction& in) {
  Permutation mode = Permutation::kGeneric;
  if (form.take(Modifier::kF4e)) mode = Permutation::kF4e;
  if (form.take(Modifier::kB4e)) mode = Permutation::kB4e;
  if (form.take(Modifier::kRc8)) mode = Permutation::kRc8;
  if (form.take(Modifier::kEcl)) mode = Permutation::kEcl;
  if (form.take(Modifier::kEcr)) mode = Permutation::kEcr;
  if (form.take(Modifier::kRc16)) mode = Permutation::kRc16;
  in.variant = static_cast<uint8_t>(mode);
  return form.types[0] == Type::kB32 ? &permute_bytes : nullptr;
}

Handler select_shift(Form& form) {
  const Type type = form.types[0];
  if (form.opcode == Opcode::kShl) {
    return with_bits(type, [](auto zero) -> Handler { return &shift_left<decltype(zero)>; });
  }
  return with_integer(type, [](auto zero) -> Handler { return &shift_right<decltype(zero)>; });
}

Handler select_funnel(Form& form) {
  const bool left = form.take(Modifier::kL), wrap = form.take(Modifier::kWrap);
  if (!left && !form.take(Modifier::kR)) return nullptr;
  if (!wrap && !form.take(Modifier::kClamp)) return nullptr;
  if (left) return wrap ? &funnel_shift<true, true> : &funnel_shift<true, false>;
  return wrap ? &funnel_shift<false, true> : &funnel_shift<false, false>;
}

Handler select_field(Form& form) {
  const Type type = form.types[0];
  switch (form.opcode) {
    case Opcode::kBfe:
      return with_integer(type, [](auto zero) -> Handler {
        if constexpr (sizeof(zero) == 2) return nullptr;
        return &extract_field<decltype(zero)>;
      });
    case Opcode::kBfi:
      if (type == Type::kB32) return &insert_field<uint32_t>;
      return type == Type::kB64 ? &insert_field<uint64_t> : nullptr;
    case Opcode::kBfind: {
      const bool amount = form.take(Modifier::kShiftamt);
      return amount ? counting<FindHighest<true>>(type) : counting<FindHighest<false>>(type);
    }
    default: {
      const bool wrap = form.take(Modifier::kWrap);
      if (!wrap && !form.take(Modifier::kClamp)) return nullptr;
      if (form.opcode == Opcode::kBmsk) return wrap ? &mask_of_field<true> : &mask_of_field<false>;
      if (type == Type::kS32)
        return wrap ? &extend_field<int32_t, true> : &extend_field<int32_t, false>;
      return wrap ? &extend_field<uint32_t, true> : &extend_field<uint32_t, false>;
    }
  }
}

}  // namespace

Handler select_bits(Form& form, Instruction& in) {
  const Type type = form.types[0];
  switch (form.opcode) {
    case Opcode::kAnd:
      return logic<And>(type);
    case Opcode::kOr:
      return logic<Or>(type);
    case Opcode::kXor:
      return logic<Xor>(type);
    case Opcode::kNot:
      return type == Type::kPred ? &not_predicate : unary_of<Not>(type);
    case Opcode::kCnot:
      return unary_of<IsZero>(type);
    case Opcode::kBrev:
      return type == Type::kB16 ? nullptr : unary_of<Reverse>(type);
    case Opcode::kPopc:
      return counting<CountOnes>(type);
    case Opcode::kClz:
      return counting<LeadingZeros>(type);
    case Opcode::kShl:
    case Opcode::kShr:
      return select_shift(form);
    case Opcode::kShf:
      return type == Type::kB32 ? select_funnel(form) : nullptr;
    case Opcode::kLop3:
      return type == Type::kB32 ? &logic3 : nullptr;
    case Opcode::kPrmt:
      return select_permute(form, in);
    case Opcode::kBfe:
    case Opcode::kBfi:
    case Opcode::kBfind:
    case Opcode::kBmsk:
    case Opcode::kSzext:
      return select_field(form);
    case Opcode::kFns:
      return type == Type::kB32 ? &find_nth_set : nullptr;
    case Opcode::kDp4a:
    case Opcode::kDp2a:
      return select_dot(form, in);
    default:
      return nullptr;
  }
}

}  // namespace nram::simulator::NRAM_LANES
