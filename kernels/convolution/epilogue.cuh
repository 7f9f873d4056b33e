// Device code: what becomes of the finished sums of a product (implicit_gemm.h).
#pragma once

#include "kernels/convolution/gather.cuh"

namespace nram::device {

__device__ __forceinline__ float leaky_relu(float value, float slope) {
  return value > 0 ? value : slope * value;
}

// kWidth neighbouring columns from `n` of a row at `row` that has `columns`: in one access if
// `wide`.
template <int kWidth, class T>
__device__ __forceinline__ void store_columns(T* row, int n, int columns, bool wide,
                                              const float (&values)[kWidth]) {
  if (n >= columns) return;
  if (wide) {
    store(row + n, values);
  } else {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      if (n + i < columns) row[n + i] = from_float<T>(values[i]);
    }
  }
}

// Columns n ... n + kWidth - 1 of output pixel `row` (of all classes), whose sum is `values`: to y
// through bias and LeakyReLU, or to this split's partial sums as they are.
template <class T, int kWidth>
__device__ __forceinline__ void finish_pixel(const PixelProduct& p, int row, int n,
                                             float (&values)[kWidth]) {
  if (p.bias != nullptr) {
    const T* const bias = static_cast<const T*>(p.bias);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      if (n + i < p.outputs) values[i] += to_float(bias[n + i]);
    }
  }
#pragma unroll
  for (float& value : values) value = leaky_relu(value, p.slope);
  store_columns(static_cast<T*>(p.y) + row * p.y_pitch, n, p.outputs, p.wide_stores != 0, values);
}
template <int kWidth>
__device__ __forceinline__ void keep_partial(const PixelProduct& p, int split, int row, int n,
                                             const float (&values)[kWidth]) {
  const int64_t pixels = static_cast<int64_t>(p.batch) * p.output_height * p.output_width;
  store_columns(p.partial + (split * pixels + row) * p.outputs, n, p.outputs, p.wide_stores != 0,
                values);
}

}  // namespace nram::device
