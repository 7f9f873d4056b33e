// loss = scale sum (a - b)^2, and da = 2 scale g (a - b).
// Threads: a vector of up to 16 bytes of each tensor, grid-stride; a block adds up in a fixed
// order, and a second launch adds the blocks' sums. Moves every tensor once; bound by memory.
#include "kernels/common/loss.cuh"

namespace nram::device {

NRAM_LOSS_2(squared_error, [](float a, float b) { return (a - b) * (a - b); })
NRAM_LOSS_GRADIENT_2(squared_error_gradient, [=](float a, float b) { return factor * (a - b); })

}  // namespace nram::device
