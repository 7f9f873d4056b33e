#include "kernels/common/cuda_pointwise.h"
#include "kernels/mask_multiply/mask_multiply.h"

namespace nram::kernels {

void mask_multiply_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("mask_multiply", "mask_multiply");
  const View &x = call.in(0), &m = call.in(1), &y = call.out(0);
  const int64_t wide = 16 / size_of(x.dtype);
  const bool vectorised = rows_fit_vectors<2>({&x, &y}, wide);
  const auto shape = row_shape<3>({&x, &m, &y}, vectorised ? wide : 1);
  call.launcher->launch(kernels[x.dtype == DType::kBFloat16][vectorised],
                        pointwise_grid(*call.launcher, shape.vectors), {kPointwiseThreads}, 0,
                        shape, x.data, m.data, y.data);
}

void mask_multiply_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] =
      NRAM_POINTWISE_KERNELS("mask_multiply", "mask_multiply_gradient");
  const View &dy = call.in(0), &x = call.in(1), &m = call.in(2);
  const View &dx = call.out(0), &dm = call.out(1);
  const int64_t wide = 16 / size_of(x.dtype);
  const bool vectorised = rows_fit_vectors<3>({&dy, &x, &dx}, wide);
  const auto shape = row_shape<5>({&dy, &x, &m, &dx, &dm}, vectorised ? wide : 1);
  int lanes = 1;
  while (lanes < shape.row_vectors && lanes < 32) lanes *= 2;
  call.launcher->launch(kernels[x.dtype == DType::kBFloat16][vectorised],
                        pointwise_grid(*call.launcher, x.rows() * lanes), {kPointwiseThreads}, 0,
                        shape, lanes, dy.data, x.data, m.data, dx.data, dm.data);
}

}  // namespace nram::kernels
