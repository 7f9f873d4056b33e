#include "kernels/common/cuda_pointwise.h"
#include "kernels/max_pool/max_pool.h"
#include "kernels/max_pool/windows.h"

namespace nram::kernels {
namespace {

// `lines` and `columns` of windows in an image of x; y is dy backward.
PoolWindows windows_of(const View& x, const View& y, int64_t lines, int64_t columns,
                       int64_t vector_width) {
  PoolWindows windows{};
  windows.pixel_vectors = static_cast<int32_t>(x.channels() / vector_width);
  windows.line_vectors = static_cast<int32_t>(columns) * windows.pixel_vectors;
  windows.lines = static_cast<int32_t>(lines);
  windows.vectors = x.shape[0] * lines * windows.line_vectors;
  windows.height = static_cast<int32_t>(x.shape[1]);
  windows.width = static_cast<int32_t>(x.shape[2]);
  windows.out_height = static_cast<int32_t>(y.shape[1]);
  windows.out_width = static_cast<int32_t>(y.shape[2]);
  windows.x_pitch = x.pitch;
  windows.y_pitch = y.pitch;
  return windows;
}

}  // namespace

void max_pool_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("max_pool", "max_pool");
  const View &x = call.in(0), &y = call.out(0);
  const int64_t wide = 16 / size_of(x.dtype);
  const bool vectorised = rows_fit_vectors<2>({&x, &y}, wide);
  const PoolWindows windows = windows_of(x, y, y.shape[1], y.shape[2], vectorised ? wide : 1);
  call.launcher->launch(kernels[x.dtype == DType::kBFloat16][vectorised],
                        pointwise_grid(*call.launcher, windows.vectors), {kPointwiseThreads}, 0,
                        windows, x.data, y.data);
}

void max_pool_gradient_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("max_pool", "max_pool_gradient");
  const View &dy = call.in(0), &x = call.in(1), &dx = call.out(0);
  const int64_t wide = 16 / size_of(x.dtype);
  const bool vectorised = rows_fit_vectors<3>({&dy, &x, &dx}, wide);
  PoolWindows windows =
      windows_of(x, dy, (x.shape[1] + 1) / 2, (x.shape[2] + 1) / 2, vectorised ? wide : 1);
  windows.dx_pitch = dx.pitch;
  call.launcher->launch(kernels[x.dtype == DType::kBFloat16][vectorised],
                        pointwise_grid(*call.launcher, windows.vectors), {kPointwiseThreads}, 0,
                        windows, dy.data, x.data, dx.data);
}

}  // namespace nram::kernels
