#include "kernels/common/cuda_pointwise.h"
#include "kernels/resize/resize.h"
#include "kernels/resize/sizes.h"

namespace nram::kernels {
namespace {

// From x's shape to y's, by kernels that read `from` and write `to`.
void launch_resize(const Call& call, const CudaKernel (&kernels)[2][2], const Shape& x,
                   const Shape& y) {
  const View &from = call.in(0), &to = call.out(0);
  constexpr int64_t kMost = int64_t{1} << 28;  // positions are products of two sizes, in 32 bits
  NRAM_CHECK(x[1] * y[1] < kMost && x[2] * y[2] < kMost, "resize of too large images: ", x, " to ",
             y);
  const int64_t wide = 16 / size_of(from.dtype);
  const bool vectorised = rows_fit_vectors<2>({&from, &to}, wide);
  ResizeSizes sizes{};
  sizes.pixel_vectors = static_cast<int32_t>(to.channels() / (vectorised ? wide : 1));
  sizes.line_vectors = static_cast<int32_t>(to.shape[2]) * sizes.pixel_vectors;
  sizes.vectors = to.rows() * sizes.pixel_vectors;
  sizes.height = static_cast<int32_t>(x[1]);
  sizes.width = static_cast<int32_t>(x[2]);
  sizes.y_height = static_cast<int32_t>(y[1]);
  sizes.y_width = static_cast<int32_t>(y[2]);
  call.launcher->launch(kernels[from.dtype == DType::kBFloat16][vectorised],
                        pointwise_grid(*call.launcher, sizes.vectors), {kPointwiseThreads}, 0,
                        sizes, from.data, to.data);
}

}  // namespace

void resize_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("resize", "resize");
  launch_resize(call, kernels, call.in(0).shape, call.out(0).shape);
}

void resize_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("resize", "resize_gradient");
  launch_resize(call, kernels, call.out(0).shape, call.in(0).shape);
}

}  // namespace nram::kernels
