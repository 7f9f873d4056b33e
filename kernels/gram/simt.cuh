// Device code: the Gram matrix's products without tensor cores, in full float32. A block of 128
// threads makes a tile of 64 x 64, a thread 8 x 4 of it: rows 4y ... 4y + 3 and 32 more, columns
// 4x ... 4x + 3. Slabs of 16 along the sum lie in shared memory as [k][64], so that a step is three
// 16-byte reads for 32 multiplications; the next slab is on its way in registers meanwhile.
#pragma once

#include "kernels/common/vector_access.cuh"
#include "kernels/gram/cuda_shape.h"

namespace nram::device {

constexpr int kSimtSlab = 16;
using SimtSlab = float[kSimtSlab][kGramTile];

// Four elements, zero from `valid` on; one access where kVector, for then all or none are valid.
template <bool kVector, class T>
__device__ __forceinline__ void load_four(const T* at, int valid, float (&values)[4]) {
  if constexpr (kVector) {
    if (valid > 0) {
      load(at, values);
      return;
    }
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) values[i] = !kVector && i < valid ? to_float(at[i]) : 0.0f;
}

struct SimtTile {
  int x = static_cast<int>(threadIdx.x) % 16;
  int y = static_cast<int>(threadIdx.x) / 16;
  float sums[8][4] = {};

  // The row in the tile of sums[i].
  __device__ int row(int i) const { return i / 4 * 32 + y * 4 + i % 4; }

  // Adds a^T b of two slabs; column c of a's row k lies at c ^ swizzle(k).
  template <class Swizzle>
  __device__ __forceinline__ void multiply(const SimtSlab& a, const SimtSlab& b,
                                           Swizzle&& swizzle) {
#pragma unroll
    for (int k = 0; k < kSimtSlab; ++k) {
      float left[2][4], right[4];
      load(&a[k][(y * 4) ^ swizzle(k)], left[0]);
      load(&a[k][(32 + y * 4) ^ swizzle(k)], left[1]);
      load(&b[k][x * 4], right);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) sums[i][j] += left[i / 4][i % 4] * right[j];
      }
    }
  }
};

// This thread's part of a slab: vector t % 16 of rows t / 16 and 8 more.
struct SimtPart {
  float values[2][4];

  __device__ __forceinline__ void put(SimtSlab& slab) const {
#pragma unroll
    for (int u = 0; u < 2; ++u) {
      store(&slab[threadIdx.x / 16 + 8 * u][threadIdx.x % 16 * 4], values[u]);
    }
  }
};

// One chunk of pixels of one pair of channel tiles, to its place among the partial sums.
template <bool kVector, class T>
__device__ void gram_simt(const GramShape& shape, const T* features, int row_tile, int column_tile,
                          float* partial) {
  __shared__ SimtSlab left, right;
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * shape.chunk;
  const int pixels = static_cast<int>(min(static_cast<int64_t>(shape.chunk), shape.pixels - begin));
  features += (blockIdx.z * shape.pixels + begin) * shape.channels;
  const bool diagonal = row_tile == column_tile;
  const auto fetch = [&](int first, int tile, SimtPart& part) {
    const int channel = tile * kGramTile + static_cast<int>(threadIdx.x) % 16 * 4;
#pragma unroll
    for (int u = 0; u < 2; ++u) {
      const int pixel = first + static_cast<int>(threadIdx.x) / 16 + 8 * u;
      load_four<kVector>(features + static_cast<int64_t>(pixel) * shape.channels + channel,
                         pixel < pixels ? shape.channels - channel : 0, part.values[u]);
    }
  };
  SimtTile tile;
  SimtPart row_part, column_part;
  fetch(0, row_tile, row_part);
  if (!diagonal) fetch(0, column_tile, column_part);
  for (int pixel = 0; pixel < pixels; pixel += kSimtSlab) {
    row_part.put(left);
    if (!diagonal) column_part.put(right);
    __syncthreads();
    if (pixel + kSimtSlab < pixels) {
      fetch(pixel + kSimtSlab, row_tile, row_part);
      if (!diagonal) fetch(pixel + kSimtSlab, column_tile, column_part);
    }
    tile.multiply(left, diagonal ? left : right, [](int) { return 0; });
    __syncthreads();
  }
  // Unsigned, for nvcc splits a vector's store at a signed index.
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    store(partial + static_cast<uint32_t>(tile.row(i) * kGramTile + tile.x * 4), tile.sums[i]);
  }
}

// 64 pixels by 64 channels of dF = F S, S [width, width] with zeros beyond the channels. F's slab
// is turned on its way to shared memory: lanes hold four neighbouring k of eight pixels, and the
// swizzle by 8 for every four rows sends them to 32 banks.
template <bool kVector, class T>
__device__ void gram_gradient_simt(const GramShape& shape, const T* features,
                                   const float* symmetric, int width, int64_t first_pixel,
                                   int first_channel, T* gradient) {
  __shared__ SimtSlab left, right;
  const int group = static_cast<int>(threadIdx.x) % 4;
  const int line = static_cast<int>(threadIdx.x) / 4;
  SimtPart pixels, columns;
  const auto fetch = [&](int k) {
#pragma unroll
    for (int u = 0; u < 2; ++u) {
      const int64_t pixel = first_pixel + line + 32 * u;
      load_four<kVector>(features + pixel * shape.channels + k + group * 4,
                         pixel < shape.pixels ? shape.channels - (k + group * 4) : 0,
                         pixels.values[u]);
      const int row = k + static_cast<int>(threadIdx.x) / 16 + 8 * u;
      load(symmetric + static_cast<int64_t>(row) * width + first_channel + threadIdx.x % 16 * 4,
           columns.values[u]);
    }
  };
  SimtTile tile;
  fetch(0);
  for (int k = 0; k < shape.channels; k += kSimtSlab) {
#pragma unroll
    for (int u = 0; u < 2; ++u) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        left[group * 4 + i][(line + 32 * u) ^ (group * 8)] = pixels.values[u][i];
      }
    }
    columns.put(right);
    __syncthreads();
    if (k + kSimtSlab < shape.channels) fetch(k + kSimtSlab);
    tile.multiply(left, right, [](int row) { return row / 4 * 8; });
    __syncthreads();
  }
  const int channel = first_channel + tile.x * 4;
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int64_t pixel = first_pixel + tile.row(i);
    if (pixel >= shape.pixels || channel >= shape.channels) continue;
    T* to = gradient + pixel * shape.channels + channel;
    if constexpr (kVector) {
      store(to, tile.sums[i]);
    } else {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        if (channel + j < shape.channels) to[j] = from_float<T>(tile.sums[i][j]);
      }
    }
  }
}

}  // namespace nram::device
