// Host side of a pointwise kernel's launch: shape, vector width and grid from the views of the
// call.
#pragma once

#include <algorithm>
#include <utility>

#include "kernels/common/launch.h"
#include "kernels/common/pointwise.h"

namespace nram {

constexpr uint32_t kPointwiseThreads = 256;

// Whether vectors of `width` elements fit the tensors' addresses, pitches and row lengths.
template <size_t kTensors>
bool fits_vectors(const std::array<const View*, kTensors>& views, int64_t width) {
  bool dense = true;
  for (const View* view : views) dense = dense && view->dense();
  for (const View* view : views) {
    const auto bytes = static_cast<uintptr_t>(width * size_of(view->dtype));
    const int64_t length = dense ? view->shape.count() : view->channels();
    if (reinterpret_cast<uintptr_t>(view->data) % bytes != 0 || length % width != 0) return false;
    if (!dense && view->pitch % width != 0) return false;
  }
  return true;
}

template <size_t kTensors>
PointwiseShape<static_cast<int>(kTensors)> pointwise_shape(
    const std::array<const View*, kTensors>& views, int width) {
  PointwiseShape<static_cast<int>(kTensors)> shape;
  bool dense = true;
  for (const View* view : views) dense = dense && view->dense();
  shape.vectors = views[0]->shape.count() / width;
  shape.row_vectors = dense ? 0 : static_cast<int32_t>(views[0]->channels() / width);
  for (size_t t = 0; t < kTensors; ++t) shape.pitch[t] = views[t]->pitch;
  return shape;
}

// Enough blocks to fill the card a few times over; each thread loops over the rest.
inline LaunchSize pointwise_grid(const Launcher& launcher, int64_t vectors) {
  const int64_t most = int64_t{16} * launcher.multiprocessors();
  const int64_t blocks = (vectors + kPointwiseThreads - 1) / kPointwiseThreads;
  return {static_cast<uint32_t>(std::clamp<int64_t>(blocks, 1, most))};
}

// Launches kernels[bfloat16][vectorised](shape, pointers of the views..., more...) over tensors of
// one dtype; the vectorised ones take 16 bytes at a time, the others one element.
template <size_t kTensors, class... More>
void pointwise_launch(const Call& call, const CudaKernel (&kernels)[2][2],
                      const std::array<const View*, kTensors>& views, const More&... more) {
  const int64_t wide = 16 / size_of(views[0]->dtype);
  const bool vectorised = fits_vectors(views, wide);
  const auto shape = pointwise_shape(views, vectorised ? static_cast<int>(wide) : 1);
  const CudaKernel& kernel = kernels[views[0]->dtype == DType::kBFloat16][vectorised];
  const LaunchSize grid = pointwise_grid(*call.launcher, shape.vectors);
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    call.launcher->launch(kernel, grid, {kPointwiseThreads}, 0, shape, views[kIndex]->data...,
                          more...);
  }
  (std::make_index_sequence<kTensors>{});
}

}  // namespace nram
