// float32 and float64 arithmetic, rounded to nearest even.
#include <cmath>

#include "kernels/simulator/lanes/values.h"

namespace nram::simulator::NRAM_LANES {

namespace {

struct Add {
  template <class T>
  static T of(T a, T b) {
    return a + b;
  }
};
struct Subtract {
  template <class T>
  static T of(T a, T b) {
    return a - b;
  }
};
struct Multiply {
  template <class T>
  static T of(T a, T b) {
    return a * b;
  }
};
struct Divide {
  template <class T>
  static T of(T a, T b) {
    return a / b;
  }
};
// Defined to be 0 where the reciprocal of b would be subnormal.
struct DivideApproximately {
  template <class T>
  static T of(T a, T b) {
    const T magnitude = std::fabs(b);
    const bool huge = magnitude > T{0x1p126f} && magnitude <= T{0x1.fffffep127f};
    return huge ? a * T{0} : a / b;
  }
};
struct Root {
  template <class T>
  static T of(T a) {
    return std::sqrt(a);
  }
};
struct Reciprocal {
  template <class T>
  static T of(T a) {
    return T{1} / a;
  }
};

template <class T, bool kFlush>
NRAM_INLINE T input(T value) {
  if constexpr (kFlush) return flushed(value);
  return value;
}
template <class T, bool kFlush>
NRAM_INLINE T output(T value, bool saturate) {
  if constexpr (kFlush) value = flushed(value);
  return saturate ? saturated(value) : canonical(value);
}

template <class T, class Operation, bool kFlush, bool kSaturate>
void binary(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    return output<T, kFlush>(
        Operation::template of<T>(input<T, kFlush>(a[lane]), input<T, kFlush>(b[lane])), kSaturate);
  });
}

template <class T, bool kFlush, bool kSaturate>
void fused_multiply_add(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b), *c = warp.lanes<T>(in.c);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    return output<T, kFlush>(
        std::fma(input<T, kFlush>(a[lane]), input<T, kFlush>(b[lane]), input<T, kFlush>(c[lane])),
        kSaturate);
  });
}

template <class T, class Operation, bool kFlush>
void unary(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    return output<T, kFlush>(Operation::template of<T>(input<T, kFlush>(a[lane])), false);
  });
}

// Sign operations keep NaNs as they are.
template <class T, bool kFlush>
void negate(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) { return -input<T, kFlush>(a[lane]); });
}
template <class T, bool kFlush>
void absolute(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  for_lanes(warp.lanes<T>(in.d), mask,
            [=](int lane) { return std::fabs(input<T, kFlush>(a[lane])); });
}
template <class T>
void copy_sign(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) { return std::copysign(b[lane], a[lane]); });
}

enum MinMax : uint8_t { kMaximum = 1, kNanWins = 2, kXorSign = 4, kFlushes = 8, kThree = 16 };

// -0 is less than +0; a NaN loses against a number unless .NaN is given.
template <class T>
NRAM_INLINE T min_max(T a, T b, int mode) {
  const bool maximum = (mode & kMaximum) != 0;
  T result = (maximum ? a > b : a < b) ? a : b;
  if (a == b) result = std::signbit(a) == maximum ? b : a;
  if (a != a) result = b;
  if (b != b) result = a;
  const bool nan = (mode & kNanWins) != 0 ? (a != a || b != b) : (a != a && b != b);
  if (nan) {
    result = canonical(static_cast<T>(a + b));
  }
  return result;
}

template <class T>
void min_or_max(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  const int mode = in.variant;
  const T* c = (mode & kThree) != 0 ? warp.lanes<T>(in.c) : nullptr;
  T* d = warp.lanes<T>(in.d);
  for_each_lane(mask, [=](int lane) {
    T x = a[lane], y = b[lane], z = c != nullptr ? c[lane] : T{0};
    if constexpr (sizeof(T) == 4) {
      if ((mode & kFlushes) != 0) x = flushed(x), y = flushed(y), z = flushed(z);
    }
    bool negative = false;
    if ((mode & kXorSign) != 0) {
      negative = (std::signbit(x) != std::signbit(y)) != (c != nullptr && std::signbit(z));
      x = std::fabs(x), y = std::fabs(y), z = std::fabs(z);
    }
    T result = min_max(x, y, mode);
    if (c != nullptr) result = min_max(result, z, mode);
    d[lane] = (mode & kXorSign) != 0 ? std::copysign(result, negative ? T{-1} : T{1}) : result;
  });
}
// The common case, which vectorises.
template <class T, bool kMax, bool kFlush>
void plain_min_or_max(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    const T x = input<T, kFlush>(a[lane]), y = input<T, kFlush>(b[lane]);
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    T result = (kMax ? x > y : x < y) ? x : y;
    // Equal values differ in the sign of a zero at most.
    const Bits equal =
        kMax ? bits_as<Bits>(x) & bits_as<Bits>(y) : bits_as<Bits>(x) | bits_as<Bits>(y);
    result = x == y ? bits_as<T>(equal) : result;
    result = x != x ? y : result;
    result = y != y ? x : result;
    return canonical(result);
  });
}

template <class T, class Operation>
Handler binary_with(bool flush, bool saturate) {
  if constexpr (sizeof(T) == 4) {
    if (flush) {
      return saturate ? &binary<T, Operation, true, true> : &binary<T, Operation, true, false>;
    }
    if (saturate) return &binary<T, Operation, false, true>;
  } else if (flush || saturate) {
    return nullptr;
  }
  return &binary<T, Operation, false, false>;
}

