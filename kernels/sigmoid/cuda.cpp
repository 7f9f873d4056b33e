#include "kernels/common/cuda_pointwise.h"
#include "kernels/sigmoid/sigmoid.h"

namespace nram::kernels {

void sigmoid_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("sigmoid", "sigmoid");
  pointwise_launch<2>(call, kernels, {&call.in(0), &call.out(0)});
}

void sigmoid_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("sigmoid", "sigmoid_gradient");
  pointwise_launch<3>(call, kernels, {&call.in(0), &call.in(1), &call.out(0)});
}

}  // namespace nram::kernels
