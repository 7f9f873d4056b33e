#include "kernels/weighted_sum/weighted_sum.h"

namespace nram::kernels {

void weighted_sum_reference(const Call& call) {
  const auto attributes = call.get<WeightedSumAttributes>();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    double sum = 0;
    for (int i = 0; i < call.input_count; ++i) sum += attributes.weights[i] * *call.in(i).as<T>();
    *call.out(0).as<T>() = static_cast<T>(sum);
  });
}

}  // namespace nram::kernels
