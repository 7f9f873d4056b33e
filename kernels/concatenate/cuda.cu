// y = x, rows of bytes between tensors of different pitches.
// Threads: the widest of 16, 4 or 2 bytes each that divides addresses, pitches and rows,
// grid-stride. Moves every byte once; bound by memory.
#include "kernels/common/pointwise.cuh"

namespace nram::device {

// Sizes and pitches in units of `type`.
#define NRAM_COPY_ROWS(bytes, type)                                                           \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads) copy_rows_##bytes(          \
      PointwiseShape<2> shape, const type* __restrict__ x, type* __restrict__ y) {            \
    for_each_row_vector(shape.vectors, shape.row_vectors, [&](int64_t row, uint32_t column) { \
      y[row * shape.pitch[1] + column] = x[row * shape.pitch[0] + column];                    \
    });                                                                                       \
  }
NRAM_COPY_ROWS(16, uint4)
NRAM_COPY_ROWS(4, uint32_t)
NRAM_COPY_ROWS(2, uint16_t)

}  // namespace nram::device
