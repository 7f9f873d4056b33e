// Device code: walking tiles of channels (channel_tiles.h), sums over the rows of a block in a
// fixed order, and mean and variance of every channel that way.
#pragma once

#include "kernels/common/channel_tiles.h"
#include "kernels/common/vector_access.cuh"

namespace nram::device {

// Rows that a thread loads before it uses the first: enough bytes in flight to hide the latency.
template <int kWidth>
constexpr int kRowBatch = kWidth == 8 ? 2 : 4;

// Where this thread works: a vector of kWidth channels, in every kRows-th row of the chunk.
template <int kWidth>
struct TileThread {
  static constexpr int kColumns = kWidth == 1 ? 32 : 8;
  static constexpr int kChannels = kColumns * kWidth;
  static constexpr int kRows = kChannelTileThreads / kColumns;
  static constexpr int kWarps = kChannelTileThreads / 32;

  __device__ explicit TileThread(const ChannelTiles& tiles)
      : column(static_cast<int>(threadIdx.x) % kColumns),
        row(static_cast<int>(threadIdx.x) / kColumns),
        channel(static_cast<int>(blockIdx.x) * kChannels + column * kWidth),
        active(channel < tiles.channels) {
    const int64_t first = static_cast<int64_t>(blockIdx.y) * tiles.chunk_rows;
    first_row = static_cast<int64_t>(blockIdx.z) * tiles.rows + first;
    rows = static_cast<int>(min(static_cast<int64_t>(tiles.chunk_rows), tiles.rows - first));
  }

  // This thread's first vector of a tensor; the next ones follow at kRows * pitch.
  template <class T>
  __device__ T* start(T* data, int64_t pitch) const {
    return data + (first_row + row) * pitch + channel;
  }

  int column, row, channel;
  bool active;        // false: the tile reaches beyond the last channel
  int64_t first_row;  // of the chunk, among the rows of the tensor
  int rows;           // of the chunk
};

// Memory of a block for sums: per warp, then in total, one value a channel. Channel column * kWidth
// + i of the tile lies in slot i * kColumns + column, which no two lanes of a warp's access share.
template <int kWidth>
struct TileSums {
  float parts[kChannelTileThreads / 32][TileThread<kWidth>::kChannels];
  float totals[2][TileThread<kWidth>::kChannels];

  // totals[which] = sums of the first `count` parts, in order.
  __device__ void finish(int which, int count) {
    __syncthreads();
    const int slot = static_cast<int>(threadIdx.x);
    if (slot < TileThread<kWidth>::kChannels) {
      float sum = parts[0][slot];
      for (int part = 1; part < count; ++part) sum += parts[part][slot];
      totals[which][slot] = sum;
    }
    __syncthreads();
  }
  // totals[which] = sums over the rows of the block; all threads call it.
  __device__ void sum_rows(int which, const TileThread<kWidth>& thread,
                           const float (&values)[kWidth]) {
    constexpr int kColumns = TileThread<kWidth>::kColumns;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      float value = values[i];
#pragma unroll
      for (int lane = 16; lane >= kColumns; lane /= 2) {
        value += __shfl_xor_sync(0xffffffffu, value, lane);
      }
      if (threadIdx.x % 32 < kColumns) {
        parts[threadIdx.x / 32][i * kColumns + thread.column] = value;
      }
    }
    finish(which, TileThread<kWidth>::kWarps);
  }
  // totals[which] = sum over chunks of value(chunk, slot); all threads call it.
  template <class Value>
  __device__ void sum_chunks(int which, Value&& value) {
    constexpr int kChannels = TileThread<kWidth>::kChannels;
    constexpr int kParts = kChannelTileThreads / kChannels;
    const int slot = static_cast<int>(threadIdx.x) % kChannels;
    const int part = static_cast<int>(threadIdx.x) / kChannels;
    float sum = 0;
    for (int chunk = part; chunk < static_cast<int>(gridDim.y); chunk += kParts) {
      sum += value(chunk, slot);
    }
    parts[part][slot] = sum;
    finish(which, kParts);
  }
  // The totals of this thread's channels.
  __device__ void get(int which, const TileThread<kWidth>& thread, float (&values)[kWidth]) const {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      values[i] = totals[which][i * TileThread<kWidth>::kColumns + thread.column];
    }
  }
};

// Where the partial value `which` of this block's group and tile lies, for a chunk and a slot.
template <int kWidth>
__device__ __forceinline__ int64_t partial_at(int which, int chunk, int slot) {
  constexpr int kChannels = TileThread<kWidth>::kChannels;
  const int64_t row = (static_cast<int64_t>(blockIdx.z) * gridDim.y + chunk) * 2 + which;
  return (row * gridDim.x + blockIdx.x) * kChannels + slot;
}

// Writes both totals to this block's place among the partial values.
template <int kWidth>
__device__ __forceinline__ void store_totals(const TileSums<kWidth>& sums, float* partial) {
  const int slot = static_cast<int>(threadIdx.x);
  if (slot >= TileThread<kWidth>::kChannels) return;
  const int chunk = static_cast<int>(blockIdx.y);
  partial[partial_at<kWidth>(0, chunk, slot)] = sums.totals[0][slot];
  partial[partial_at<kWidth>(1, chunk, slot)] = sums.totals[1][slot];
}

// Adds up both partial values over the chunks.
template <int kWidth>
__device__ __forceinline__ void load_totals(TileSums<kWidth>& sums, const float* partial) {
#pragma unroll
  for (int which = 0; which < 2; ++which) {
    sums.sum_chunks(which, [&](int chunk, int slot) {
      return partial[partial_at<kWidth>(which, chunk, slot)];
    });
  }
}

