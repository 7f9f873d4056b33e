// setp, set, selp, slct and testp.
#include <cmath>

#include "kernels/simulator/lanes/half.h"

namespace nram::simulator::NRAM_LANES {

namespace {

enum Comparison : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  // Also true if an operand is NaN.
  kEqualUnordered,
  kNotEqualUnordered,
  kLessUnordered,
  kLessEqualUnordered,
  kGreaterUnordered,
  kGreaterEqualUnordered,
  kBothNumbers,
  kEitherNan,
};
enum Combination : uint8_t { kAlone = 0, kAnd = 1, kOr = 2, kXor = 3 };
// Instruction::immediate of setp and set: the combination, whether subnormals are flushed, and
// what set writes for true.
constexpr int64_t kCombination = 3, kFlushes = 4;
constexpr int kTrueShift = 8;

// A bit for each lane where function(lane) holds.
template <class Function>
NRAM_INLINE uint32_t bits_of(Function function) {
  uint32_t bits = 0;
  for (int lane = 0; lane < 32; ++lane) bits |= static_cast<uint32_t>(function(lane)) << lane;
  return bits;
}

template <class T>
uint32_t compare(uint8_t comparison, const T* a, const T* b) {
  switch (comparison) {
    case kEqual:
      return bits_of([=](int i) { return a[i] == b[i]; });
    case kNotEqual:
      return bits_of([=](int i) { return (a[i] < b[i]) | (a[i] > b[i]); });
    case kLess:
      return bits_of([=](int i) { return a[i] < b[i]; });
    case kLessEqual:
      return bits_of([=](int i) { return a[i] <= b[i]; });
    case kGreater:
      return bits_of([=](int i) { return a[i] > b[i]; });
    case kGreaterEqual:
      return bits_of([=](int i) { return a[i] >= b[i]; });
    case kEqualUnordered:
      return bits_of([=](int i) { return !((a[i] < b[i]) | (a[i] > b[i])); });
    case kNotEqualUnordered:
      return bits_of([=](int i) { return a[i] != b[i]; });
    case kLessUnordered:
      return bits_of([=](int i) { return !(a[i] >= b[i]); });
    case kLessEqualUnordered:
      return bits_of([=](int i) { return !(a[i] > b[i]); });
    case kGreaterUnordered:
      return bits_of([=](int i) { return !(a[i] <= b[i]); });
    case kGreaterEqualUnordered:
      return bits_of([=](int i) { return !(a[i] < b[i]); });
    case kBothNumbers:
      return bits_of([=](int i) { return (a[i] == a[i]) & (b[i] == b[i]); });
    default:
      return bits_of([=](int i) { return (a[i] != a[i]) | (b[i] != b[i]); });
  }
}

uint32_t combine(const Warp& warp, const Instruction& in, uint32_t result) {
  if ((in.immediate & kCombination) == kAlone) return result;
  const uint32_t other = in.negated ? ~warp.predicate(in.c) : warp.predicate(in.c);
  switch (in.immediate & kCombination) {
    case kAnd:
      return result & other;
    case kOr:
      return result | other;
    default:
      return result ^ other;
  }
}

void set_predicates(Warp& warp, const Instruction& in, uint32_t mask, uint32_t result) {
  const uint32_t second = combine(warp, in, ~result);
  write_predicate(warp, in.d, mask, combine(warp, in, result));
  write_predicate(warp, in.e, mask, second);
}

void set_values(Warp& warp, const Instruction& in, uint32_t mask, uint32_t result) {
  result = combine(warp, in, result);
  const auto truth = static_cast<uint32_t>(in.immediate >> kTrueShift);
  for_lanes(warp.lanes<uint32_t>(in.d), mask,
            [=](int lane) { return (result >> lane & 1) != 0 ? truth : 0; });
}

NRAM_INLINE void deliver(Warp& warp, const Instruction& in, uint32_t mask, uint32_t result) {
  if ((in.immediate >> kTrueShift) != 0) {
    set_values(warp, in, mask, result);
  } else {
    set_predicates(warp, in, mask, result);
  }
}

template <class T>
void compare_values(Warp& warp, const Instruction& in, uint32_t mask) {
  deliver(warp, in, mask, compare(in.variant, warp.lanes<T>(in.a), warp.lanes<T>(in.b)));
}

void compare_flushed(Warp& warp, const Instruction& in, uint32_t mask) {
  const float *x = warp.lanes<float>(in.a), *y = warp.lanes<float>(in.b);
  float a[32], b[32];
  for (int lane = 0; lane < 32; ++lane) {
    a[lane] = flushed(x[lane]);
    b[lane] = flushed(y[lane]);
  }
  deliver(warp, in, mask, compare(in.variant, a, b));
}

template <class Format, class Word>
void half_floats(const Warp& warp, const Instruction& in, int32_t offset, unsigned shift,
                 float (&values)[32]) {
  const Word* words = warp.lanes<Word>(offset);
  const bool flush = (in.immediate & kFlushes) != 0;
  for (int lane = 0; lane < 32; ++lane) {
    const uint32_t bits = static_cast<uint32_t>(words[lane]) >> shift & 0xFFFF;
    values[lane] = Format::to_float(flush ? Format::flush(bits) : bits);
  }
}

template <class Format>
void compare_half(Warp& warp, const Instruction& in, uint32_t mask) {
  float a[32], b[32];
  half_floats<Format, uint16_t>(warp, in, in.a, 0, a);
  half_floats<Format, uint16_t>(warp, in, in.b, 0, b);
  deliver(warp, in, mask, compare(in.variant, a, b));
}

// Of pairs: setp has one predicate for each half, set one value in each half.
template <class Format>
void compare_pair(Warp& warp, const Instruction& in, uint32_t mask) {
  float a[32], b[32];
  uint32_t results[2];
  for (unsigned half = 0; half < 2; ++half) {
    half_floats<Format, uint32_t>(warp, in, in.a, half * 16, a);
    half_floats<Format, uint32_t>(warp, in, in.b, half * 16, b);
    results[half] = combine(warp, in, compare(in.variant, a, b));
  }
  const auto truth = static_cast<uint32_t>(in.immediate >> kTrueShift);
  if (truth == 0) {
    write_predicate(warp, in.d, mask, results[0]);
    write_predicate(warp, in.e, mask, results[1]);
    return;
  }
  const uint32_t low = results[0], high = results[1];
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    return ((low >> lane & 1) != 0 ? truth : 0) | ((high >> lane & 1) != 0 ? truth << 16 : 0);
  });
}

