// maps[n,y,x,k] = exp(-|p[n,k] - (y,x)|^2 / sigma^2), 0 where a keypoint is missing.
// Threads: 16 bytes of the maps each, across pixels where they are dense, grid-stride: three
// divisions a vector, an exponential an element. Writes the maps once, the keypoints stay in cache;
// bound by memory.
#include "kernels/common/pointwise.cuh"
#include "kernels/heatmaps/maps.h"

namespace nram::device {

template <int kWidth>
__device__ __forceinline__ void draw(const kernels::HeatmapsOutput& output,
                                     const float* __restrict__ points, float* __restrict__ maps,
                                     uint32_t element) {
  const uint32_t first_pixel = element / output.keypoints;
  const uint32_t first_keypoint = element - first_pixel * output.keypoints;
  uint32_t keypoint = first_keypoint;
  uint32_t line = first_pixel / output.width;
  uint32_t column = first_pixel - line * output.width;
  uint32_t image = line / output.height;
  line -= image * output.height;
  float values[kWidth];
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const float* point = points + 2 * (image * output.keypoints + keypoint);
    const float dy = static_cast<float>(line) - point[0];
    const float dx = static_cast<float>(column) - point[1];
    const bool missing = point[0] < 0 || point[1] < 0;
    values[i] = missing ? 0.0f : expf(-(dy * dy + dx * dx) * output.inverse_variance);
    if (i + 1 == kWidth || ++keypoint < output.keypoints) continue;
    keypoint = 0;
    if (++column < output.width) continue;
    column = 0;
    if (++line < output.height) continue;
    line = 0;
    ++image;
  }
  store(maps + first_pixel * output.pitch + first_keypoint, values);
}

template <int kWidth>
__device__ void heatmaps(const kernels::HeatmapsOutput& output, const float* __restrict__ points,
                         float* __restrict__ maps) {
  const uint32_t start = blockIdx.x * blockDim.x + threadIdx.x;
  const uint32_t step = gridDim.x * blockDim.x;
  for (uint32_t v = start; v < output.vectors; v += step) {
    draw<kWidth>(output, points, maps, v * kWidth);
  }
  if (start < output.tail) draw<1>(output, points, maps, output.vectors * kWidth + start);
}

#define NRAM_HEATMAPS(width)                                                             \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads)                        \
      heatmaps_##width(kernels::HeatmapsOutput output, const float* __restrict__ points, \
                       float* __restrict__ maps) {                                       \
    heatmaps<width>(output, points, maps);                                               \
  }
NRAM_HEATMAPS(4)
NRAM_HEATMAPS(1)

}  // namespace nram::device
