// Maximum over windows of 2 x 2 pixels with stride 2 (VGG): x [N,H,W,C] -> y [N,H/2,W/2,C], sizes
// rounded down, so that the last row or column of an odd size belongs to no window.
// Backward: dy goes to the first maximum of its window in row-major order; all else gets 0.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: x; outputs: y.
void max_pool_reference(const Call& call);
void max_pool_cpu(const Call& call);
void max_pool_cuda(const Call& call);
// inputs: dy, x; outputs: dx.
void max_pool_gradient_reference(const Call& call);
void max_pool_gradient_cpu(const Call& call);
void max_pool_gradient_cuda(const Call& call);

}  // namespace nram::kernels
