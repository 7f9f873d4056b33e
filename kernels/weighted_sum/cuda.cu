// y = sum_i weights[i] x_i of up to 16 scalars, in double as on the other targets.
// One thread. Moves a few bytes: bound by the launch.
#include "kernels/weighted_sum/terms.h"

namespace nram::device {

extern "C" __global__ void __launch_bounds__(1)
    weighted_sum(kernels::WeightedTerms terms, kernels::WeightedSumAttributes attributes,
                 float* y) {
  double sum = 0;
#pragma unroll
  for (int i = 0; i < kernels::kMostWeightedTerms; ++i) {
    if (terms.data[i] != nullptr) sum += attributes.weights[i] * *terms.data[i];
  }
  *y = static_cast<float>(sum);
}

}  // namespace nram::device
