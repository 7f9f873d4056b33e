#include "kernels/common/cuda_pointwise.h"
#include "kernels/scale/scale.h"

namespace nram::kernels {

void scale_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("scale", "scale");
  pointwise_launch<2>(call, kernels, {&call.in(0), &call.out(0)},
                      call.get<ScaleAttributes>().factor);
}

}  // namespace nram::kernels
