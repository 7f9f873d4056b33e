// Binary cross-entropy on logits x (dense, any shape) against one target t for all, 1 for real and
// 0 for not real: loss = mean (softplus(x) - t x), a scalar, computed as
// max(x, 0) - t x + log(1 + exp(-|x|)), which overflows nowhere.
// Backward: dx = g * (sigmoid(x) - t) / count, g the scalar's gradient.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct BinaryCrossEntropyAttributes {
  float target;
};

// inputs: x; outputs: loss. The cpu kernel's workspace: sum_workspace_bytes(count).
void binary_cross_entropy_reference(const Call& call);
void binary_cross_entropy_cpu(const Call& call);
void binary_cross_entropy_cuda(const Call& call);
// inputs: g, x; outputs: dx.
void binary_cross_entropy_gradient_reference(const Call& call);
void binary_cross_entropy_gradient_cpu(const Call& call);
void binary_cross_entropy_gradient_cuda(const Call& call);

}  // namespace nram::kernels