int take_comparison(Form& form, bool integer) {
  struct Name {
    Modifier modifier;
    Comparison comparison;
    bool integer, real;
  };
  static constexpr Name kNames[] = {
      {Modifier::kEq, kEqual, true, true},
      {Modifier::kNe, kNotEqual, true, true},
      {Modifier::kLt, kLess, true, true},
      {Modifier::kLe, kLessEqual, true, true},
      {Modifier::kGt, kGreater, true, true},
      {Modifier::kGe, kGreaterEqual, true, true},
      {Modifier::kLo, kLess, true, false},
      {Modifier::kLs, kLessEqual, true, false},
      {Modifier::kHi, kGreater, true, false},
      {Modifier::kHs, kGreaterEqual, true, false},
      {Modifier::kEqu, kEqualUnordered, false, true},
      {Modifier::kNeu, kNotEqualUnordered, false, true},
      {Modifier::kLtu, kLessUnordered, false, true},
      {Modifier::kLeu, kLessEqualUnordered, false, true},
      {Modifier::kGtu, kGreaterUnordered, false, true},
      {Modifier::kGeu, kGreaterEqualUnordered, false, true},
      {Modifier::kNum, kBothNumbers, false, true},
      {Modifier::kNan, kEitherNan, false, true},
  };
  for (const Name& name : kNames) {
    if ((integer ? name.integer : name.real) && form.take(name.modifier)) return name.comparison;
  }
  return -1;
}

bool is_integer(Type type) {
  switch (type) {
    case Type::kF16:
    case Type::kBf16:
    case Type::kF16x2:
    case Type::kBf16x2:
    case Type::kF32:
    case Type::kF64:
      return false;
    default:
      return true;
  }
}

Handler comparing(Type type, bool flush) {
  switch (type) {
    case Type::kF32:
      return flush ? &compare_flushed : &compare_values<float>;
    case Type::kF64:
      return &compare_values<double>;
    case Type::kF16:
      return &compare_half<F16>;
    case Type::kBf16:
      return &compare_half<Bf16>;
    case Type::kF16x2:
      return &compare_pair<F16>;
    case Type::kBf16x2:
      return &compare_pair<Bf16>;
    default:
      return with_integer(type,
                          [](auto zero) -> Handler { return &compare_values<decltype(zero)>; });
  }
}

// What set writes for true in a destination of this type; 0 if it may not be one.
uint32_t true_value(Type destination, Type compared) {
  switch (destination) {
    case Type::kU32:
    case Type::kS32:
      return compared == Type::kF16x2 || compared == Type::kBf16x2 ? 0xFFFF : 0xFFFFFFFF;
    case Type::kF32:
      return 0x3F800000;
    case Type::kF16x2:
      return compared == Type::kF16x2 ? 0x3C00 : 0;
    case Type::kBf16x2:
      return compared == Type::kBf16x2 ? 0x3F80 : 0;
    default:
      return 0;
  }
}

