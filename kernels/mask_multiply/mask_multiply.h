// y = m * x with a one-channel mask m that every channel of its pixel shares:
// x, y [N,H,W,C]; m [N,H,W,1]. Backward: dx = m * dy; dm = sum over channels of x * dy.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: x, m; outputs: y.
void mask_multiply_reference(const Call& call);
void mask_multiply_cpu(const Call& call);
void mask_multiply_cuda(const Call& call);
// inputs: dy, x, m; outputs: dx, dm.
void mask_multiply_gradient_reference(const Call& call);
void mask_multiply_gradient_cpu(const Call& call);
void mask_multiply_gradient_cuda(const Call& call);

}  // namespace nram::kernels
