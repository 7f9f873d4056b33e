// cvt in all its forms. The frequent ones have loops of their own; the others go through one wide
// value: read by the source type, converted, written by the destination type.
#include <cfenv>
#include <cmath>
#include <limits>

#include "kernels/simulator/lanes/half.h"

namespace nram::simulator::NRAM_LANES {

namespace {

enum class Rounding : uint8_t { kNearest, kZero, kDown, kUp };
constexpr int kHostModes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

// Instruction::variant of the general conversion.
constexpr uint8_t kRounding = 3, kToInteger = 4, kFlush = 8, kSaturate = 16, kRelu = 32,
                  kFiniteOnly = 64;

bool is_float(Type type) {
  switch (type) {
    case Type::kF16:
    case Type::kBf16:
    case Type::kF32:
    case Type::kF64:
      return true;
    default:
      return false;
  }
}
bool is_signed(Type type) {
  return type == Type::kS8 || type == Type::kS16 || type == Type::kS32 || type == Type::kS64;
}

uint64_t load_bits(const std::byte* lane, unsigned bytes) {
  uint64_t bits = 0;
  std::memcpy(&bits, lane, bytes);
  return bits;
}

int64_t extended(uint64_t bits, unsigned bytes, bool sign) {
  const unsigned unused = 64 - bytes * 8;
  if (sign) return static_cast<int64_t>(bits << unused) >> unused;
  return static_cast<int64_t>(bits << unused >> unused);
}

double load_float(uint64_t bits, Type type) {
  switch (type) {
    case Type::kF16:
      return static_cast<double>(float_of_f16(static_cast<uint32_t>(bits)));
    case Type::kBf16:
      return static_cast<double>(float_of_bf16(static_cast<uint32_t>(bits)));
    case Type::kF32:
      return static_cast<double>(bits_as<float>(static_cast<uint32_t>(bits)));
    default:
      return bits_as<double>(bits);
  }
}

// A 16-bit format's value by direction: truncated, then moved away from zero where the direction
// asks for it. `scale_bits` mantissa bits of the float32 are dropped.
uint32_t directed_half(double value, bool f16, Rounding rounding) {
  if (value != value) return 0x7FFF;
  const uint32_t nearest = f16 ? F16::from_double(value) : Bf16::from_double(value);
  if (rounding == Rounding::kNearest || std::isinf(value)) return nearest;
  const auto back = [f16](uint32_t bits) {
    return static_cast<double>(f16 ? float_of_f16(bits) : float_of_bf16(bits));
  };
  const bool negative = std::signbit(value);
  const bool outwards =
      (rounding == Rounding::kUp && !negative) || (rounding == Rounding::kDown && negative);
  const double magnitude = std::fabs(value), got = std::fabs(back(nearest));
  // The magnitudes of neighbours are neighbouring bit patterns, up to infinity.
  if (outwards) return got < magnitude ? nearest + 1 : nearest;
  return got > magnitude ? nearest - 1 : nearest;
}

uint64_t store_float(double value, Type type, uint8_t variant) {
  const auto rounding = static_cast<Rounding>(variant & kRounding);
  const bool finite_only = (variant & kFiniteOnly) != 0;
  switch (type) {
    case Type::kF16:
    case Type::kBf16: {
      uint32_t bits = directed_half(value, type == Type::kF16, rounding);
      const uint32_t most = type == Type::kF16 ? 0x7BFF : 0x7F7F;
      if (finite_only && (bits & 0x7FFF) == most + 1) bits -= 1;
      return bits;
    }
    case Type::kF32: {
      float result;
      if (rounding == Rounding::kNearest) {
        result = static_cast<float>(value);
      } else {
        const int before = std::fegetround();
        std::fesetround(kHostModes[static_cast<int>(rounding)]);
        const volatile double source = value;
        const volatile float rounded = static_cast<float>(source);
        result = rounded;
        std::fesetround(before);
      }
      if ((variant & kFlush) != 0) result = flushed(result);
      return bits_as<uint32_t>(canonical(result));
    }
    default:
      return bits_as<uint64_t>(value);
  }
}

double rounded_to_integer(double value, Rounding rounding) {
  switch (rounding) {
    case Rounding::kNearest:
      return std::nearbyint(value);
    case Rounding::kZero:
      return std::trunc(value);
    case Rounding::kDown:
      return std::floor(value);
    default:
      return std::ceil(value);
  }
}

// Out of range values become the nearest; NaN becomes 0, or the top bit alone from f64 and to
// 64 bits, as on the card.
uint64_t integer_of(double value, Type source, unsigned bytes, bool sign) {
  const bool wide = source == Type::kF64 || bytes == 8;
  if (value != value) return wide ? uint64_t{1} << (bytes * 8 - 1) : 0;
  const double limit = std::ldexp(1.0, static_cast<int>(bytes) * 8 - (sign ? 1 : 0));
  if (sign) {
    const auto most = (uint64_t{1} << (bytes * 8 - 1)) - 1;
    if (value >= limit) return most;
    if (value <= -limit) return ~most;
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  }
  if (value <= 0) return 0;
  if (value >= limit) return bytes == 8 ? ~uint64_t{0} : (uint64_t{1} << bytes * 8) - 1;
  return static_cast<uint64_t>(value);
}

int64_t saturated_integer(int64_t value, bool from_unsigned, unsigned bytes, bool sign) {
  const bool beyond = from_unsigned && value < 0;  // an unsigned value above 2^63
  if (sign) {
    const auto most = static_cast<int64_t>((uint64_t{1} << (bytes * 8 - 1)) - 1);
    if (beyond || value > most) return most;
    return value < -most - 1 ? -most - 1 : value;
  }
  if (value < 0 && !from_unsigned) return 0;
  if (bytes == 8) return value;
  const auto most = static_cast<int64_t>((uint64_t{1} << bytes * 8) - 1);
  return beyond || value > most ? most : value;
}

// A float32 or float64 from a 64-bit integer, rounded once.
double float_of_integer(int64_t value, bool sign, Type type, Rounding rounding) {
  const int before = std::fegetround();
  std::fesetround(kHostModes[static_cast<int>(rounding)]);
  const volatile int64_t source = value;
  double result;
  if (type == Type::kF64) {
    const volatile double converted =
        sign ? static_cast<double>(source) : static_cast<double>(static_cast<uint64_t>(source));
    result = converted;
  } else {
    const volatile float converted =
        sign ? static_cast<float>(source) : static_cast<float>(static_cast<uint64_t>(source));
    result = static_cast<double>(converted);
  }
  std::fesetround(before);
  return result;
}

// A double that rounds to 16-bit formats as the integer would.
double half_source(int64_t value, bool sign) {
  const auto magnitude =
      sign && value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const uint64_t sticky =
      magnitude < uint64_t{1} << 40
          ? magnitude
          : (magnitude & ~uint64_t{0xFFFFF}) | ((magnitude & 0xFFFFF) != 0 ? uint64_t{0x80000} : 0);
  const auto result = static_cast<double>(sticky);
  return sign && value < 0 ? -result : result;
}

// Types and register widths travel in Instruction::immediate, one byte each.
struct Widths {
  Type to, from;
  uint8_t to_register, from_register;
};
Widths widths_of(const Instruction& in) {
  const auto packed = static_cast<uint64_t>(in.immediate);
  return {static_cast<Type>(packed & 0xFF), static_cast<Type>(packed >> 8 & 0xFF),
          static_cast<uint8_t>(packed >> 16), static_cast<uint8_t>(packed >> 24)};
}

uint64_t convert(uint64_t bits, Type to, Type from, uint8_t variant) {
  const auto rounding = static_cast<Rounding>(variant & kRounding);
  const unsigned to_bytes = bytes_of(to), from_bytes = bytes_of(from);
  if (!is_float(from)) {
    const int64_t value = extended(bits, from_bytes, is_signed(from));
    if (!is_float(to)) {
      return static_cast<uint64_t>(
          (variant & kSaturate) != 0
              ? saturated_integer(value, !is_signed(from), to_bytes, is_signed(to))
              : value);
    }
    if (to == Type::kF32 || to == Type::kF64) {
      double result = float_of_integer(value, is_signed(from), to, rounding);
      if ((variant & kSaturate) != 0) result = saturated(result);
      return store_float(result, to, 0);
    }
    return store_float(half_source(value, is_signed(from)), to, variant);
  }
  double value = load_float(bits, from);
  if ((variant & kFlush) != 0 && from == Type::kF32) {
    value = static_cast<double>(flushed(static_cast<float>(value)));
  }
  if (!is_float(to)) {
    return integer_of(rounded_to_integer(value, rounding), from, to_bytes, is_signed(to));
  }
  if ((variant & kToInteger) != 0) {
    value = std::copysign(rounded_to_integer(value, rounding), value);
    variant = static_cast<uint8_t>(variant & ~kRounding);
  }
  if ((variant & kSaturate) != 0) value = saturated(value);
  if ((variant & kRelu) != 0 && !(value > 0) && value == value) value = 0;
  return store_float(value, to, variant);
}

void convert_general(Warp& warp, const Instruction& in, uint32_t mask) {
  const Widths widths = widths_of(in);
  const std::byte* a = warp.registers + in.a;
  std::byte* d = warp.registers + in.d;
  const unsigned to_bytes = bytes_of(widths.to), from_bytes = bytes_of(widths.from);
  for_each_lane(mask, [&](int lane) {
    const auto at = static_cast<size_t>(lane);
    const uint64_t bits = load_bits(a + at * widths.from_register, from_bytes);
    uint64_t result = convert(bits, widths.to, widths.from, in.variant);
    // A wider register gets the value sign- or zero-extended.
    result = static_cast<uint64_t>(extended(result, to_bytes, is_signed(widths.to)));
    std::memcpy(d + at * widths.to_register, &result, widths.to_register);
  });
}

// cvt.f16x2.f32 d, a, b: a becomes the upper half.
void convert_pair(Warp& warp, const Instruction& in, uint32_t mask) {
  const Widths widths = widths_of(in);
  const Type half = widths.to == Type::kF16x2 ? Type::kF16 : Type::kBf16;
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *b = warp.lanes<uint32_t>(in.b);
  uint32_t* d = warp.lanes<uint32_t>(in.d);
  for_each_lane(mask, [&](int lane) {
    const uint64_t high = convert(a[lane], half, Type::kF32, in.variant);
    const uint64_t low = convert(b[lane], half, Type::kF32, in.variant);
    d[lane] = static_cast<uint32_t>(high << 16 | low);
  });
}
template <class Format>
void convert_pair_nearest(Warp& warp, const Instruction& in, uint32_t mask) {
  const float *a = warp.lanes<float>(in.a), *b = warp.lanes<float>(in.b);
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    return Format::from_float(a[lane]) << 16 | Format::from_float(b[lane]);
  });
}

