#include "kernels/common/cuda_pointwise.h"
#include "kernels/concatenate/concatenate.h"

namespace nram::kernels {
namespace {

// `view` from channel `begin` on, `channels` of them.
View channels_of(const View& view, int64_t begin, int64_t channels) {
  Shape shape = view.shape;
  shape[shape.rank() - 1] = channels;
  return {view.as<std::byte>() + begin * size_of(view.dtype), shape, view.dtype, view.pitch};
}

void copy_view(const Call& call, const View& x, const View& y) {
  struct Unit {
    int64_t bytes;
    CudaKernel kernel;
  };
  static const Unit units[] = {{16, {"concatenate", "copy_rows_16"}},
                               {4, {"concatenate", "copy_rows_4"}},
                               {2, {"concatenate", "copy_rows_2"}}};
  const int64_t size = size_of(x.dtype);
  if (x.dense() && y.dense()) {
    return call.launcher->copy(y.data, x.data, static_cast<size_t>(x.shape.count() * size));
  }
  for (const Unit& unit : units) {
    const auto fits = [&](const View& view) {
      return reinterpret_cast<uintptr_t>(view.data) % static_cast<uintptr_t>(unit.bytes) == 0 &&
             view.pitch * size % unit.bytes == 0;
    };
    const int64_t row_bytes = x.channels() * size;
    if (!fits(x) || !fits(y) || row_bytes % unit.bytes != 0) continue;
    PointwiseShape<2> shape;
    shape.vectors = x.rows() * row_bytes / unit.bytes;
    shape.row_vectors = static_cast<int32_t>(row_bytes / unit.bytes);
    shape.pitch[0] = x.pitch * size / unit.bytes;
    shape.pitch[1] = y.pitch * size / unit.bytes;
    return call.launcher->launch(unit.kernel, pointwise_grid(*call.launcher, shape.vectors),
                                 {kPointwiseThreads}, 0, shape, x.data, y.data);
  }
}

}  // namespace

void copy_cuda(const Call& call) { copy_view(call, call.in(0), call.out(0)); }

void concatenate_cuda(const Call& call) {
  int64_t begin = 0;
  for (int i = 0; i < call.input_count; ++i) {
    const int64_t channels = call.in(i).channels();
    copy_view(call, call.in(i), channels_of(call.out(0), begin, channels));
    begin += channels;
  }
}

void slice_cuda(const Call& call) {
  const auto slice = call.get<SliceAttributes>();
  copy_view(call, channels_of(call.in(0), slice.begin, slice.channels), call.out(0));
}

}  // namespace nram::kernels
