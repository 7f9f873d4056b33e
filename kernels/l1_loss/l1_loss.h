// Mean absolute error: loss = mean |a - b|, a and b dense and of one shape, loss a scalar.
// Backward: da = g * sign(a - b) / count with sign(0) = 0, g the scalar's gradient; db is the same
// with a and b exchanged.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: a, b; outputs: loss. The cpu kernel's workspace: sum_workspace_bytes(count).
void l1_loss_reference(const Call& call);
void l1_loss_cpu(const Call& call);
void l1_loss_cuda(const Call& call);
// inputs: g, a, b; outputs: da.
void l1_loss_gradient_reference(const Call& call);
void l1_loss_gradient_cpu(const Call& call);
void l1_loss_gradient_cuda(const Call& call);

}  // namespace nram::kernels
