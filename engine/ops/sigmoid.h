// The sigmoid as a graph op; see kernels/sigmoid/sigmoid.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kSigmoid;
extern const Op kSigmoidGradient;

// y = 1 / (1 + e^-x), any shape.
Variable sigmoid(Variable x);

}  // namespace nram