// To a wider or as wide a type; no value changes.
template <class To, class From>
void widen(Warp& warp, const Instruction& in, uint32_t mask) {
  const From* a = warp.lanes<From>(in.a);
  for_lanes(warp.lanes<To>(in.d), mask, [=](int lane) { return static_cast<To>(a[lane]); });
}
template <class To, class Format>
void widen_half(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint16_t* a = warp.lanes<uint16_t>(in.a);
  for_lanes(warp.lanes<float>(in.d), mask,
            [=](int lane) { return canonical(Format::to_float(a[lane])); });
}
template <class Format>
void narrow_to_half(Warp& warp, const Instruction& in, uint32_t mask) {
  const float* a = warp.lanes<float>(in.a);
  for_lanes(warp.lanes<uint16_t>(in.d), mask,
            [=](int lane) { return static_cast<uint16_t>(Format::from_float(a[lane])); });
}

// Nearest with ties away from zero, 10 bits of mantissa.
template <bool kRelu>
void to_tf32(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t* a = warp.lanes<uint32_t>(in.a);
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    const uint32_t bits = a[lane];
    const uint32_t rounded = (bits + 0x1000) & 0xFFFFE000;
    uint32_t result = (bits & 0x7F800000) == 0x7F800000 ? bits & 0xFFFFE000 : rounded;
    if ((bits & 0x7FFFFFFF) > 0x7F800000) result = 0x7FFFFFFF;
    return kRelu && (result >> 31) != 0 ? 0 : result;
  });
}
// Nearest even, or truncated.
template <bool kTruncate, bool kRelu>
void to_tf32_other(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t* a = warp.lanes<uint32_t>(in.a);
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int lane) {
    const uint32_t bits = a[lane];
    const bool special = (bits & 0x7F800000) == 0x7F800000;
    const uint32_t added = kTruncate || special ? bits : bits + 0xFFF + (bits >> 13 & 1);
    uint32_t result = added & 0xFFFFE000;
    if ((bits & 0x7FFFFFFF) > 0x7F800000) result = 0x7FFFFFFF;
    return kRelu && (result >> 31) != 0 ? 0 : result;
  });
}

