// Sigmoid: y = 1 / (1 + e^-x).
// Any shape; x and y share it. Backward from the output: dx = dy * y * (1 - y).
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

// inputs: x; outputs: y.
void sigmoid_reference(const Call& call);
void sigmoid_cpu(const Call& call);
void sigmoid_cuda(const Call& call);
// inputs: dy, y; outputs: dx.
void sigmoid_gradient_reference(const Call& call);
void sigmoid_gradient_cpu(const Call& call);
void sigmoid_gradient_cuda(const Call& call);

}  // namespace nram::kernels
