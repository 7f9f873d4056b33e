// y = tanh(x), and dx = dy (1 - y) (1 + y).
// Threads: a vector of up to 16 bytes each, grid-stride. Moves every tensor once; bound by memory.
#include "kernels/common/pointwise.cuh"

namespace nram::device {

NRAM_POINTWISE_1(tanh, [](float x) { return tanhf(x); })
NRAM_POINTWISE_2(tanh_gradient, [](float dy, float y) { return dy * (1 - y) * (1 + y); })

}  // namespace nram::device
