#include "kernels/weighted_sum/weighted_sum.h"

namespace nram::kernels {

void weighted_sum_cpu(const Call& call) { weighted_sum_reference(call); }

}  // namespace nram::kernels
