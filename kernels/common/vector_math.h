// Exponential, sigmoid and hyperbolic tangent as branch-free float code, so that loops around them
// vectorise. Coefficients as in the Cephes library (S. Moshier); relative errors stay below 1e-6 of
// the exact value, NaN gives NaN.
#pragma once

#include <bit>
#include <cstdint>

namespace nram {

#define NRAM_VECTOR_MATH [[gnu::always_inline]] inline

// e^x; x outside of [-87.3, 88.3] counts as the nearer end, so that results are normal and finite.
NRAM_VECTOR_MATH float vector_exp(float x) {
  constexpr float kLow = -87.3f;
  constexpr float kHigh = 88.3f;
  constexpr float kLog2E = 1.44269504088896341f;
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest integer
  x = x < kLow ? kLow : x;
  x = x > kHigh ? kHigh : x;
  const float shifted = x * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  // 2^n: the integer sits in the low bits of `shifted`; the exponent field drops the rest.
  const uint32_t exponent = (std::bit_cast<uint32_t>(shifted) + 127u) << 23;
  return p * std::bit_cast<float>(exponent);
}

// 1 / (1 + e^-x).
NRAM_VECTOR_MATH float vector_sigmoid(float x) { return 1.0f / (1.0f + vector_exp(-x)); }

NRAM_VECTOR_MATH float vector_tanh(float x) {
  const float magnitude = x < 0 ? -x : x;
  const float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = p * z * x + x;
  const float far = 1.0f - 2.0f / (vector_exp(2.0f * magnitude) + 1.0f);
  return magnitude < 0.625f ? near : (x < 0 ? -far : far);
}

}  // namespace nram
