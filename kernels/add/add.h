// Sum of 2 to 8 tensors of one shape, added from the first to the last:
// y = ((x_0 + x_1) + x_2) + ...
#pragma once

#include "kernels/add/terms.h"
#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: x_0 .. x_n; outputs: y, which may be the memory of any one input.
void add_reference(const Call& call);
void add_cpu(const Call& call);
void add_cuda(const Call& call);

}  // namespace nram::kernels
