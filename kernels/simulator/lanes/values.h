// Single values of floating-point formats: flushing, canonical NaNs, 16-bit formats.
#pragma once

#include "kernels/simulator/lanes/lanes.h"

namespace nram::simulator::NRAM_LANES {

// Subnormal values become zeros of their sign.
NRAM_INLINE float flushed(float value) {
  const auto bits = bits_as<uint32_t>(value);
  return bits_as<float>((bits & 0x7F800000) == 0 ? bits & 0x80000000 : bits);
}

// The card's float32 arithmetic yields one NaN only. Its float64 arithmetic keeps payloads.
NRAM_INLINE float canonical(float value) {
  return bits_as<float>(value != value ? 0x7FFFFFFFu : bits_as<uint32_t>(value));
}
NRAM_INLINE double canonical(double value) { return value; }

template <class T>
NRAM_INLINE T saturated(T value) {
  return value > 0 ? (value < 1 ? value : T{1}) : T{0};  // NaN becomes 0
}

NRAM_INLINE float float_of_bf16(uint32_t bits) { return bits_as<float>(bits << 16); }

NRAM_INLINE float float_of_f16(uint32_t bits) {
  const uint32_t sign = (bits & 0x8000) << 16, magnitude = bits & 0x7FFF;
  // As a float32 exponent the field is 112 too small, which a product repairs, also of subnormals.
  const float scaled = bits_as<float>(magnitude << 13) * 0x1p112f;
  const uint32_t finite = bits_as<uint32_t>(scaled);
  const uint32_t special = 0x7F800000 | (magnitude & 0x3FF) << 13;
  return bits_as<float>(sign | (magnitude >= 0x7C00 ? special : finite));
}

// Round to nearest even; every NaN becomes 0x7FFF.
NRAM_INLINE uint16_t bf16_of_float(float value) {
  const auto bits = bits_as<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FFF : rounded);
}

NRAM_INLINE uint16_t f16_of_float(float value) {
  const auto bits = bits_as<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
  const uint32_t normal = (magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1)) >> 13;
  // Below 2^-14 an addition rounds to multiples of 2^-24.
  const uint32_t tiny = bits_as<uint32_t>(bits_as<float>(magnitude) + 0.5f) - 0x3F000000;
  uint32_t result = magnitude < 0x38800000 ? tiny : normal;
  result = magnitude >= 0x47800000 ? 0x7C00 : result;
  return static_cast<uint16_t>(magnitude > 0x7F800000 ? 0x7FFF : sign | result);
}

// x + y rounded to odd: rounding it again to far fewer bits gives what one rounding would.
NRAM_INLINE double sum_to_odd(double x, double y) {
  const double sum = x + y;
  const double of_y = sum - x, of_x = sum - of_y;
  const double error = (x - of_x) + (y - of_y);
  const auto bits = bits_as<uint64_t>(sum);
  // Away from zero if the error has the sum's sign, else towards it; only where the last bit is 0.
  const bool away = (error > 0) == (sum > 0);
  const uint64_t odd = away ? bits | 1 : bits - 1;
  return bits_as<double>(error != 0 && (bits & 1) == 0 ? odd : bits);
}

// A float64 as the float32 that rounds to 16-bit formats as the float64 would.
NRAM_INLINE float float_to_odd(double value) {
  const float nearest = static_cast<float>(value);
  const double error = value - static_cast<double>(nearest);
  const auto bits = bits_as<uint32_t>(nearest);
  const bool away = nearest == 0 || (error > 0) == (nearest > 0);
  const uint32_t odd = away ? bits | 1 : bits - 1;
  const bool inexact = error != 0 && error == error && (bits & 1) == 0;
  // Where the float32 has overflowed, so will the 16-bit format.
  return bits_as<float>(inexact && (bits & 0x7F800000) != 0x7F800000 ? odd : bits);
}

}  // namespace nram::simulator::NRAM_LANES
