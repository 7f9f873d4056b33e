// One step of an exponential moving average, in place:
//   state' = (1 - momentum) * state + momentum * scale * f(value).
// f is the identity, or turns the inverse deviation of a normalisation into its biased variance:
// f(v) = 1 / v^2 - epsilon. With scale = n / (n - 1) the state then follows the unbiased variance.
// state [C], value [C] or [1,C].
#pragma once

#include "kernels/common/call.h"
#include "kernels/moving_average/attributes.h"

namespace nram::kernels {

// inputs: state, value; outputs: state', the memory of state.
void moving_average_reference(const Call& call);
void moving_average_cpu(const Call& call);
void moving_average_cuda(const Call& call);

}  // namespace nram::kernels
