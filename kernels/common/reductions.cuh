// Device code: sums over warps, blocks and the rows of a block, always in the same order, so that
// the same input gives the same bits. Every thread of the block takes part in every call.
#pragma once

#include <cstdint>

namespace nram::device {

constexpr int kWarp = 32;
constexpr unsigned kWholeWarp = 0xFFFFFFFF;

// Sum over groups of `lanes` neighbouring lanes (a power of two up to 32); all lanes get their
// group's.
template <class T>
__device__ __forceinline__ T warp_sum(T value, int lanes = kWarp) {
  for (int distance = lanes / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(kWholeWarp, value, distance);
  }
  return value;
}

// Sums each value over a block of kThreads threads (blockDim.x, in one dimension); all threads get
// the sums. `scratch` is shared memory; a barrier of the caller's lies between two uses of it.
template <int kThreads, int kValues, class T>
__device__ __forceinline__ void block_sum(T (&values)[kValues],
                                          T (&scratch)[kValues][kThreads / kWarp]) {
  static_assert(kThreads % kWarp == 0 && kThreads <= 1024);
  const int warp = threadIdx.x / kWarp;
#pragma unroll
  for (int i = 0; i < kValues; ++i) {
    const T sum = warp_sum(values[i]);
    if (threadIdx.x % kWarp == 0) scratch[i][warp] = sum;
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kValues; ++i) {
    T sum = scratch[i][0];
#pragma unroll
    for (int w = 1; w < kThreads / kWarp; ++w) sum += scratch[i][w];
    values[i] = sum;
  }
}

// Floats of shared memory for column_sum.
template <int kThreads, int kValues>
constexpr int kColumnSumScratch = kThreads*(kValues + 1);

// A block of kThreads threads (in one dimension) stands as rows of `columns` threads, a power of
// two up to kThreads. Sums each of a thread's values (1, 2, 4, 8, 16 or 32) over its column, then
// calls write(column, value, sum) once for each column and value: neighbouring threads get
// neighbouring values of a column, then neighbouring columns. `scratch` is shared memory; a barrier
// of the caller's lies between two uses of it.
template <int kThreads, int kValues, class Write>
__device__ __forceinline__ void column_sum(float (&values)[kValues], int columns,
                                           float (&scratch)[kColumnSumScratch<kThreads, kValues>],
                                           Write&& write) {
  static_assert(kWarp % kValues == 0 && kThreads % kWarp == 0);
  // Values of a column lie this far apart, so that neither access meets a bank twice.
  constexpr int kGap = kWarp / kValues;
  const int stride = columns + (columns % (2 * kGap) == 0 ? kGap : 0);
  const int thread = threadIdx.x;
  // Rows inside one warp are added by shuffles.
  const int row_threads = columns < kWarp ? kWarp : columns;
#pragma unroll
  for (int i = 0; i < kValues; ++i) {
    for (int distance = kWarp / 2; distance >= columns; distance /= 2) {
      values[i] += __shfl_xor_sync(kWholeWarp, values[i], distance);
    }
  }
  const int row = thread / row_threads;
  const int column = thread % row_threads;
  if (column < columns) {
#pragma unroll
    for (int i = 0; i < kValues; ++i) scratch[(row * kValues + i) * stride + column] = values[i];
  }
  __syncthreads();
  const int rows = kThreads / row_threads;
  for (int output = thread; output < columns * kValues; output += kThreads) {
    const int at = output % kValues * stride + output / kValues;
    float sum = scratch[at];
    for (int r = 1; r < rows; ++r) sum += scratch[at + r * kValues * stride];
    write(output / kValues, output % kValues, sum);
  }
}

}  // namespace nram::device
