// Weighted sum of up to 16 scalars: y = sum_i weights[i] * x_i, a scalar. Backward: the gradient of
// x_i is the weighted sum of the one scalar g with weights[i].
#pragma once

#include "kernels/common/call.h"
#include "kernels/weighted_sum/terms.h"

namespace nram::kernels {

// inputs: x_0 .. x_n-1; outputs: y.
void weighted_sum_reference(const Call& call);
void weighted_sum_cpu(const Call& call);
void weighted_sum_cuda(const Call& call);

}  // namespace nram::kernels
