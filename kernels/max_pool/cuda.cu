// y = max over 2 x 2 pixels with stride 2; dx = dy at the first maximum of a window, 0 elsewhere.
// Threads: a vector of up to 16 bytes of channels of a window each, grid-stride, two divisions a
// window. Moves every tensor once; bound by memory.
#include "kernels/common/pointwise.cuh"
#include "kernels/max_pool/windows.h"

namespace nram::device {

using kernels::PoolWindows;

// Calls body(image, line, column, channel vector) for each window of this thread.
template <class Body>
__device__ __forceinline__ void for_each_window(const PoolWindows& windows, Body&& body) {
  for_each_row_vector(windows.vectors, windows.line_vectors,
                      [&](int64_t row, uint32_t line_vector) {
                        const uint32_t column = line_vector / windows.pixel_vectors;
                        const uint32_t image = static_cast<uint32_t>(row) / windows.lines;
                        body(image, static_cast<uint32_t>(row) - image * windows.lines, column,
                             line_vector - column * windows.pixel_vectors);
                      });
}

// NaN counts as the largest, so that it reaches the output.
__device__ __forceinline__ bool exceeds(float x, float best) { return x > best || isnan(x); }

template <int kWidth, class T>
__device__ void forward(const PoolWindows& windows, const T* __restrict__ x, T* __restrict__ y) {
  for_each_window(windows, [&](uint32_t image, uint32_t line, uint32_t column,
                               uint32_t channel_vector) {
    const int64_t first = (int64_t{image} * windows.height + 2 * line) * windows.width + 2 * column;
    const T* at = x + first * windows.x_pitch + channel_vector * kWidth;
    float values[4][kWidth];
    load(at, values[0]);
    load(at + windows.x_pitch, values[1]);
    load(at + windows.width * windows.x_pitch, values[2]);
    load(at + (windows.width + 1) * windows.x_pitch, values[3]);
    float best[kWidth];
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      best[i] = values[0][i];
#pragma unroll
      for (int p = 1; p < 4; ++p) best[i] = exceeds(values[p][i], best[i]) ? values[p][i] : best[i];
    }
    const int64_t row = (int64_t{image} * windows.out_height + line) * windows.out_width + column;
    store(y + row * windows.y_pitch + channel_vector * kWidth, best);
  });
}

// Windows that lie half outside of x, at the end of an odd size, get zeros.
template <int kWidth, class T>
__device__ void backward(const PoolWindows& windows, const T* __restrict__ dy,
                         const T* __restrict__ x, T* __restrict__ dx) {
  for_each_window(windows, [&](uint32_t image, uint32_t line, uint32_t column,
                               uint32_t channel_vector) {
    const int64_t first = (int64_t{image} * windows.height + 2 * line) * windows.width + 2 * column;
    const int64_t pixel[4] = {0, 1, windows.width, int64_t{windows.width} + 1};
    float gradients[4][kWidth] = {};
    if (line < windows.out_height && column < windows.out_width) {
      const int64_t row = (int64_t{image} * windows.out_height + line) * windows.out_width + column;
      float gradient[kWidth];
      float values[4][kWidth];
      load(dy + row * windows.y_pitch + channel_vector * kWidth, gradient);
#pragma unroll
      for (int p = 0; p < 4; ++p) {
        load(x + (first + pixel[p]) * windows.x_pitch + channel_vector * kWidth, values[p]);
      }
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        float best = values[0][i];
        int from = 0;
#pragma unroll
        for (int p = 1; p < 4; ++p) {
          const bool better = exceeds(values[p][i], best);
          best = better ? values[p][i] : best;
          from = better ? p : from;
        }
#pragma unroll
        for (int p = 0; p < 4; ++p) gradients[p][i] = from == p ? gradient[i] : 0;
      }
    }
    const bool right = 2 * column + 1 < windows.width;
    const bool below = 2 * line + 1 < windows.height;
#pragma unroll
    for (int p = 0; p < 4; ++p) {
      if ((p % 2 == 1 && !right) || (p / 2 == 1 && !below)) continue;
      store(dx + (first + pixel[p]) * windows.dx_pitch + channel_vector * kWidth, gradients[p]);
    }
  });
}

#define NRAM_MAX_POOL(type, width)                                                            \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads) max_pool_##type##_##width(  \
      PoolWindows windows, const type* __restrict__ x, type* __restrict__ y) {                \
    forward<width>(windows, x, y);                                                            \
  }                                                                                           \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads)                             \
      max_pool_gradient_##type##_##width(PoolWindows windows, const type* __restrict__ dy,    \
                                         const type* __restrict__ x, type* __restrict__ dx) { \
    backward<width>(windows, dy, x, dx);                                                      \
  }
NRAM_FOR_EACH_VECTOR_TYPE(NRAM_MAX_POOL)

}  // namespace nram::device
