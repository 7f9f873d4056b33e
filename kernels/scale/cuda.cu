// y = factor x.
// Threads: a vector of up to 16 bytes each, grid-stride. Moves every tensor once; bound by memory.
#include "kernels/common/pointwise.cuh"

namespace nram::device {

NRAM_POINTWISE_1(
    scale, [=](float x) { return factor * x; }, float factor)

}  // namespace nram::device
