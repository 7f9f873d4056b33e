// Device code: the Gram matrix's products on tensor cores, of TF32 or bfloat16 operands with float
// sums. A block of four warps makes a tile of 64 x 64, a warp 32 x 32 of it; slabs come by cp.async
// into two stages of shared memory, one under way while the other is used.
#pragma once

#include "kernels/common/mma.cuh"
#include "kernels/common/vector_access.cuh"
#include "kernels/gram/cuda_shape.h"

#if NRAM_TENSOR_CORES
namespace nram::device {

// Elements along the sum of one mma.sync, 32 bytes.
template <class T>
constexpr int kTensorDepth = 32 / sizeof(T);

template <class T>
struct TensorTile {
  int warp = static_cast<int>(threadIdx.x) / 32;
  int lane = static_cast<int>(threadIdx.x) % 32;
  int row = warp / 2 * 32;  // of the warp's part
  int column = warp % 2 * 32;
  float sums[2][4][4] = {};

  // left[m]: rows 16m; right[n]: columns 16n, as two fragments whose halves alternate.
  __device__ __forceinline__ void multiply(uint32_t (&left)[2][4], uint32_t (&right)[2][4]) {
    if constexpr (sizeof(T) == 4) {
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        left[i / 4][i % 4] = round_to_tf32(left[i / 4][i % 4]);
        right[i / 4][i % 4] = round_to_tf32(right[i / 4][i % 4]);
      }
    }
#pragma unroll
    for (int m = 0; m < 2; ++m) {
#pragma unroll
      for (int n = 0; n < 4; ++n) {
        const uint32_t low = right[n / 2][n % 2], high = right[n / 2][n % 2 + 2];
        if constexpr (sizeof(T) == 4) {
          multiply_tf32(sums[m][n], left[m], low, high);
        } else {
          multiply_bfloat16(sums[m][n], left[m], low, high);
        }
      }
    }
  }
};

// Pixels of a slab lie this far apart, in elements: 8 more than a tile, so that TF32's fragments
// (four pixels by eight channels) and bfloat16's (eight pixels by 16 bytes) meet every bank once.
constexpr int kChannelStride = kGramTile + 8;
template <class T>
using PixelSlab = T[kGramSlab][kChannelStride];

// 16 channels from `channel` on by one step of pixels, as an operand of either side.
__device__ __forceinline__ void load_pixels(const PixelSlab<float>& slab, int pixel, int channel,
                                            int lane, uint32_t (&fragment)[4]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    fragment[i] =
        __float_as_uint(slab[pixel + i / 2 * 4 + lane % 4][channel + i % 2 * 8 + lane / 4]);
  }
}
__device__ __forceinline__ void load_pixels(const PixelSlab<bfloat16>& slab, int pixel, int channel,
                                            int lane, uint32_t (&fragment)[4]) {
  const int matrix = lane / 8;
  load_matrices_transposed(
      fragment, shared_address(&slab[pixel + matrix / 2 * 8 + lane % 8][channel + matrix % 2 * 8]));
}

// One chunk of pixels of one pair of channel tiles, to its place among the partial sums.
template <class T>
__device__ void gram_tensor(const GramShape& shape, const T* features, int row_tile,
                            int column_tile, float* partial) {
  __shared__ __align__(16) PixelSlab<T> slabs[2][2];
  constexpr int kVectors = kGramTile / kVectorWidth<T>;
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * shape.chunk;
  const int pixels = static_cast<int>(min(static_cast<int64_t>(shape.chunk), shape.pixels - begin));
  features += (blockIdx.z * shape.pixels + begin) * shape.channels;
  const bool diagonal = row_tile == column_tile;
  const auto fetch = [&](int first, int tile, PixelSlab<T>& slab) {
#pragma unroll
    for (int u = 0; u < kGramSlab * kVectors / kGramThreads; ++u) {
      const int vector = static_cast<int>(threadIdx.x) + u * kGramThreads;
      const int line = vector / kVectors;
      const int column = vector % kVectors * kVectorWidth<T>;
      const int channel = tile * kGramTile + column;
      const bool valid = first + line < pixels && channel < shape.channels;
      const T* from = features + static_cast<int64_t>(first + line) * shape.channels + channel;
      copy_async_streaming(shared_address(&slab[line][column]), valid ? from : features, valid);
    }
  };
  const auto fetch_both = [&](int first, int stage) {
    if (first < pixels) {
      fetch(first, row_tile, slabs[stage][0]);
      if (!diagonal) fetch(first, column_tile, slabs[stage][1]);
    }
    copy_async_commit();
  };
  TensorTile<T> tile;
  fetch_both(0, 0);
  for (int pixel = 0, stage = 0; pixel < pixels; pixel += kGramSlab, stage ^= 1) {
    fetch_both(pixel + kGramSlab, stage ^ 1);
    copy_async_wait<1>();
    __syncthreads();
    const PixelSlab<T>& rows = slabs[stage][0];
    const PixelSlab<T>& columns = slabs[stage][diagonal ? 0 : 1];
#pragma unroll
    for (int k = 0; k < kGramSlab; k += kTensorDepth<T>) {
      uint32_t left[2][4], right[2][4];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        load_pixels(rows, k, tile.row + i * 16, tile.lane, left[i]);
        load_pixels(columns, k, tile.column + i * 16, tile.lane, right[i]);
      }
      tile.multiply(left, right);
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 16; ++i) {
    const int m = i / 8, n = i / 2 % 4, half = i % 2;
    const int row = tile.row + m * 16 + half * 8 + tile.lane / 4;
    const float pair[2] = {tile.sums[m][n][half * 2], tile.sums[m][n][half * 2 + 1]};
    const int column = tile.column + n * 8 + tile.lane % 4 * 2;
    store(partial + static_cast<uint32_t>(row * kGramTile + column), pair);
  }
}

