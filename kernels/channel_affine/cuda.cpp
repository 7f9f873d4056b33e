#include "kernels/channel_affine/channel_affine.h"
#include "kernels/common/cuda_pointwise.h"

namespace nram::kernels {

void channel_affine_cuda(const Call& call) {
  static const CudaKernel kernels[2][2] =
      NRAM_POINTWISE_KERNELS("channel_affine", "channel_affine");
  const View &x = call.in(0), &y = call.out(0);
  const std::array<const View*, 2> views = {&x, &y};
  const auto channels = static_cast<uint32_t>(x.channels());
  const int64_t wide = 16 / size_of(x.dtype);
  const bool vectorised = fits_vectors(views, wide);
  const auto shape = pointwise_shape(views, vectorised ? wide : 1);
  LaunchSize grid = pointwise_grid(*call.launcher, shape.vectors);
  grid.x = (grid.x + channels - 1) / channels * channels;
  call.launcher->launch(kernels[x.dtype == DType::kBFloat16][vectorised], grid, {kPointwiseThreads},
                        0, shape, x.data, y.data, call.get<ChannelAffineAttributes>(),
                        static_cast<int>(channels));
}

}  // namespace nram::kernels
