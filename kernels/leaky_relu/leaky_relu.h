// LeakyReLU (paper, eq. 3): y = x where x > 0, slope * x elsewhere. Any shape; x and y share it.
// Backward from the output, positive exactly where x is (slope >= 0; 0 is ReLU): dx = dy where y >
// 0, slope * dy elsewhere.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct LeakyReluAttributes {
  float slope;
};

// inputs: x; outputs: y.
void leaky_relu_reference(const Call& call);
void leaky_relu_cpu(const Call& call);
void leaky_relu_cuda(const Call& call);
// inputs: dy, y; outputs: dx.
void leaky_relu_gradient_reference(const Call& call);
void leaky_relu_gradient_cpu(const Call& call);
void leaky_relu_gradient_cuda(const Call& call);

}  // namespace nram::kernels
