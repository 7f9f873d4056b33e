// loss = mean (x - t)^2, and dx = 2 g (x - t) / count.
// Threads: a vector of up to 16 bytes of each tensor, grid-stride; a block adds up in a fixed
// order, and a second launch adds the blocks' sums. Moves every tensor once; bound by memory.
#include "kernels/common/loss.cuh"

namespace nram::device {

NRAM_LOSS_1(
    least_squares, [=](float x) { return (x - target) * (x - target); }, float target)
NRAM_LOSS_GRADIENT_1(
    least_squares_gradient, [=](float x) { return factor * (x - target); }, float target)

}  // namespace nram::device
