// y = a b.
// Threads: a vector of up to 16 bytes each, grid-stride. Moves every tensor once; bound by memory.
#include "kernels/common/pointwise.cuh"

namespace nram::device {

NRAM_POINTWISE_2(multiply, [](float a, float b) { return a * b; })

}  // namespace nram::device
