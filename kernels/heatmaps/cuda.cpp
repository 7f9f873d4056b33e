#include "kernels/common/cuda_pointwise.h"
#include "kernels/heatmaps/heatmaps.h"
#include "kernels/heatmaps/maps.h"

namespace nram::kernels {

void heatmaps_cuda(const Call& call) {
  static const CudaKernel kernels[2] = {{"heatmaps", "heatmaps_1"}, {"heatmaps", "heatmaps_4"}};
  const View& maps = call.out(0);
  const int64_t count = maps.shape.count();
  NRAM_CHECK(count < int64_t{1} << 31, "heatmaps of more than 2^31 elements: ", maps.shape);
  const bool vectorised = fits_vectors<1>({&maps}, 4);
  const int64_t width = vectorised ? 4 : 1;
  const double sigma = call.get<HeatmapsAttributes>().sigma;
  HeatmapsOutput output{};
  output.vectors = static_cast<uint32_t>(count / width);
  output.tail = static_cast<uint32_t>(count % width);
  output.height = static_cast<uint32_t>(maps.shape[1]);
  output.width = static_cast<uint32_t>(maps.shape[2]);
  output.keypoints = static_cast<uint32_t>(maps.channels());
  output.inverse_variance = static_cast<float>(1 / (sigma * sigma));
  output.pitch = maps.pitch;
  call.launcher->launch(kernels[vectorised], pointwise_grid(*call.launcher, output.vectors),
                        {kPointwiseThreads}, 0, output, call.in(0).data, maps.data);
}

}  // namespace nram::kernels
