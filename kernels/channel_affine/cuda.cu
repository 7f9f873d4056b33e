// y[..., c] = x[..., c] scale[c] + offset[c], at most 8 channels.
// Threads: a vector of up to 16 bytes each, grid-stride; the grid is a multiple of the channels, so
// that a thread meets the same channels in every turn and keeps their factors in registers. Moves
// both tensors once; bound by memory.
#include "kernels/channel_affine/attributes.h"
#include "kernels/common/pointwise.cuh"

namespace nram::device {

template <int kWidth, class T>
__device__ void affine(const PointwiseShape<2>& shape, const T* x, T* y,
                       const kernels::ChannelAffineAttributes& attributes, int channels) {
  constexpr int kMost = kernels::kMostAffineChannels;
  __shared__ float scales[kMost];
  __shared__ float offsets[kMost];
  if (threadIdx.x == 0) {
#pragma unroll
    for (int c = 0; c < kMost; ++c) {
      scales[c] = attributes.scale[c];
      offsets[c] = attributes.offset[c];
    }
  }
  __syncthreads();
  const uint32_t first = (blockIdx.x * blockDim.x + threadIdx.x) * kWidth;
  float scale[kWidth];
  float offset[kWidth];
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const uint32_t channel = (first + i) % channels;
    scale[i] = scales[channel];
    offset[i] = offsets[channel];
  }
  for_each_vector<kWidth>(shape, [&](auto width, const int64_t(&at)[2]) {
    float values[width()];
    load(x + at[0], values);
    if constexpr (width() == kWidth) {
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[i] = values[i] * scale[i] + offset[i];
    } else {
      const auto channel = static_cast<int>(at[0] % channels);
      values[0] = values[0] * scales[channel] + offsets[channel];
    }
    store(y + at[1], values);
  });
}

#define NRAM_CHANNEL_AFFINE(type, width)                                                           \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads)                                  \
      channel_affine_##type##_##width(PointwiseShape<2> shape, const type* x, type* y,             \
                                      kernels::ChannelAffineAttributes attributes, int channels) { \
    affine<width>(shape, x, y, attributes, channels);                                              \
  }
NRAM_FOR_EACH_VECTOR_TYPE(NRAM_CHANNEL_AFFINE)

}  // namespace nram::device
