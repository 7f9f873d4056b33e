// Sum of tensors of one shape as a graph op; see kernels/add/add.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kAdd;

// terms[0] + terms[1] + ..., in this order; 2 to 8 terms of one shape.
Variable add(const std::vector<Variable>& terms);

}  // namespace nram
