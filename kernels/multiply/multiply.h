// y = a * b, element by element; a, b and y of one shape. Its gradients are products too.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: a, b; outputs: y.
void multiply_reference(const Call& call);
void multiply_cpu(const Call& call);
void multiply_cuda(const Call& call);

}  // namespace nram::kernels
