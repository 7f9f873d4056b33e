// y[c] = sum_r x[r, c]. Threads: blocks of 64 x 4 (columns, rows) or narrower and taller, each
// thread a vector of up to 16 bytes of channels down its rows; then the rows of threads are added,
// and the same kernel adds the parts' sums. Moves x once; bound by memory.
#include "kernels/common/reductions.cuh"
#include "kernels/common/reductions.h"
#include "kernels/common/vector_access.cuh"

namespace nram::device {

// Part blockIdx.y of the rows of x, whose `vectors` vectors of channels make the width: sums to row
// blockIdx.y of the dense `sums`.
template <int kWidth, class T>
__device__ void sum_rows(ColumnTiling tiling, const T* x, int64_t pitch, int64_t rows,
                         float* sums) {
  __shared__ float scratch[kColumnSumScratch<kReductionThreads, kWidth>];
  const int columns = tiling.columns;
  const int first = blockIdx.x * columns;
  const int vector = first + threadIdx.x % columns;
  float total[kWidth] = {};
  if (vector < tiling.vectors) {
    const int64_t begin = blockIdx.y * tiling.rows_of_a_part;
    const int64_t end = min(begin + tiling.rows_of_a_part, rows);
    const int thread_rows = kReductionThreads / columns;
    const T* at = x + (begin + threadIdx.x / columns) * pitch + vector * kWidth;
    const int count = static_cast<int>(end - begin) - static_cast<int>(threadIdx.x) / columns;
#pragma unroll 4
    for (int r = 0; r < count; r += thread_rows) {
      float values[kWidth];
      load(at, values);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) total[i] += values[i];
      at += thread_rows * pitch;
    }
  }
  float* row = sums + static_cast<int64_t>(blockIdx.y) * tiling.vectors * kWidth;
  column_sum<kReductionThreads>(total, columns, scratch, [&](int column, int value, float sum) {
    if (first + column < tiling.vectors) row[(first + column) * kWidth + value] = sum;
  });
}

#define NRAM_CHANNEL_SUM(type, width)                                                              \
  extern "C" __global__ void __launch_bounds__(kReductionThreads)                                  \
      channel_sum_##type##_##width(ColumnTiling tiling, const type* __restrict__ x, int64_t pitch, \
                                   int64_t rows, float* __restrict__ y) {                          \
    sum_rows<width>(tiling, x, pitch, rows, y);                                                    \
  }

NRAM_CHANNEL_SUM(float, 4)
NRAM_CHANNEL_SUM(float, 1)
NRAM_CHANNEL_SUM(bfloat16, 8)
NRAM_CHANNEL_SUM(bfloat16, 1)

}  // namespace nram::device
