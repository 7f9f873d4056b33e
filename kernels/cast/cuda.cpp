#include "kernels/cast/cast.h"
#include "kernels/common/cuda_pointwise.h"
#include "kernels/concatenate/concatenate.h"

namespace nram::kernels {

void cast_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = {
      {{"cast", "cast_float_bfloat16_1"}, {"cast", "cast_float_bfloat16_4"}},
      {{"cast", "cast_bfloat16_float_1"}, {"cast", "cast_bfloat16_float_4"}}};
  const View &x = call.in(0), &y = call.out(0);
  if (x.dtype == y.dtype) return copy_cuda(call);
  const std::array<const View*, 2> views = {&x, &y};
  const bool vectorised = fits_vectors(views, 4);
  const auto shape = pointwise_shape(views, vectorised ? 4 : 1);
  call.launcher->launch(kernels[x.dtype == DType::kBFloat16][vectorised],
                        pointwise_grid(*call.launcher, shape.vectors), {kPointwiseThreads}, 0,
                        shape, x.data, y.data);
}

}  // namespace nram::kernels
