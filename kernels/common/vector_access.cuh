// Device code: loads and stores of up to 16 bytes as float registers, for float and bfloat16
// memory. Arithmetic is always float; bfloat16 is a storage format, rounded to nearest even.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

namespace nram::device {

using bfloat16 = __nv_bfloat16;

// The most elements of T that one access moves.
template <class T>
constexpr int kVectorWidth = 16 / sizeof(T);

template <int kBytes>
struct RawVector;
template <>
struct RawVector<2> {
  using Type = uint16_t;
};
template <>
struct RawVector<4> {
  using Type = uint32_t;
};
template <>
struct RawVector<8> {
  using Type = uint2;
};
template <>
struct RawVector<16> {
  using Type = uint4;
};

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bfloat16 x) { return __bfloat162float(x); }
template <class T>
__device__ __forceinline__ T from_float(float x);
template <>
__device__ __forceinline__ float from_float<float>(float x) {
  return x;
}
template <>
__device__ __forceinline__ bfloat16 from_float<bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}

// kWidth elements at `at`, which is aligned to kWidth * sizeof(T) bytes.
template <int kWidth, class T>
__device__ __forceinline__ void load(const T* at, float (&values)[kWidth]) {
  using Raw = typename RawVector<kWidth * sizeof(T)>::Type;
  union {
    Raw raw;
    T elements[kWidth];
  } vector{*reinterpret_cast<const Raw*>(at)};
#pragma unroll
  for (int i = 0; i < kWidth; ++i) values[i] = to_float(vector.elements[i]);
}

template <int kWidth, class T>
__device__ __forceinline__ void store(T* at, const float (&values)[kWidth]) {
  using Raw = typename RawVector<kWidth * sizeof(T)>::Type;
  union Vector {
    Raw raw;
    T elements[kWidth];
    __device__ Vector() {}
  } vector;
#pragma unroll
  for (int i = 0; i < kWidth; ++i) vector.elements[i] = from_float<T>(values[i]);
  *reinterpret_cast<Raw*>(at) = vector.raw;
}

}  // namespace nram::device