// kWidth floats that are aligned to as many, but to 16 bytes at most.
template <int kWidth>
__device__ __forceinline__ void load_floats(const float* at, float (&values)[kWidth]) {
  constexpr int kPart = kWidth < 4 ? kWidth : 4;
#pragma unroll
  for (int i = 0; i < kWidth; i += kPart) {
    float part[kPart];
    load(at + i, part);
#pragma unroll
    for (int j = 0; j < kPart; ++j) values[i + j] = part[j];
  }
}

template <int kWidth>
__device__ __forceinline__ void store_floats(float* at, const float (&values)[kWidth]) {
  constexpr int kPart = kWidth < 4 ? kWidth : 4;
#pragma unroll
  for (int i = 0; i < kWidth; i += kPart) {
    float part[kPart];
#pragma unroll
    for (int j = 0; j < kPart; ++j) part[j] = values[i + j];
    store(at + i, part);
  }
}

// Mean and sum of squared differences from it, of `count` values a channel.
template <int kWidth>
struct Moments {
  float count = 0;
  float mean[kWidth] = {};
  float squares[kWidth] = {};

  // Merges the first `size` rows of a batch (Chan, Golub, LeVeque 1983): its own mean first, so
  // that no large numbers cancel.
  template <int kBatch>
  __device__ void add(const float (&rows)[kBatch][kWidth], int size) {
    const float number = static_cast<float>(size);
    const float per_row = __fdividef(1.0f, number);
    const float weight = __fdividef(number, count + number);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      float sum = 0;
      float square = 0;
#pragma unroll
      for (int b = 0; b < kBatch; ++b) sum += b < size ? rows[b][i] : 0.0f;
      const float center = sum * per_row;
#pragma unroll
      for (int b = 0; b < kBatch; ++b) {
        const float difference = b < size ? rows[b][i] - center : 0.0f;
        square += difference * difference;
      }
      const float shift = center - mean[i];
      mean[i] += shift * weight;
      squares[i] += square + shift * shift * (count * weight);
    }
    count += number;
  }
};

// First kernel of a normalisation: each chunk's mean and sum of squared differences.
template <int kWidth, class T>
__device__ __forceinline__ void channel_statistics(const ChannelTiles& tiles, const T* x,
                                                   int64_t pitch, float* partial) {
  using Thread = TileThread<kWidth>;
  constexpr int kBatch = kRowBatch<kWidth>;
  __shared__ TileSums<kWidth> sums;
  const Thread thread(tiles);
  Moments<kWidth> moments;
  if (thread.active) {
    const T* at = thread.start(x, pitch);
    for (int row = thread.row; row < thread.rows; row += kBatch * Thread::kRows) {
      float rows[kBatch][kWidth];
      int size = 0;
#pragma unroll
      for (int b = 0; b < kBatch; ++b) {
        if (row + b * Thread::kRows >= thread.rows) continue;
        load(at + b * (Thread::kRows * pitch), rows[b]);
        size = b + 1;
      }
      moments.add(rows, size);
      at += kBatch * (Thread::kRows * pitch);
    }
  }
  // Over the block: the mean of all, then the squares about it.
  float values[kWidth];
#pragma unroll
  for (int i = 0; i < kWidth; ++i) values[i] = moments.count * moments.mean[i];
  sums.sum_rows(0, thread, values);
  sums.get(0, thread, values);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    const float shift = moments.mean[i] - values[i] / static_cast<float>(thread.rows);
    values[i] = moments.squares[i] + moments.count * (shift * shift);
  }
  sums.sum_rows(1, thread, values);
  const int slot = static_cast<int>(threadIdx.x);
  if (slot < Thread::kChannels) sums.totals[0][slot] /= static_cast<float>(thread.rows);
  store_totals(sums, partial);
}

// Merges the chunks of channel_statistics into this thread's mean and inverse deviation; the first
// chunk's block also writes them to memory.
template <int kWidth>
__device__ __forceinline__ void merge_statistics(const ChannelTiles& tiles,
                                                 const TileThread<kWidth>& thread,
                                                 TileSums<kWidth>& sums, const float* partial,
                                                 float epsilon, float* mean_out, float* inverse_out,
                                                 float (&mean)[kWidth], float (&inverse)[kWidth]) {
  const float per_row = 1.0f / static_cast<float>(tiles.rows);
  const auto chunk_rows = [&](int chunk) {
    const int64_t left = tiles.rows - static_cast<int64_t>(chunk) * tiles.chunk_rows;
    return static_cast<float>(min(left, static_cast<int64_t>(tiles.chunk_rows)));
  };
  sums.sum_chunks(0, [&](int chunk, int slot) {
    return chunk_rows(chunk) * partial[partial_at<kWidth>(0, chunk, slot)];
  });
  sums.sum_chunks(1, [&](int chunk, int slot) {
    const float shift =
        partial[partial_at<kWidth>(0, chunk, slot)] - sums.totals[0][slot] * per_row;
    return partial[partial_at<kWidth>(1, chunk, slot)] + chunk_rows(chunk) * (shift * shift);
  });
  sums.get(0, thread, mean);
  sums.get(1, thread, inverse);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    mean[i] *= per_row;
    inverse[i] = 1.0f / sqrtf(inverse[i] * per_row + epsilon);
  }
  if (blockIdx.y != 0 || thread.row != 0 || !thread.active) return;
  const int64_t at = static_cast<int64_t>(blockIdx.z) * tiles.channels + thread.channel;
  store_floats(mean_out + at, mean);
  store_floats(inverse_out + at, inverse);
}

}  // namespace nram::device