template <class T>
Handler fused_with(bool flush, bool saturate) {
  if constexpr (sizeof(T) == 4) {
    if (flush) {
      return saturate ? &fused_multiply_add<T, true, true> : &fused_multiply_add<T, true, false>;
    }
    if (saturate) return &fused_multiply_add<T, false, true>;
  } else if (flush || saturate) {
    return nullptr;
  }
  return &fused_multiply_add<T, false, false>;
}

template <class T>
Handler select_min_max(Form& form, Instruction& in) {
  constexpr bool kSingle = sizeof(T) == 4;
  const bool maximum = form.opcode == Opcode::kMax, flush = kSingle && form.take(Modifier::kFtz);
  const bool nan = kSingle && form.take(Modifier::kNaN);
  const bool xor_sign = kSingle && form.take(Modifier::kXorsign) && form.take(Modifier::kAbs);
  if (!nan && !xor_sign && form.source_count == 2) {
    if constexpr (kSingle) {
      if (flush)
        return maximum ? &plain_min_or_max<T, true, true> : &plain_min_or_max<T, false, true>;
    }
    return maximum ? &plain_min_or_max<T, true, false> : &plain_min_or_max<T, false, false>;
  }
  in.variant = static_cast<uint8_t>((maximum ? kMaximum : 0) | (nan ? kNanWins : 0) |
                                    (xor_sign ? kXorSign : 0) | (flush ? kFlushes : 0) |
                                    (form.source_count == 3 ? kThree : 0));
  return &min_or_max<T>;
}

template <class T>
Handler select_for(Form& form, Instruction& in) {
  constexpr bool kSingle = sizeof(T) == 4;
  if (form.opcode == Opcode::kMin || form.opcode == Opcode::kMax) {
    return select_min_max<T>(form, in);
  }
  const bool flush = kSingle && form.take(Modifier::kFtz);
  if (form.opcode == Opcode::kNeg || form.opcode == Opcode::kAbs) {
    const bool negative = form.opcode == Opcode::kNeg;
    if constexpr (kSingle) {
      if (flush) return negative ? &negate<T, true> : &absolute<T, true>;
    }
    return negative ? &negate<T, false> : &absolute<T, false>;
  }
  if (form.opcode == Opcode::kCopysign) return &copy_sign<T>;
  form.take(Modifier::kRn);
  const bool saturate = kSingle && form.take(Modifier::kSat);
  switch (form.opcode) {
    case Opcode::kAdd:
      return binary_with<T, Add>(flush, saturate);
    case Opcode::kSub:
      return binary_with<T, Subtract>(flush, saturate);
    case Opcode::kMul:
      return binary_with<T, Multiply>(flush, saturate);
    case Opcode::kFma:
    case Opcode::kMad:
      return fused_with<T>(flush, saturate);
    case Opcode::kDiv:
      if (kSingle && form.take(Modifier::kApprox)) {
        return binary_with<T, DivideApproximately>(flush, saturate);
      }
      if (kSingle) form.take(Modifier::kFull);
      return binary_with<T, Divide>(flush, saturate);
    case Opcode::kSqrt:
      if (kSingle) form.take(Modifier::kApprox);
      if constexpr (kSingle) {
        if (flush) return &unary<T, Root, true>;
      }
      return &unary<T, Root, false>;
    case Opcode::kRcp:
      if (kSingle) form.take(Modifier::kApprox);
      if constexpr (kSingle) {
        if (flush) return &unary<T, Reciprocal, true>;
      }
      return &unary<T, Reciprocal, false>;
    default:
      return nullptr;
  }
}

// Two float32 in one 64-bit register.
template <class Operation>
void paired(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint64_t *a = warp.lanes<uint64_t>(in.a), *b = warp.lanes<uint64_t>(in.b);
  const uint64_t* c = in.c == kNoRegister ? a : warp.lanes<uint64_t>(in.c);
  const bool flush = in.variant != 0;
  uint64_t* d = warp.lanes<uint64_t>(in.d);
  for_each_lane(mask, [=](int lane) {
    uint64_t result = 0;
    for (int half = 0; half < 64; half += 32) {
      float x = bits_as<float>(static_cast<uint32_t>(a[lane] >> half));
      float y = bits_as<float>(static_cast<uint32_t>(b[lane] >> half));
      float z = bits_as<float>(static_cast<uint32_t>(c[lane] >> half));
      if (flush) x = flushed(x), y = flushed(y), z = flushed(z);
      float value = Operation::of(x, y, z);
      if (flush) value = flushed(value);
      result |= static_cast<uint64_t>(bits_as<uint32_t>(canonical(value))) << half;
    }
    d[lane] = result;
  });
}
struct PairAdd {
  static float of(float a, float b, float) { return a + b; }
};
struct PairSubtract {
  static float of(float a, float b, float) { return a - b; }
};
struct PairMultiply {
  static float of(float a, float b, float) { return a * b; }
};
struct PairFused {
  static float of(float a, float b, float c) { return std::fma(a, b, c); }
};

Handler select_paired(Form& form, Instruction& in) {
  form.take(Modifier::kRn);
  in.variant = form.take(Modifier::kFtz) ? 1 : 0;
  switch (form.opcode) {
    case Opcode::kAdd:
      return &paired<PairAdd>;
    case Opcode::kSub:
      return &paired<PairSubtract>;
    case Opcode::kMul:
      return &paired<PairMultiply>;
    case Opcode::kFma:
      return &paired<PairFused>;
    default:
      return nullptr;
  }
}

}  // namespace

Handler select_float(Form& form, Instruction& in) {
  if (form.type_count != 1) return nullptr;
  if (form.types[0] == Type::kF32x2) return select_paired(form, in);
  return form.types[0] == Type::kF32 ? select_for<float>(form, in) : select_for<double>(form, in);
}

}  // namespace nram::simulator::NRAM_LANES
