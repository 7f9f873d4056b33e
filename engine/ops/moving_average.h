// Running statistics of batch normalisation as graph ops; see
// kernels/moving_average/moving_average.h.
#pragma once

#include "engine/graph.h"
#include "engine/ops/normalization.h"

namespace nram {

extern const Op kMovingAverage;

// state becomes (1 - momentum) * state + momentum * value, in its own memory, once per run; returns
// its new value. state [C], an external; value [C] or [1,C].
Variable moving_average(Variable state, Variable value, float momentum);

// As moving_average for a state that follows the unbiased variance, of a batch normalisation with
// this epsilon over `count` values (N * H * W) a channel; inverse_deviation [1,C]. With count = 1
// the variance stays biased.
Variable moving_variance(Variable state, Variable inverse_deviation, float momentum, float epsilon,
                         int64_t count);

}  // namespace nram
