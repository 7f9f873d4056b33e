// The Adam update as a graph op; see kernels/adam/adam.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kAdam;

struct AdamOptions {
  double beta1 = 0.5;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

// Updates parameters and both moments (externals of one shape) in place and returns their new
// values in that order. `step` [4] holds the rate, 1 - beta1^t, 1 - beta2^t, and a reserved number.
// With a guard (a scalar), nothing changes in a step where it is not finite.
std::vector<Variable> adam(Variable parameters, Variable gradients, Variable first_moment,
                           Variable second_moment, Variable step, const AdamOptions& options = {},
                           Variable guard = {});

}  // namespace nram
