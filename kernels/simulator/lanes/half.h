// The two 16-bit floating-point formats behind one interface.
#pragma once

#include "kernels/simulator/lanes/values.h"

namespace nram::simulator::NRAM_LANES {

struct F16 {
  static constexpr uint32_t kExponent = 0x7C00;
  static float to_float(uint32_t bits) { return float_of_f16(bits); }
  static uint32_t from_float(float value) { return f16_of_float(value); }
  static uint32_t from_double(double value) { return f16_of_float(float_to_odd(value)); }
  static uint32_t flush(uint32_t bits) { return (bits & kExponent) == 0 ? bits & 0x8000 : bits; }
};
struct Bf16 {
  static constexpr uint32_t kExponent = 0x7F80;
  static float to_float(uint32_t bits) { return float_of_bf16(bits); }
  static uint32_t from_float(float value) { return bf16_of_float(value); }
  static uint32_t from_double(double value) { return bf16_of_float(float_to_odd(value)); }
  static uint32_t flush(uint32_t bits) { return (bits & kExponent) == 0 ? bits & 0x8000 : bits; }
};

}  // namespace nram::simulator::NRAM_LANES
