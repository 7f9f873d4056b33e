#include "kernels/binary_cross_entropy/binary_cross_entropy.h"
#include "kernels/common/cuda_loss.h"

namespace nram::kernels {

void binary_cross_entropy_cuda(const Call& call) {
  static const LossKernels kernels =
      NRAM_LOSS_KERNELS("binary_cross_entropy", "binary_cross_entropy");
  loss_launch<1>(call, kernels, 1 / static_cast<double>(call.in(0).shape.count()),
                 call.get<BinaryCrossEntropyAttributes>().target);
}

void binary_cross_entropy_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] =
      NRAM_POINTWISE_KERNELS("binary_cross_entropy", "binary_cross_entropy_gradient");
  const auto scale = static_cast<float>(1 / static_cast<double>(call.in(1).shape.count()));
  pointwise_launch<2>(call, kernels, {&call.in(1), &call.out(0)}, call.in(0).data, scale,
                      call.get<BinaryCrossEntropyAttributes>().target);
}

}  // namespace nram::kernels
