// loss = mean (max(x, 0) - t x + log(1 + e^-|x|)), and dx = g (sigmoid(x) - t) / count.
// Threads: a vector of up to 16 bytes of each tensor, grid-stride; a block adds up in a fixed
// order, and a second launch adds the blocks' sums. Moves every tensor once; bound by memory.
#include "kernels/common/loss.cuh"

namespace nram::device {

__device__ __forceinline__ float cross_entropy(float x, float target) {
  return fmaxf(x, 0) - target * x + log1pf(expf(-fabsf(x)));
}

NRAM_LOSS_1(
    binary_cross_entropy, [=](float x) { return cross_entropy(x, target); }, float target)
NRAM_LOSS_GRADIENT_1(
    binary_cross_entropy_gradient,
    [=](float x) { return factor * (__fdividef(1.0f, 1 + expf(-x)) - target); }, float target)

}  // namespace nram::device
