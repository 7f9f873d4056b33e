// Arithmetic of f16, bf16 and pairs of them, each operation rounded once.
#include "kernels/simulator/lanes/half.h"

#include <cmath>

namespace nram::simulator::NRAM_LANES {

namespace {

// `variant`
enum Option : uint8_t { kFlush = 1, kSaturate = 2, kRelu = 4, kNanWins = 8, kXorSign = 16 };

struct Add {
  static double of(double a, double b, double, int) { return a + b; }
};
struct Subtract {
  static double of(double a, double b, double, int) { return a - b; }
};
struct Multiply {
  static double of(double a, double b, double, int) { return a * b; }
};
// The product is exact in float64.
struct Fused {
  static double of(double a, double b, double c, int) {
    const double product = a * b;
    return std::isfinite(product) && std::isfinite(c) ? sum_to_odd(product, c) : product + c;
  }
};
template <bool kMax>
struct MinMax {
  static double of(double a, double b, double, int options) {
    const bool negative = std::signbit(a) != std::signbit(b);
    if ((options & kXorSign) != 0) a = std::fabs(a), b = std::fabs(b);
    double result = (kMax ? a > b : a < b) ? a : b;
    if (a == b) result = std::signbit(a) == kMax ? b : a;
    if (a != a) result = b;
    if (b != b) result = a;
    if ((options & kNanWins) != 0 && (a != a || b != b)) result = static_cast<double>(NAN);
    return (options & kXorSign) != 0 ? std::copysign(result, negative ? -1.0 : 1.0) : result;
  }
};

template <class Format>
NRAM_INLINE uint32_t finish(double value, int options) {
  if ((options & kSaturate) != 0) value = saturated(value);
  if ((options & kRelu) != 0 && value < 0) value = 0;
  uint32_t half = Format::from_double(value);
  if ((options & kRelu) != 0 && half == 0x8000) half = 0;
  return (options & kFlush) != 0 ? Format::flush(half) : half;
}

template <class Format, class Word, class Operation>
void arithmetic(Warp& warp, const Instruction& in, uint32_t mask) {
  const Word *a = warp.lanes<Word>(in.a), *b = warp.lanes<Word>(in.b);
  const Word* c = in.c == kNoRegister ? a : warp.lanes<Word>(in.c);
  const int options = in.variant;
  const auto load = [options](Word word, unsigned shift) {
    uint32_t bits = word >> shift & 0xFFFF;
    if ((options & kFlush) != 0) bits = Format::flush(bits);
    return static_cast<double>(Format::to_float(bits));
  };
  for_lanes(warp.lanes<Word>(in.d), mask, [=](int lane) {
    Word result = 0;
    for (unsigned shift = 0; shift < sizeof(Word) * 8; shift += 16) {
      const double value =
          Operation::of(load(a[lane], shift), load(b[lane], shift), load(c[lane], shift), options);
      result = static_cast<Word>(result | finish<Format>(value, options) << shift);
    }
    return result;
  });
}

// Sign operations on bits: NaNs stay as they are.
template <class Format, class Word, bool kAbsolute>
void sign(Warp& warp, const Instruction& in, uint32_t mask) {
  constexpr auto kSigns = static_cast<Word>(0x80008000);
  const Word* a = warp.lanes<Word>(in.a);
  const bool flush = (in.variant & kFlush) != 0;
  for_lanes(warp.lanes<Word>(in.d), mask, [=](int lane) {
    Word value = a[lane];
    if (flush) {
      Word kept = 0;
      for (unsigned shift = 0; shift < sizeof(Word) * 8; shift += 16) {
        kept = static_cast<Word>(kept | Format::flush(value >> shift & 0xFFFF) << shift);
      }
      value = kept;
    }
    return static_cast<Word>(kAbsolute ? value & ~kSigns : value ^ kSigns);
  });
}

template <class Format, class Word>
Handler select_for(Form& form, Instruction& in) {
  int options = form.take(Modifier::kFtz) ? kFlush : 0;
  Handler handler = nullptr;
  switch (form.opcode) {
    case Opcode::kNeg:
      handler = &sign<Format, Word, false>;
      break;
    case Opcode::kAbs:
      handler = &sign<Format, Word, true>;
      break;
    case Opcode::kMin:
    case Opcode::kMax:
      if (form.source_count != 2) return nullptr;
      if (form.take(Modifier::kNaN)) options |= kNanWins;
      if (form.take(Modifier::kXorsign) && form.take(Modifier::kAbs)) options |= kXorSign;
      handler = form.opcode == Opcode::kMax ? &arithmetic<Format, Word, MinMax<true>>
                                            : &arithmetic<Format, Word, MinMax<false>>;
      break;
    case Opcode::kAdd:
      handler = &arithmetic<Format, Word, Add>;
      break;
    case Opcode::kSub:
      handler = &arithmetic<Format, Word, Subtract>;
      break;
    case Opcode::kMul:
      handler = &arithmetic<Format, Word, Multiply>;
      break;
    case Opcode::kFma:
      if (form.take(Modifier::kRelu)) options |= kRelu;
      handler = &arithmetic<Format, Word, Fused>;
      break;
    default:
      return nullptr;
  }
  if (form.opcode != Opcode::kMin && form.opcode != Opcode::kMax) {
    form.take(Modifier::kRn);
    if (form.take(Modifier::kSat)) options |= kSaturate;
  }
  in.variant = static_cast<uint8_t>(options);
  return handler;
}

}  // namespace

Handler select_half(Form& form, Instruction& in) {
  if (form.type_count != 1) return nullptr;
  switch (form.types[0]) {
    case Type::kF16:
      return select_for<F16, uint16_t>(form, in);
    case Type::kF16x2:
      return select_for<F16, uint32_t>(form, in);
    case Type::kBf16:
      return select_for<Bf16, uint16_t>(form, in);
    case Type::kBf16x2:
      return select_for<Bf16, uint32_t>(form, in);
    default:
      return nullptr;
  }
}

}  // namespace nram::simulator::NRAM_LANES
