#include "kernels/common/cuda_pointwise.h"
#include "kernels/multiply/multiply.h"

namespace nram::kernels {

void multiply_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("multiply", "multiply");
  pointwise_launch<3>(call, kernels, {&call.in(0), &call.in(1), &call.out(0)});
}

}  // namespace nram::kernels
