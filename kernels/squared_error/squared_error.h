// Scaled squared distance: loss = scale * sum (a - b)^2, a and b dense and of one shape, loss a
// scalar. With Gram matrices and scale = 1 / batch this is the style loss (MODEL.md, Losses).
// Backward: da = 2 * scale * g * (a - b), g the scalar's gradient; db is the same with a and b
// exchanged.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct SquaredErrorAttributes {
  double scale;
};

// inputs: a, b; outputs: loss. The cpu kernel's workspace: sum_workspace_bytes(count).
void squared_error_reference(const Call& call);
void squared_error_cpu(const Call& call);
void squared_error_cuda(const Call& call);
// inputs: g, a, b; outputs: da.
void squared_error_gradient_reference(const Call& call);
void squared_error_gradient_cpu(const Call& call);
void squared_error_gradient_cuda(const Call& call);

}  // namespace nram::kernels
