// y = x > 0 ? x : slope x, and dx = y > 0 ? dy : slope dy.
// Threads: a vector of up to 16 bytes each, grid-stride. Moves every tensor once; bound by memory.
#include "kernels/common/pointwise.cuh"

namespace nram::device {

NRAM_POINTWISE_1(
    leaky_relu, [=](float x) { return x > 0 ? x : slope * x; }, float slope)
NRAM_POINTWISE_2(
    leaky_relu_gradient, [=](float dy, float y) { return y > 0 ? dy : slope * dy; }, float slope)

}  // namespace nram::device
