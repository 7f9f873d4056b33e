// Sum over all but the last dimension: y[c] = sum_r x[r, c]; the gradient of a bias. Summed in a
// fixed order that does not depend on the number of threads. y is float32 where x is bfloat16.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: x [..., C]; outputs: y [C]. The cuda kernel's workspace: column_sum_workspace(rows, C).
void channel_sum_reference(const Call& call);
void channel_sum_cpu(const Call& call);
void channel_sum_cuda(const Call& call);
size_t channel_sum_cpu_workspace(const Shape& shape);

}  // namespace nram::kernels
