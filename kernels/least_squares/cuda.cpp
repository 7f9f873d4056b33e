#include "kernels/common/cuda_loss.h"
#include "kernels/least_squares/least_squares.h"

namespace nram::kernels {

void least_squares_cuda(const Call& call) {
  static const LossKernels kernels = NRAM_LOSS_KERNELS("least_squares", "least_squares");
  loss_launch<1>(call, kernels, 1 / static_cast<double>(call.in(0).shape.count()),
                 call.get<LeastSquaresAttributes>().target);
}

void least_squares_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] =
      NRAM_POINTWISE_KERNELS("least_squares", "least_squares_gradient");
  const auto scale = static_cast<float>(2 / static_cast<double>(call.in(1).shape.count()));
  pointwise_launch<2>(call, kernels, {&call.in(1), &call.out(0)}, call.in(0).data, scale,
                      call.get<LeastSquaresAttributes>().target);
}

}  // namespace nram::kernels
