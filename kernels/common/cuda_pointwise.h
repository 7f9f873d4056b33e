// Host side of a pointwise kernel's launch: shape, vector width and grid from the views of the
// call.
#pragma once

#include <algorithm>
#include <utility>

#include "kernels/common/launch.h"
#include "kernels/common/pointwise.h"

namespace nram {

// Whether vectors of `width` elements fit each row: the tensors' addresses, pitches and channels.
template <size_t kTensors>
bool rows_fit_vectors(const std::array<const View*, kTensors>& views, int64_t width) {
  for (const View* view : views) {
    const auto bytes = static_cast<uintptr_t>(width * size_of(view->dtype));
    if (reinterpret_cast<uintptr_t>(view->data) % bytes != 0) return false;
    if (view->channels() % width != 0 || view->pitch % width != 0) return false;
  }
  return true;
}

template <size_t kTensors>
bool all_dense(const std::array<const View*, kTensors>& views) {
  return std::all_of(views.begin(), views.end(), [](const View* view) { return view->dense(); });
}

// Whether a pointwise kernel may take vectors of `width` elements: of dense tensors only the
// addresses matter, as they may have a tail.
template <size_t kTensors>
bool fits_vectors(const std::array<const View*, kTensors>& views, int64_t width) {
  if (!all_dense(views)) return rows_fit_vectors(views, width);
  return std::all_of(views.begin(), views.end(), [&](const View* view) {
    return reinterpret_cast<uintptr_t>(view->data) %
               static_cast<uintptr_t>(width * size_of(view->dtype)) ==
           0;
  });
}

// Rows stay rows, also of dense tensors, for kernels that treat a row's elements alike.
template <size_t kTensors>
PointwiseShape<static_cast<int>(kTensors)> row_shape(const std::array<const View*, kTensors>& views,
                                                     int64_t width) {
  PointwiseShape<static_cast<int>(kTensors)> shape;
  shape.vectors = views[0]->shape.count() / width;
  shape.row_vectors = static_cast<int32_t>(views[0]->channels() / width);
  for (size_t t = 0; t < kTensors; ++t) shape.pitch[t] = views[t]->pitch;
  return shape;
}

template <size_t kTensors>
PointwiseShape<static_cast<int>(kTensors)> pointwise_shape(
    const std::array<const View*, kTensors>& views, int64_t width) {
  auto shape = row_shape(views, width);
  if (all_dense(views)) {
    shape.row_vectors = 0;
    shape.tail = static_cast<int32_t>(views[0]->shape.count() % width);
  }
  return shape;
}

// Enough blocks to fill the card a few times over; each thread loops over the rest.
inline LaunchSize pointwise_grid(const Launcher& launcher, int64_t vectors) {
  const int64_t most = int64_t{16} * launcher.multiprocessors();
  return {
      static_cast<uint32_t>(std::clamp<int64_t>(blocks_for(vectors, kPointwiseThreads), 1, most))};
}

// The kernels that NRAM_POINTWISE_1 and NRAM_POINTWISE_2 define for a name in kernels/<module>, as
// [bfloat16][vectorised].
#define NRAM_POINTWISE_KERNELS(module, name)                       \
  {                                                                \
    {{module, name "_float_1"}, {module, name "_float_4"}}, {      \
      {module, name "_bfloat16_1"}, { module, name "_bfloat16_8" } \
    }                                                              \
  }

// Launches kernels[bfloat16][vectorised](shape, pointers of the views..., more...) over tensors of
// one dtype; the vectorised ones take 16 bytes at a time, the others one element.
template <size_t kTensors, class... More>
void pointwise_launch(const Call& call, const CudaKernel (&kernels)[2][2],
                      const std::array<const View*, kTensors>& views, const More&... more) {
  const int64_t wide = 16 / size_of(views[0]->dtype);
  const bool vectorised = fits_vectors(views, wide);
  const auto shape = pointwise_shape(views, vectorised ? wide : 1);
  const CudaKernel& kernel = kernels[views[0]->dtype == DType::kBFloat16][vectorised];
  const LaunchSize grid = pointwise_grid(*call.launcher, shape.vectors);
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    call.launcher->launch(kernel, grid, {kPointwiseThreads}, 0, shape, views[kIndex]->data...,
                          more...);
  }
  (std::make_index_sequence<kTensors>{});
}

}  // namespace nram
