// A one-channel mask times a feature map as a graph op; see kernels/mask_multiply/mask_multiply.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kMaskMultiply;
extern const Op kMaskMultiplyGradient;

// y = m * x; x, y [N,H,W,C], m [N,H,W,1].
Variable mask_multiply(Variable x, Variable m);

}  // namespace nram