Handler select_tf32(Form& form) {
  if (form.types[1] != Type::kF32 || form.source_count != 1) return nullptr;
  const bool away = form.take(Modifier::kRna), even = form.take(Modifier::kRn);
  const bool zero = form.take(Modifier::kRz), relu = form.take(Modifier::kRelu);
  if (away) return relu ? &to_tf32<true> : &to_tf32<false>;
  if (even) return relu ? &to_tf32_other<false, true> : &to_tf32_other<false, false>;
  if (zero) return relu ? &to_tf32_other<true, true> : &to_tf32_other<true, false>;
  return nullptr;
}

// The frequent conversions between registers of just the types' widths.
Handler select_frequent(const Form& form) {
  const Type to = form.types[0], from = form.types[1];
  const bool nearest = form.has(Modifier::kRn);
  const auto is = [&](Type a, Type b) { return to == a && from == b; };
  if (is(Type::kF32, Type::kBf16)) return &widen_half<float, Bf16>;
  if (is(Type::kF32, Type::kF16)) return &widen_half<float, F16>;
  if (nearest && is(Type::kBf16, Type::kF32)) return &narrow_to_half<Bf16>;
  if (nearest && is(Type::kF16, Type::kF32)) return &narrow_to_half<F16>;
  if (nearest && is(Type::kF32, Type::kS32)) return &widen<float, int32_t>;
  if (nearest && is(Type::kF32, Type::kU32)) return &widen<float, uint32_t>;
  if (is(Type::kF64, Type::kF32)) return &widen<double, float>;
  if (nearest && is(Type::kF64, Type::kS32)) return &widen<double, int32_t>;
  if (is(Type::kS64, Type::kS32)) return &widen<int64_t, int32_t>;
  if (is(Type::kU64, Type::kU32) || is(Type::kS64, Type::kU32)) return &widen<uint64_t, uint32_t>;
  if (is(Type::kU32, Type::kU64) || is(Type::kS32, Type::kS64) || is(Type::kU32, Type::kS64)) {
    return &widen<uint32_t, uint64_t>;
  }
  if (is(Type::kU32, Type::kU16) || is(Type::kS32, Type::kU16)) return &widen<uint32_t, uint16_t>;
  if (is(Type::kS32, Type::kS16)) return &widen<int32_t, int16_t>;
  if (is(Type::kU16, Type::kU32) || is(Type::kS16, Type::kS32) || is(Type::kU16, Type::kS32)) {
    return &widen<uint16_t, uint32_t>;
  }
  return nullptr;
}

