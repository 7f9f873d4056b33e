// y = x, float to bfloat16 (to nearest even, NaN stays NaN) or bfloat16 to float.
// Threads: four elements each, 16 bytes of float and 8 of bfloat16, grid-stride. Moves both tensors
// once; bound by memory.
#include "kernels/common/pointwise.cuh"

namespace nram::device {

#define NRAM_CAST(from, to, width)                                                              \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads) cast_##from##_##to##_##width( \
      PointwiseShape<2> shape, const from* __restrict__ x, to* __restrict__ y) {                \
    map<width>(                                                                                 \
        shape, [](float value) { return value; }, y, x);                                        \
  }
NRAM_CAST(float, bfloat16, 4)
NRAM_CAST(float, bfloat16, 1)
NRAM_CAST(bfloat16, float, 4)
NRAM_CAST(bfloat16, float, 1)

}  // namespace nram::device
