#include "kernels/common/cuda_loss.h"
#include "kernels/l1_loss/l1_loss.h"

namespace nram::kernels {

void l1_loss_cuda(const Call& call) {
  static const LossKernels kernels = NRAM_LOSS_KERNELS("l1_loss", "l1_loss");
  loss_launch<2>(call, kernels, 1 / static_cast<double>(call.in(0).shape.count()));
}

void l1_loss_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("l1_loss", "l1_loss_gradient");
  const auto scale = static_cast<float>(1 / static_cast<double>(call.in(1).shape.count()));
  pointwise_launch<3>(call, kernels, {&call.in(1), &call.in(2), &call.out(0)}, call.in(0).data,
                      scale);
}

}  // namespace nram::kernels
