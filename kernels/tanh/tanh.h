// Hyperbolic tangent: y = tanh(x), the generator's last step.
// Any shape; x and y share it. Backward from the output: dx = dy * (1 - y^2).
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: x; outputs: y.
void tanh_reference(const Call& call);
void tanh_cpu(const Call& call);
void tanh_cuda(const Call& call);
// inputs: dy, y; outputs: dx.
void tanh_gradient_reference(const Call& call);
void tanh_gradient_cpu(const Call& call);
void tanh_gradient_cuda(const Call& call);

}  // namespace nram::kernels
