// Multiplication by a fixed number as a graph op; see kernels/scale/scale.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kScale;

// y = factor * x, any shape.
Variable scale(Variable x, float factor);

}  // namespace nram
