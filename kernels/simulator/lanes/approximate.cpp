// The card's approximate functions, computed in float64 and rounded: within half a unit in the last
// place, far inside PTX's bounds, and the same on every host.
#include <cmath>

#include "kernels/simulator/lanes/half.h"

namespace nram::simulator::NRAM_LANES {

namespace {

// 2^x by x = n + f, |f| <= 1/2, and Taylor's series of e^(f ln 2): relative error below 1e-11.
struct Exponential {
  static double of(double x) {
    const double bounded = x < -200 ? -200.0 : (x > 200 ? 200.0 : x);
    const double shifted = bounded + 0x1.8p52;  // rounds to an integer in the low bits
    const double n = shifted - 0x1.8p52;
    const double f = (bounded - n) * 0x1.62e42fefa39efp-1;
    double sum = 1.0 / 3628800;
    sum = sum * f + 1.0 / 362880;
    sum = sum * f + 1.0 / 40320;
    sum = sum * f + 1.0 / 5040;
    sum = sum * f + 1.0 / 720;
    sum = sum * f + 1.0 / 120;
    sum = sum * f + 1.0 / 24;
    sum = sum * f + 1.0 / 6;
    sum = sum * f + 0.5;
    sum = sum * f + 1;
    sum = sum * f + 1;
    const uint64_t exponent = bits_as<uint64_t>(shifted) << 52;
    return x != x ? x : bits_as<double>(bits_as<uint64_t>(sum) + exponent);
  }
};

// log2 by m in [sqrt(1/2), sqrt(2)) and the series of atanh((m - 1) / (m + 1)).
struct Logarithm {
  static double of(double x) {
    const auto bits = bits_as<uint64_t>(x);
    const uint64_t offset = bits - 0x3FE6A09E667F3BCD;
    const uint64_t exponent_bits = offset & 0xFFF0000000000000;
    const double n =
        static_cast<double>(static_cast<int32_t>(static_cast<int64_t>(exponent_bits) >> 52));
    const double m = bits_as<double>(bits - exponent_bits);
    const double s = (m - 1) / (m + 1), t = s * s;
    double sum = 1.0 / 15;
    sum = sum * t + 1.0 / 13;
    sum = sum * t + 1.0 / 11;
    sum = sum * t + 1.0 / 9;
    sum = sum * t + 1.0 / 7;
    sum = sum * t + 1.0 / 5;
    sum = sum * t + 1.0 / 3;
    sum = sum * t + 1;
    double result = n + sum * s * 2 * 0x1.71547652b82fep0;
    result = x == 0 ? -HUGE_VAL : result;
    result = x == HUGE_VAL ? HUGE_VAL : result;
    return x < 0 || x != x ? static_cast<double>(NAN) : result;
  }
};

struct InverseRoot {
  static double of(double x) { return 1 / std::sqrt(x); }
};

struct HyperbolicTangent {
  // Near zero 1 - 2 / (e^2x + 1) would lose everything.
  static double of(double x) {
    const double e = Exponential::of(x * 0x1.71547652b82fep1);
    const double far = 1 - 2 / (e + 1);
    const double t = x * x;
    const double near = x * (1 + t * (-1.0 / 3 + t * (2.0 / 15 + t * (-17.0 / 315))));
    return std::fabs(x) < 0.02 ? near : far;
  }
};

// A reduction by multiples of pi/2 that is good to about 1e6, then Taylor's series.
template <bool kCosine>
struct Trigonometric {
  static double of(double x) {
    const double shifted = x * 0x1.45f306dc9c883p-1 + 0x1.8p52;
    const double n = shifted - 0x1.8p52;
    const double r = (x - n * 0x1.921fb54400000p0) - n * 0x1.0b4611a626331p-34;
    const uint64_t quadrant = bits_as<uint64_t>(shifted) + (kCosine ? 1 : 0);
    const double t = r * r;
    double sine = -1.0 / 39916800;
    sine = sine * t + 1.0 / 362880;
    sine = sine * t - 1.0 / 5040;
    sine = sine * t + 1.0 / 120;
    sine = sine * t - 1.0 / 6;
    sine = sine * t * r + r;
    double cosine = 1.0 / 479001600;
    cosine = cosine * t - 1.0 / 3628800;
    cosine = cosine * t + 1.0 / 40320;
    cosine = cosine * t - 1.0 / 720;
    cosine = cosine * t + 1.0 / 24;
    cosine = cosine * t - 0.5;
    cosine = cosine * t + 1;
    const double value = (quadrant & 1) != 0 ? cosine : sine;
    return (quadrant & 2) != 0 ? -value : value;
  }
  static double far(double x) { return kCosine ? std::cos(x) : std::sin(x); }
};

template <class Function, bool kFlush>
void approximate(Warp& warp, const Instruction& in, uint32_t mask) {
  const float* a = warp.lanes<float>(in.a);
  for_lanes(warp.lanes<float>(in.d), mask, [=](int lane) {
    const float x = kFlush ? flushed(a[lane]) : a[lane];
    const auto result = static_cast<float>(Function::of(static_cast<double>(x)));
    return canonical(kFlush ? flushed(result) : result);
  });
}

template <class Function, bool kFlush>
void trigonometric(Warp& warp, const Instruction& in, uint32_t mask) {
  const float* a = warp.lanes<float>(in.a);
  bool far = false;
  for_each_lane(mask, [&](int lane) { far |= !(std::fabs(a[lane]) < 1e5f); });
  if (!far) {
    approximate<Function, kFlush>(warp, in, mask);
    return;
  }
  float* d = warp.lanes<float>(in.d);
  for_each_lane(mask, [=](int lane) {
    const float x = kFlush ? flushed(a[lane]) : a[lane];
    d[lane] = canonical(static_cast<float>(Function::far(static_cast<double>(x))));
  });
}

// rsqrt.approx.f64 and rcp.approx.ftz.f64: the low word of the result is zero.
template <bool kRoot>
void approximate_double(Warp& warp, const Instruction& in, uint32_t mask) {
  const double* a = warp.lanes<double>(in.a);
  for_lanes(warp.lanes<double>(in.d), mask, [=](int lane) {
    double x = a[lane];
    if ((bits_as<uint64_t>(x) & 0x7FF0000000000000) == 0) x = x < 0 ? -0.0 : x > 0 ? 0.0 : x;
    double result = kRoot ? 1 / std::sqrt(x) : 1 / x;
    if ((bits_as<uint64_t>(result) & 0x7FF0000000000000) == 0) result = result < 0 ? -0.0 : 0.0;
    return bits_as<double>(bits_as<uint64_t>(result) & 0xFFFFFFFF00000000);
  });
}

// ex2 and tanh of 16-bit formats, one or two values a lane.
template <class Function, class Format, class Word>
void approximate_half(Warp& warp, const Instruction& in, uint32_t mask) {
  const Word* a = warp.lanes<Word>(in.a);
  const bool flush = in.variant != 0;
  for_lanes(warp.lanes<Word>(in.d), mask, [=](int lane) {
    Word result = 0;
    for (unsigned i = 0; i < sizeof(Word) / 2; ++i) {
      const uint32_t bits = a[lane] >> i * 16 & 0xFFFF;
      float x = Format::to_float(flush ? Format::flush(bits) : bits);
      const double value = Function::of(static_cast<double>(x));
      const uint32_t half = Format::from_double(value);
      result = static_cast<Word>(result | (flush ? Format::flush(half) : half) << i * 16);
    }
    return result;
  });
}

template <class Function>
Handler select_half_function(Form& form, Instruction& in) {
  in.variant = form.take(Modifier::kFtz) ? 1 : 0;
  switch (form.types[0]) {
    case Type::kF16:
      return &approximate_half<Function, F16, uint16_t>;
    case Type::kF16x2:
      return &approximate_half<Function, F16, uint32_t>;
    case Type::kBf16:
      return &approximate_half<Function, Bf16, uint16_t>;
    case Type::kBf16x2:
      return &approximate_half<Function, Bf16, uint32_t>;
    default:
      return nullptr;
  }
}

template <class Function>
Handler plain(bool flush) {
  return flush ? &approximate<Function, true> : &approximate<Function, false>;
}

}  // namespace

Handler select_approximate(Form& form, Instruction& in) {
  if (!form.take(Modifier::kApprox) || form.type_count != 1) return nullptr;
  const Type type = form.types[0];
  if (type == Type::kF64) {
    form.take(Modifier::kFtz);
    if (form.opcode == Opcode::kRsqrt) return &approximate_double<true>;
    return form.opcode == Opcode::kRcp ? &approximate_double<false> : nullptr;
  }
  if (type != Type::kF32) {
    if (form.opcode == Opcode::kEx2) return select_half_function<Exponential>(form, in);
    return form.opcode == Opcode::kTanh ? select_half_function<HyperbolicTangent>(form, in)
                                        : nullptr;
  }
  const bool flush = form.take(Modifier::kFtz);
  switch (form.opcode) {
    case Opcode::kEx2:
      return plain<Exponential>(flush);
    case Opcode::kLg2:
      return plain<Logarithm>(flush);
    case Opcode::kRsqrt:
      return plain<InverseRoot>(flush);
    case Opcode::kTanh:
      return plain<HyperbolicTangent>(flush);
    case Opcode::kSin:
      return flush ? &trigonometric<Trigonometric<false>, true>
                   : &trigonometric<Trigonometric<false>, false>;
    case Opcode::kCos:
      return flush ? &trigonometric<Trigonometric<true>, true>
                   : &trigonometric<Trigonometric<true>, false>;
    default:
      return nullptr;
  }
}

}  // namespace nram::simulator::NRAM_LANES
