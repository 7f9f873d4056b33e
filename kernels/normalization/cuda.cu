// y = LeakyReLU((x - mean) * inverse_deviation) over the pixels of a sample or of the batch, and
//   dx = inverse_deviation * (g - mean of g - xhat * mean of g * xhat), g = dy or slope dy.
// Two kernels each way, on one grid of tiles of channels, chunks of rows and groups
// (common/channel_tiles.h): the first leaves two partial values for every channel of its chunk
// (mean and squares, or sums of g and g * xhat), the second adds the chunks up in order and applies
// them. Threads: 16 bytes of channels each, eight to a row's 128 bytes, 64 rows at a time.
// Bytes: x twice and y once; dy and x twice and dx once, the second time mostly from the second
// level cache; the partial values add less than a tenth. Limit: memory; where x has been made by a
// convolution, its epilogue could leave the first kernel's values and save one of the three passes.
#include "kernels/common/channel_tiles.cuh"

namespace nram::device {

template <int kWidth, class T>
__device__ void normalize(const ChannelTiles& tiles, const T* x, int64_t x_pitch, T* y,
                          int64_t y_pitch, const float* partial, float* mean_out,
                          float* inverse_out, float epsilon, float slope) {
  using Thread = TileThread<kWidth>;
  constexpr int kBatch = kRowBatch<kWidth>;
  __shared__ TileSums<kWidth> sums;
  const Thread thread(tiles);
  float mean[kWidth], inverse[kWidth];
  merge_statistics(tiles, thread, sums, partial, epsilon, mean_out, inverse_out, mean, inverse);
  if (!thread.active) return;
  const T* from = thread.start(x, x_pitch);
  T* to = thread.start(y, y_pitch);
  for (int row = thread.row; row < thread.rows; row += kBatch * Thread::kRows) {
    float values[kBatch][kWidth];
#pragma unroll
    for (int b = 0; b < kBatch; ++b) {
      if (row + b * Thread::kRows < thread.rows) {
        load(from + b * (Thread::kRows * x_pitch), values[b]);
      }
    }
#pragma unroll
    for (int b = 0; b < kBatch; ++b) {
      if (row + b * Thread::kRows >= thread.rows) continue;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float value = (values[b][i] - mean[i]) * inverse[i];
        values[b][i] = value > 0 ? value : slope * value;
      }
      store(to + b * (Thread::kRows * y_pitch), values[b]);
    }
    from += kBatch * (Thread::kRows * x_pitch);
    to += kBatch * (Thread::kRows * y_pitch);
  }
}

// Half as many rows at once as elsewhere: two tensors are read.
template <int kWidth>
constexpr int kGradientBatch = kRowBatch<kWidth> / 2;

// Calls body(batch index, dy, x - mean) for this thread's rows.
template <int kWidth, class T, class Body>
__device__ __forceinline__ void for_each_gradient(const TileThread<kWidth>& thread, const T* dy,
                                                  int64_t dy_pitch, const T* x, int64_t x_pitch,
                                                  const float (&mean)[kWidth], Body&& body) {
  constexpr int kBatch = kGradientBatch<kWidth>;
  constexpr int kRows = TileThread<kWidth>::kRows;
  dy = thread.start(dy, dy_pitch);
  x = thread.start(x, x_pitch);
  for (int row = thread.row; row < thread.rows; row += kBatch * kRows) {
    float gradients[kBatch][kWidth], values[kBatch][kWidth];
#pragma unroll
    for (int b = 0; b < kBatch; ++b) {
      if (row + b * kRows >= thread.rows) continue;
      load(dy + b * (kRows * dy_pitch), gradients[b]);
      load(x + b * (kRows * x_pitch), values[b]);
    }
#pragma unroll
    for (int b = 0; b < kBatch; ++b) {
      if (row + b * kRows >= thread.rows) continue;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[b][i] -= mean[i];
      body(row + b * kRows, gradients[b], values[b]);
    }
    dy += kBatch * (kRows * dy_pitch);
    x += kBatch * (kRows * x_pitch);
  }
}

template <int kWidth>
__device__ __forceinline__ void load_statistic(const ChannelTiles& tiles,
                                               const TileThread<kWidth>& thread,
                                               const float* statistic, float (&values)[kWidth]) {
  load_floats(statistic + static_cast<int64_t>(blockIdx.z) * tiles.channels + thread.channel,
              values);
}