Handler select_set(Form& form, Instruction& in) {
  const bool set = form.opcode == Opcode::kSet;
  if (form.type_count != (set ? 2 : 1)) return nullptr;
  const Type compared = form.types[set ? 1 : 0];
  const bool integer = is_integer(compared);
  const int comparison = take_comparison(form, integer);
  if (comparison < 0) return nullptr;
  in.variant = static_cast<uint8_t>(comparison);
  int64_t options = kAlone;
  if (form.take(Modifier::kAnd)) options = kAnd;
  if (form.take(Modifier::kOr)) options = kOr;
  if (form.take(Modifier::kXor)) options = kXor;
  const bool combined = options != kAlone;
  if (combined != (in.c != kNoRegister)) return nullptr;
  const bool flush = !integer && form.take(Modifier::kFtz);
  if (flush) options |= kFlushes;
  if (set) {
    const uint32_t truth = true_value(form.types[0], compared);
    if (truth == 0) return nullptr;
    options |= static_cast<int64_t>(truth) << kTrueShift;
  }
  in.immediate = options;
  // Signed order means nothing for untyped bits, equality does.
  return comparing(compared, flush);
}

template <class T>
void select_value(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  const uint32_t chosen = in.negated ? ~warp.predicate(in.c) : warp.predicate(in.c);
  for_lanes(warp.lanes<T>(in.d), mask,
            [=](int lane) { return (chosen >> lane & 1) != 0 ? a[lane] : b[lane]; });
}

template <class T, class Sign>
void select_by_sign(Warp& warp, const Instruction& in, uint32_t mask) {
  const T *a = warp.lanes<T>(in.a), *b = warp.lanes<T>(in.b);
  const Sign* c = warp.lanes<Sign>(in.c);
  const bool flush = in.variant != 0;
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    Sign sign = c[lane];
    if constexpr (std::is_same_v<Sign, float>) {
      if (flush) sign = flushed(sign);
    }
    return sign >= 0 ? a[lane] : b[lane];
  });
}

template <class Function>
Handler with_width(uint8_t bytes, Function function) {
  switch (bytes) {
    case 2:
      return function(uint16_t{});
    case 4:
      return function(uint32_t{});
    case 8:
      return function(uint64_t{});
    default:
      return nullptr;
  }
}

template <class T, class Bits>
void test_property(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  uint32_t result = 0;
  for_each_lane(mask, [&](int lane) {
    const int kind = std::fpclassify(a[lane]);
    bool holds = false;
    switch (static_cast<Modifier>(in.variant)) {
      case Modifier::kFinite:
        holds = std::isfinite(a[lane]);
        break;
      case Modifier::kInfinite:
        holds = kind == FP_INFINITE;
        break;
      case Modifier::kNumber:
        holds = kind != FP_NAN;
        break;
      case Modifier::kNotanumber:
        holds = kind == FP_NAN;
        break;
      case Modifier::kNormal:
        holds = kind == FP_NORMAL || kind == FP_ZERO;
        break;
      default:
        holds = kind == FP_SUBNORMAL;
        break;
    }
    result |= static_cast<uint32_t>(holds) << lane;
  });
  write_predicate(warp, in.d, mask, result);
}

Handler select_test(Form& form, Instruction& in) {
  for (const Modifier property : {Modifier::kFinite, Modifier::kInfinite, Modifier::kNumber,
                                  Modifier::kNotanumber, Modifier::kNormal, Modifier::kSubnormal}) {
    if (!form.take(property)) continue;
    in.variant = static_cast<uint8_t>(property);
    if (form.types[0] == Type::kF32) return &test_property<float, uint32_t>;
    return form.types[0] == Type::kF64 ? &test_property<double, uint64_t> : nullptr;
  }
  return nullptr;
}

}  // namespace

Handler select_comparison(Form& form, Instruction& in) {
  switch (form.opcode) {
    case Opcode::kSetp:
    case Opcode::kSet:
      return select_set(form, in);
    case Opcode::kSelp:
      return with_width(form.register_bytes,
                        [](auto zero) -> Handler { return &select_value<decltype(zero)>; });
    case Opcode::kSlct: {
      const bool real = form.types[1] == Type::kF32;
      if (!real && form.types[1] != Type::kS32) return nullptr;
      in.variant = form.take(Modifier::kFtz) ? 1 : 0;
      return with_width(form.register_bytes, [real](auto zero) -> Handler {
        using T = decltype(zero);
        return real ? &select_by_sign<T, float> : &select_by_sign<T, int32_t>;
      });
    }
    case Opcode::kTestp:
      return select_test(form, in);
    default:
      return nullptr;
  }
}

}  // namespace nram::simulator::NRAM_LANES
