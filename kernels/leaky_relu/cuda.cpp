#include "kernels/common/cuda_pointwise.h"
#include "kernels/leaky_relu/leaky_relu.h"

namespace nram::kernels {

void leaky_relu_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("leaky_relu", "leaky_relu");
  pointwise_launch<2>(call, kernels, {&call.in(0), &call.out(0)},
                      call.get<LeakyReluAttributes>().slope);
}

void leaky_relu_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] =
      NRAM_POINTWISE_KERNELS("leaky_relu", "leaky_relu_gradient");
  pointwise_launch<3>(call, kernels, {&call.in(0), &call.in(1), &call.out(0)},
                      call.get<LeakyReluAttributes>().slope);
}

}  // namespace nram::kernels
