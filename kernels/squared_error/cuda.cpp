#include "kernels/common/cuda_loss.h"
#include "kernels/squared_error/squared_error.h"

namespace nram::kernels {

void squared_error_cuda(const Call& call) {
  static const LossKernels kernels = NRAM_LOSS_KERNELS("squared_error", "squared_error");
  loss_launch<2>(call, kernels, call.get<SquaredErrorAttributes>().scale);
}

void squared_error_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] =
      NRAM_POINTWISE_KERNELS("squared_error", "squared_error_gradient");
  const auto scale = static_cast<float>(2 * call.get<SquaredErrorAttributes>().scale);
  pointwise_launch<3>(call, kernels, {&call.in(1), &call.in(2), &call.out(0)}, call.in(0).data,
                      scale);
}

}  // namespace nram::kernels
