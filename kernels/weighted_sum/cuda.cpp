#include "kernels/common/launch.h"
#include "kernels/weighted_sum/weighted_sum.h"

namespace nram::kernels {

void weighted_sum_cuda(const Call& call) {
  static const CudaKernel kernel = {"weighted_sum", "weighted_sum"};
  WeightedTerms terms{};
  for (int i = 0; i < call.input_count; ++i) terms.data[i] = call.in(i).as<float>();
  call.launcher->launch(kernel, {1}, {1}, 0, terms, call.get<WeightedSumAttributes>(),
                        call.out(0).data);
}

}  // namespace nram::kernels
