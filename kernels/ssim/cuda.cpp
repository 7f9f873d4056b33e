#include <algorithm>

#include "kernels/common/launch.h"
#include "kernels/ssim/cuda_shape.h"
#include "kernels/ssim/ssim.h"

namespace nram::kernels {
namespace {

constexpr const char* kModule = "ssim";
// By [bfloat16].
const CudaKernel kSimilarity[2] = {{kModule, "ssim_float"}, {kModule, "ssim_bfloat16"}};
const CudaKernel kDerivatives[2] = {{kModule, "ssim_derivatives_float"},
                                    {kModule, "ssim_derivatives_bfloat16"}};
const CudaKernel kGradient[2] = {{kModule, "ssim_gradient_float"},
                                 {kModule, "ssim_gradient_bfloat16"}};
const CudaKernel kFinish = {kModule, "ssim_finish"};

int64_t positions(int64_t size) { return size - kSsimTaps + 1; }

SsimShape shape_of(const Shape& image) {
  SsimShape shape;
  std::copy(ssim_window().begin(), ssim_window().end(), shape.taps);
  shape.height = static_cast<int32_t>(image[1]);
  shape.width = static_cast<int32_t>(image[2]);
  shape.channels = static_cast<int32_t>(image[3]);
  shape.group = std::min(shape.channels, kSsimChannels);
  shape.groups = static_cast<int32_t>(blocks_for(shape.channels, shape.group));
  const int64_t tiles = blocks_for(positions(shape.width) * shape.group, kSsimThreads);
  shape.sums = static_cast<int32_t>(tiles * positions(shape.height) * shape.groups);
  return shape;
}

// Of rows of `width` pixels.
LaunchSize grid_of(const SsimShape& shape, const Shape& image, int64_t height, int64_t width) {
  return {blocks_for(width * shape.group, kSsimThreads), static_cast<uint32_t>(height),
          static_cast<uint32_t>(image[0] * shape.groups)};
}

LaunchSize window_grid(const SsimShape& shape, const Shape& image) {
  return grid_of(shape, image, positions(image[1]), positions(image[2]));
}

}  // namespace

size_t ssim_cuda_workspace(const Shape& image) {
  return sizeof(double) * static_cast<size_t>(image[0] * shape_of(image).sums);
}

void ssim_cuda(const Call& call) {
  const View &a = call.in(0), &b = call.in(1), &range = call.in(2), &y = call.out(0);
  const SsimShape shape = shape_of(a.shape);
  call.launcher->launch(kSimilarity[a.dtype == DType::kBFloat16], window_grid(shape, a.shape),
                        {kSsimThreads}, 0, shape, a.data, b.data, range.data, call.workspace);
  call.launcher->launch(kFinish, {static_cast<uint32_t>(a.shape[0])}, {kSsimThreads}, 0, shape,
                        call.workspace, y.data);
}

size_t ssim_gradient_cuda_workspace(const Shape& image) {
  const int64_t windows = image[0] * positions(image[1]) * positions(image[2]) * image[3];
  return 3 * sizeof(double) * static_cast<size_t>(windows);
}

void ssim_gradient_cuda(const Call& call) {
  const View &dy = call.in(0), &a = call.in(1), &b = call.in(2), &range = call.in(3);
  const View& da = call.out(0);
  const SsimShape shape = shape_of(a.shape);
  const bool bfloat16 = a.dtype == DType::kBFloat16;
  call.launcher->launch(kDerivatives[bfloat16], window_grid(shape, a.shape), {kSsimThreads}, 0,
                        shape, dy.data, a.data, b.data, range.data, call.workspace);
  call.launcher->launch(kGradient[bfloat16], grid_of(shape, a.shape, a.shape[1], a.shape[2]),
                        {kSsimThreads}, 0, shape, a.data, b.data, call.workspace, da.data);
}

}  // namespace nram::kernels
