// loss = mean |a - b|, and da = g sign(a - b) / count.
// Threads: a vector of up to 16 bytes of each tensor, grid-stride; a block adds up in a fixed
// order, and a second launch adds the blocks' sums. Moves every tensor once; bound by memory.
#include "kernels/common/loss.cuh"

namespace nram::device {

NRAM_LOSS_2(l1_loss, [](float a, float b) { return fabsf(a - b); })
NRAM_LOSS_GRADIENT_2(l1_loss_gradient, [=](float a, float b) {
  return a > b ? factor : a < b ? -factor : 0.0f;
})

}  // namespace nram::device