// 128 bytes along the sum of 64 pixels or channels, 144 bytes apart for ldmatrix.
template <class T>
constexpr int kLineDepth = 128 / sizeof(T);
template <class T>
using LineSlab = T[kGramTile][144 / sizeof(T)];

template <class T>
__device__ __forceinline__ void load_lines(const LineSlab<T>& slab, int line, int depth, int lane,
                                           uint32_t (&fragment)[4]) {
  const int matrix = lane / 8;
  load_matrices(fragment,
                shared_address(
                    &slab[line + matrix % 2 * 8 + lane % 8][depth + matrix / 2 * kVectorWidth<T>]));
}

// Two neighbouring fragments' results of one row, 16 channels from `to` on: whole sectors in one
// store a lane. bfloat16 lanes exchange pairs first, so that each has four neighbours.
__device__ __forceinline__ void store_results(float* to, const float (&first)[2],
                                              const float (&second)[2], int lane, bool first_valid,
                                              bool second_valid) {
  if (first_valid) store(to + lane % 4 * 2, first);
  if (second_valid) store(to + 8 + lane % 4 * 2, second);
}
__device__ __forceinline__ void store_results(bfloat16* to, const float (&first)[2],
                                              const float (&second)[2], int lane, bool first_valid,
                                              bool second_valid) {
  const int source = lane / 4 * 4 + lane % 2 * 2;
  float values[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float low = __shfl_sync(0xffffffffu, first[i % 2], source + i / 2);
    const float high = __shfl_sync(0xffffffffu, second[i % 2], source + i / 2);
    values[i] = lane % 4 < 2 ? low : high;
  }
  if (lane % 4 < 2 ? first_valid : second_valid) store(to + lane % 4 * 4, values);
}

// 64 pixels by 64 channels of dF = F S, S [width, width] with zeros beyond the channels.
template <class T>
__device__ void gram_gradient_tensor(const GramShape& shape, const T* features, const T* symmetric,
                                     int width, int64_t first_pixel, int first_channel,
                                     T* gradient) {
  __shared__ __align__(16) LineSlab<T> slabs[2][2];
  constexpr int kVectors = 128 / 16;
  const auto fetch = [&](int depth, int stage) {
#pragma unroll
    for (int u = 0; u < kGramTile * kVectors / kGramThreads; ++u) {
      const int vector = static_cast<int>(threadIdx.x) + u * kGramThreads;
      const int line = vector / kVectors;
      const int column = vector % kVectors * kVectorWidth<T>;
      const int64_t pixel = first_pixel + line;
      const bool valid = pixel < shape.pixels && depth + column < shape.channels;
      const T* from = features + pixel * shape.channels + depth + column;
      copy_async_streaming(shared_address(&slabs[stage][0][line][column]), valid ? from : features,
                           valid);
      copy_async_streaming(
          shared_address(&slabs[stage][1][line][column]),
          symmetric + static_cast<int64_t>(first_channel + line) * width + depth + column);
    }
  };
  TensorTile<T> tile;
  fetch(0, 0);
  copy_async_commit();
  for (int depth = 0, stage = 0; depth < shape.channels; depth += kLineDepth<T>, stage ^= 1) {
    if (depth + kLineDepth<T> < shape.channels) fetch(depth + kLineDepth<T>, stage ^ 1);
    copy_async_commit();
    copy_async_wait<1>();
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kLineDepth<T>; k += kTensorDepth<T>) {
      uint32_t left[2][4], right[2][4];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        load_lines<T>(slabs[stage][0], tile.row + i * 16, k, tile.lane, left[i]);
        load_lines<T>(slabs[stage][1], tile.column + i * 16, k, tile.lane, right[i]);
      }
      tile.multiply(left, right);
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int m = i / 4, half = i / 2 % 2, n = i % 2 * 2;
    const int64_t pixel = first_pixel + tile.row + m * 16 + half * 8 + tile.lane / 4;
    const int channel = first_channel + tile.column + n * 8;
    const float first[2] = {tile.sums[m][n][half * 2], tile.sums[m][n][half * 2 + 1]};
    const float second[2] = {tile.sums[m][n + 1][half * 2], tile.sums[m][n + 1][half * 2 + 1]};
    const bool inside = pixel < shape.pixels;
    // Channels come in whole vectors: a fragment of bfloat16 is valid or not, of TF32 its halves.
    const int end = shape.channels - (sizeof(T) == 4 ? tile.lane % 4 / 2 * 4 : 0);
    store_results(gradient + pixel * shape.channels + channel, first, second, tile.lane,
                  inside && channel < end, inside && channel + 8 < end);
  }
}

}  // namespace nram::device
#endif
