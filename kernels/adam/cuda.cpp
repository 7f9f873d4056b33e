#include "kernels/adam/adam.h"
#include "kernels/adam/factors.h"
#include "kernels/common/cuda_pointwise.h"

namespace nram::kernels {

void adam_cuda(const Call& call) {
  static const CudaKernel kernels[2] = {{"adam", "adam_1"}, {"adam", "adam_4"}};
  const auto [beta1, beta2, epsilon] = call.get<AdamAttributes>();
  const AdamFactors factors = {static_cast<float>(beta1), static_cast<float>(1 - beta1),
                               static_cast<float>(beta2), static_cast<float>(1 - beta2),
                               static_cast<float>(epsilon)};
  const void* const guard = call.input_count == 6 ? call.in(5).data : nullptr;
  const int64_t count = call.in(0).shape.count();
  const bool vectorised = fits_vectors<7>({&call.in(0), &call.in(1), &call.in(2), &call.in(3),
                                           &call.out(0), &call.out(1), &call.out(2)},
                                          4);
  call.launcher->launch(kernels[vectorised],
                        pointwise_grid(*call.launcher, vectorised ? count / 4 : count),
                        {kPointwiseThreads}, 0, count, factors, call.in(0).data, call.in(1).data,
                        call.in(2).data, call.in(3).data, call.in(4).data, guard, call.out(0).data,
                        call.out(1).data, call.out(2).data);
}

}  // namespace nram::kernels
