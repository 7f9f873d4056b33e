// The hyperbolic tangent as a graph op; see kernels/tanh/tanh.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kTanh;
extern const Op kTanhGradient;

// y = tanh(x), any shape.
Variable tanh(Variable x);

}  // namespace nram