template <int kWidth, class T>
__device__ void gradient_sums(const ChannelTiles& tiles, const T* dy, int64_t dy_pitch, const T* x,
                              int64_t x_pitch, const float* means, const float* inverses,
                              float* partial, float slope) {
  __shared__ TileSums<kWidth> sums;
  const TileThread<kWidth> thread(tiles);
  float sum[kWidth] = {}, product[kWidth] = {};
  if (thread.active) {
    float mean[kWidth], inverse[kWidth];
    load_statistic(tiles, thread, means, mean);
    load_statistic(tiles, thread, inverses, inverse);
    for_each_gradient(thread, dy, dy_pitch, x, x_pitch, mean,
                      [&](int, const float(&gradient)[kWidth], const float(&difference)[kWidth]) {
#pragma unroll
                        for (int i = 0; i < kWidth; ++i) {
                          const float g = difference[i] > 0 ? gradient[i] : slope * gradient[i];
                          sum[i] += g;
                          product[i] += g * difference[i];
                        }
                      });
#pragma unroll
    for (int i = 0; i < kWidth; ++i) product[i] *= inverse[i];
  }
  sums.sum_rows(0, thread, sum);
  sums.sum_rows(1, thread, product);
  store_totals(sums, partial);
}

template <int kWidth, class T>
__device__ void apply_gradient(const ChannelTiles& tiles, const T* dy, int64_t dy_pitch, const T* x,
                               int64_t x_pitch, const float* means, const float* inverses, T* dx,
                               int64_t dx_pitch, const float* partial, float slope) {
  __shared__ TileSums<kWidth> sums;
  const TileThread<kWidth> thread(tiles);
  load_totals(sums, partial);
  if (!thread.active) return;
  float mean[kWidth], inverse[kWidth], sum[kWidth], product[kWidth];
  load_statistic(tiles, thread, means, mean);
  load_statistic(tiles, thread, inverses, inverse);
  sums.get(0, thread, sum);
  sums.get(1, thread, product);
  const float per_row = 1.0f / static_cast<float>(tiles.rows);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    sum[i] *= per_row;
    product[i] *= per_row * inverse[i];
  }
  dx += thread.first_row * dx_pitch + thread.channel;
  for_each_gradient(thread, dy, dy_pitch, x, x_pitch, mean,
                    [&](int row, const float(&gradient)[kWidth], const float(&difference)[kWidth]) {
                      float result[kWidth];
#pragma unroll
                      for (int i = 0; i < kWidth; ++i) {
                        const float g = difference[i] > 0 ? gradient[i] : slope * gradient[i];
                        result[i] = inverse[i] * (g - sum[i] - difference[i] * product[i]);
                      }
                      store(dx + row * dx_pitch, result);
                    });
}

#define NRAM_NORMALIZATION(suffix, type, width)                                                  \
  extern "C" __global__ void __launch_bounds__(kChannelTileThreads, 2)                           \
      channel_statistics_##suffix##_##width(ChannelTiles tiles, const type* __restrict__ x,      \
                                            int64_t pitch, float* __restrict__ partial) {        \
    channel_statistics<width>(tiles, x, pitch, partial);                                         \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(kChannelTileThreads, 2)                           \
      normalization_##suffix##_##width(                                                          \
          ChannelTiles tiles, const type* x, int64_t x_pitch, type* y, int64_t y_pitch,          \
          const float* __restrict__ partial, float* __restrict__ mean,                           \
          float* __restrict__ inverse, float epsilon, float slope) {                             \
    normalize<width>(tiles, x, x_pitch, y, y_pitch, partial, mean, inverse, epsilon, slope);     \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(kChannelTileThreads, 2)                           \
      normalization_gradient_sums_##suffix##_##width(                                            \
          ChannelTiles tiles, const type* __restrict__ dy, int64_t dy_pitch,                     \
          const type* __restrict__ x, int64_t x_pitch, const float* __restrict__ mean,           \
          const float* __restrict__ inverse, float* __restrict__ partial, float slope) {         \
    gradient_sums<width>(tiles, dy, dy_pitch, x, x_pitch, mean, inverse, partial, slope);        \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(kChannelTileThreads, 2)                           \
      normalization_gradient_##suffix##_##width(                                                 \
          ChannelTiles tiles, const type* dy, int64_t dy_pitch, const type* x, int64_t x_pitch,  \
          const float* __restrict__ mean, const float* __restrict__ inverse, type* dx,           \
          int64_t dx_pitch, const float* __restrict__ partial, float slope) {                    \
    apply_gradient<width>(tiles, dy, dy_pitch, x, x_pitch, mean, inverse, dx, dx_pitch, partial, \
                          slope);                                                                \
  }

NRAM_NORMALIZATION(float, float, 4)
NRAM_NORMALIZATION(float, float, 1)
NRAM_NORMALIZATION(bfloat16, bfloat16, 8)
NRAM_NORMALIZATION(bfloat16, bfloat16, 1)

}  // namespace nram::device
