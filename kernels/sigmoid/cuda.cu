// y = 1 / (1 + e^-x), and dx = dy y (1 - y).
// Threads: a vector of up to 16 bytes each, grid-stride. Moves every tensor once; bound by memory.
#include "kernels/common/pointwise.cuh"

namespace nram::device {

// Where e^-x overflows, the quick division gives 0 as it should.
NRAM_POINTWISE_1(sigmoid, [](float x) { return __fdividef(1.0f, 1 + expf(-x)); })
NRAM_POINTWISE_2(sigmoid_gradient, [](float dy, float y) { return dy * y * (1 - y); })

}  // namespace nram::device
