// LeakyReLU as a graph op; see kernels/leaky_relu/leaky_relu.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kLeakyRelu;
extern const Op kLeakyReluGradient;

// y = max(x, slope * x), any shape; 0 <= slope <= 1 (0: ReLU).
Variable leaky_relu(Variable x, float slope);

}  // namespace nram
