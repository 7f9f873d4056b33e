// Least-squares GAN loss of logits x (dense, any shape) against one target t for all:
// loss = mean (x - t)^2, a scalar. Backward: dx = 2 g (x - t) / count, g the scalar's gradient.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct LeastSquaresAttributes {
  float target;
};

// inputs: x; outputs: loss. The cpu kernel's workspace: sum_workspace_bytes(count).
void least_squares_reference(const Call& call);
void least_squares_cpu(const Call& call);
void least_squares_cuda(const Call& call);
// inputs: g, x; outputs: dx.
void least_squares_gradient_reference(const Call& call);
void least_squares_gradient_cpu(const Call& call);
void least_squares_gradient_cuda(const Call& call);

}  // namespace nram::kernels