// The general conversion's variant; false where the form has no meaning.
bool take_options(Form& form, Instruction& in) {
  const bool from_float = is_float(form.types[1]);
  const bool to_float =
      is_float(form.types[0]) || form.types[0] == Type::kF16x2 || form.types[0] == Type::kBf16x2;
  int variant = 0;
  bool found = true;
  if (form.take(Modifier::kRzi)) {
    variant = static_cast<int>(Rounding::kZero) | kToInteger;
  } else if (form.take(Modifier::kRni)) {
    variant = static_cast<int>(Rounding::kNearest) | kToInteger;
  } else if (form.take(Modifier::kRmi)) {
    variant = static_cast<int>(Rounding::kDown) | kToInteger;
  } else if (form.take(Modifier::kRpi)) {
    variant = static_cast<int>(Rounding::kUp) | kToInteger;
  } else if (form.take(Modifier::kRz)) {
    variant = static_cast<int>(Rounding::kZero);
  } else if (form.take(Modifier::kRm)) {
    variant = static_cast<int>(Rounding::kDown);
  } else if (form.take(Modifier::kRp)) {
    variant = static_cast<int>(Rounding::kUp);
  } else {
    found = form.take(Modifier::kRn);
  }
  if (from_float && !to_float && (variant & kToInteger) == 0) return false;
  if (!from_float && (variant & kToInteger) != 0) return false;
  if (!from_float && to_float && !found) return false;
  if (form.take(Modifier::kFtz)) variant |= kFlush;
  if (form.take(Modifier::kSat)) variant |= kSaturate;
  if (to_float && from_float && form.take(Modifier::kRelu)) variant |= kRelu;
  if (to_float && from_float && form.take(Modifier::kSatfinite)) variant |= kFiniteOnly;
  in.variant = static_cast<uint8_t>(variant);
  return true;
}

}  // namespace

Handler select_conversion(Form& form, Instruction& in) {
  const Type to = form.types[0], from = form.types[1];
  if (form.type_count != 2) return nullptr;
  if (to == Type::kTf32) return select_tf32(form);
  const bool pair = to == Type::kF16x2 || to == Type::kBf16x2;
  if (pair != (form.source_count == 2) || (pair && from != Type::kF32)) return nullptr;
  const bool exact = form.register_bytes == bytes_of(to) && form.source_bytes == bytes_of(from);
  Form rest = form;
  const bool plain = (rest.take(Modifier::kRn), rest.all_taken());
  if (plain && exact && !pair) {
    if (const Handler frequent = select_frequent(form)) {
      form = rest;
      return frequent;
    }
  }
  if (plain && pair) {
    form = rest;
    return to == Type::kF16x2 ? &convert_pair_nearest<F16> : &convert_pair_nearest<Bf16>;
  }
  const auto known = [](Type type) {
    return is_float(type) ||
           (bytes_of(type) > 0 && bytes_of(type) <= 8 && type < Type::kF16x2 && type != Type::kB8 &&
            type != Type::kB16 && type != Type::kB32) ||
           type == Type::kU64 || type == Type::kS64;
  };
  if ((!pair && !known(to)) || !known(from) || !take_options(form, in)) return nullptr;
  in.immediate = static_cast<int64_t>(to) | static_cast<int64_t>(from) << 8 |
                 static_cast<int64_t>(form.register_bytes) << 16 |
                 static_cast<int64_t>(form.source_bytes) << 24;
  return pair ? &convert_pair : &convert_general;
}

}  // namespace nram::simulator::NRAM_LANES
