#include "kernels/add/add.h"
#include "kernels/common/cuda_pointwise.h"

namespace nram::kernels {
namespace {

void add_two(const Call& call) {
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("add", "add_two");
  pointwise_launch<3>(call, kernels, {&call.in(0), &call.in(1), &call.out(0)});
}

}  // namespace

void add_cuda(const Call& call) {
  if (call.input_count == 2) return add_two(call);
  static const CudaKernel kernels[2][2] = NRAM_POINTWISE_KERNELS("add", "add");
  AddTerms terms{};
  terms.count = call.input_count;
  std::array<const View*, kAddMostInputs + 1> views{};
  for (int t = 0; t < kAddMostInputs; ++t) {
    views[static_cast<size_t>(t)] = &call.in(t < call.input_count ? t : 0);
    if (t < call.input_count) terms.data[t] = call.in(t).data;
  }
  const View& y = call.out(0);
  views.back() = &y;
  const int64_t wide = 16 / size_of(y.dtype);
  const bool vectorised = fits_vectors(views, wide);
  const auto shape = pointwise_shape(views, vectorised ? wide : 1);
  call.launcher->launch(kernels[y.dtype == DType::kBFloat16][vectorised],
                        pointwise_grid(*call.launcher, shape.vectors), {kPointwiseThreads}, 0,
                        shape, terms, y.data);
}

}  // namespace nram::kernels
