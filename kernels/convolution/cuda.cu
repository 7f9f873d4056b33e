// The passes around a convolution's matrix product (implicit_gemm.h has the formulas):
//   pad_channels   rows copied to 16-byte multiples of channels, zeros behind
//   pack_weights   [o,u,v,c] -> [c,t,o] by class of taps, for the transposed convolution
//   sum_partial    sums of the splits, and of what a reflected border mirrors, in a fixed order
// Threads: one 16-byte vector of the destination each, grid-stride (pad, sum); 32 x 32 tiles
// through shared memory (pack). Move every tensor once, the partial sums once each; bound by
// memory, which for partial sums is mostly the L2 cache.
#include "kernels/convolution/epilogue.cuh"

namespace nram::device {

__device__ __forceinline__ int64_t first_item() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ int64_t all_threads() {
  return static_cast<int64_t>(gridDim.x) * blockDim.x;
}

template <class T>
__device__ void pad_channels(const ChannelPadding& p) {
  constexpr int kWidth = kVectorWidth<T>;
  const int vectors = p.padded / kWidth;
  for (int64_t i = first_item(); i < p.rows * vectors; i += all_threads()) {
    const int64_t row = i / vectors;
    const int c = static_cast<int>(i - row * vectors) * kWidth;
    const T* const from = static_cast<const T*>(p.x) + row * p.x_pitch;
    float values[kWidth];
#pragma unroll
    for (int e = 0; e < kWidth; ++e) values[e] = c + e < p.channels ? to_float(from[c + e]) : 0;
    store(static_cast<T*>(p.y) + i * kWidth, values);
  }
}

constexpr int kPackTile = 32;
constexpr int kPackRows = 8;

template <class T>
__device__ void pack_weights(const WeightPacking& p) {
  __shared__ float tile[kPackTile][kPackTile + 1];
  const int x = threadIdx.x % kPackTile, y = threadIdx.x / kPackTile;
  const int c0 = blockIdx.x * kPackTile, o0 = blockIdx.y * kPackTile;
  const int tap = blockIdx.z, taps = p.kernel_height * p.kernel_width;
  const int u = tap / p.kernel_width, v = tap - u * p.kernel_width;
  const T* const weights = static_cast<const T*>(p.weights);
  for (int r = y; r < kPackTile; r += kPackRows) {
    const int o = o0 + r, c = c0 + x;
    const bool inside = o < p.outputs && c < p.channels;
    tile[r][x] =
        inside ? to_float(weights[(static_cast<int64_t>(o) * taps + tap) * p.channels + c]) : 0;
  }
  __syncthreads();
  // The class whose outputs this tap meets, and where it stands there.
  const int most = p.stride * (p.padding / p.stride + 1);
  const int row = (u - p.padding + most) % p.stride, column = (v - p.padding + most) % p.stride;
  const int rows = tap_count(row, p.padding, p.stride, p.kernel_height);
  const int columns = tap_count(column, p.padding, p.stride, p.kernel_width);
  const int place = (rows - 1 - u / p.stride) * columns + columns - 1 - v / p.stride;
  const int before =
      class_taps_before(row, column, p.padding, p.stride, p.kernel_height, p.kernel_width);
  T* const packed =
      static_cast<T*>(p.packed) + static_cast<int64_t>(before) * p.channels * p.padded;
  for (int r = y; r < kPackTile; r += kPackRows) {
    const int c = c0 + r, o = o0 + x;
    if (c >= p.channels || o >= p.padded) continue;
    packed[(static_cast<int64_t>(c) * rows * columns + place) * p.padded + o] =
        from_float<T>(tile[x][r]);
  }
}

// The padded positions that mirror position i of an axis, in a fixed order.
struct Mirrors {
  int own, low, high, count;
  bool mirrors_low;

  __device__ Mirrors(int i, int size, int padding)
      : own(i + padding),
        low(padding - i),
        high(2 * (size - 1) - i + padding),
        mirrors_low(i >= 1 && i <= padding) {
    count = 1 + mirrors_low + (i <= size - 2 && i >= size - 1 - padding);
  }
  __device__ int at(int k) const { return k == 0 ? own : k == 1 && mirrors_low ? low : high; }
};

template <int kWidth>
__device__ __forceinline__ void add_splits(const PartialSum& p, int64_t row, int c,
                                           float (&sums)[kWidth]) {
  const float* at = p.partial + row * p.partial_pitch + c;
#pragma unroll 2
  for (int split = 0; split < p.splits; ++split, at += p.split_pitch) {
    float values[kWidth];
    load(at, values);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sums[i] += values[i];
  }
}

template <class T, int kWidth>
__device__ void sum_partial(const PartialSum& p) {
  const int vectors = p.channels / kWidth;
  for (int64_t item = first_item(); item < p.rows * vectors; item += all_threads()) {
    const int64_t row = item / vectors;
    const int c = static_cast<int>(item - row * vectors) * kWidth;
    float sums[kWidth] = {};
    if (p.padding == 0) {
      add_splits(p, row, c, sums);
    } else {
      const int64_t line = row / p.width;
      const int64_t image = line / p.height;
      const Mirrors rows(static_cast<int>(line - image * p.height), p.height, p.padding);
      const Mirrors columns(static_cast<int>(row - line * p.width), p.width, p.padding);
#pragma unroll 1
      for (int k = 0; k < rows.count; ++k) {
#pragma unroll 1
        for (int l = 0; l < columns.count; ++l) {
          const int64_t padded_line = image * (p.height + 2 * p.padding) + rows.at(k);
          add_splits(p, padded_line * (p.width + 2 * p.padding) + columns.at(l), c, sums);
        }
      }
    }
    float bias[kWidth] = {};
    if (p.bias != nullptr) load(static_cast<const T*>(p.bias) + c, bias);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) sums[i] = leaky_relu(sums[i] + bias[i], p.slope);
    store(static_cast<T*>(p.y) + row * p.y_pitch + c, sums);
  }
}

#define NRAM_CONVOLUTION_PASSES(suffix, type)                        \
  extern "C" __global__ void __launch_bounds__(256)                  \
      convolution_pad_channels_##suffix(const ChannelPadding p) {    \
    pad_channels<type>(p);                                           \
  }                                                                  \
  extern "C" __global__ void __launch_bounds__(kPackTile* kPackRows) \
      convolution_pack_weights_##suffix(const WeightPacking p) {     \
    pack_weights<type>(p);                                           \
  }                                                                  \
  extern "C" __global__ void __launch_bounds__(256)                  \
      convolution_sum_partial_##suffix##_4(const PartialSum p) {     \
    sum_partial<type, 4>(p);                                         \
  }                                                                  \
  extern "C" __global__ void __launch_bounds__(256)                  \
      convolution_sum_partial_##suffix##_1(const PartialSum p) {     \
    sum_partial<type, 1>(p);                                         \
  }

NRAM_CONVOLUTION_PASSES(float, float)
NRAM_CONVOLUTION_PASSES(bfloat16, bfloat16)

}  // namespace nram::device
