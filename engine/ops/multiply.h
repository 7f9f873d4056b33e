// The product of two tensors, element by element, as a graph op; see kernels/multiply/multiply.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kMultiply;

// y = a * b, element by element; a, b and y of one shape.
Variable multiply(Variable a, Variable b);

}  // namespace nram
