// Host side of losses that are a scaled sum over elements (loss.cuh).
#pragma once

#include "kernels/common/cuda_pointwise.h"
#include "kernels/common/reductions.h"

namespace nram {

// The kernels that NRAM_LOSS_1 and NRAM_LOSS_2 define for a name in kernels/<module>.
struct LossKernels {
  CudaKernel partial[2][2];  // [bfloat16][vectorised]
  CudaKernel total;
};
#define NRAM_LOSS_KERNELS(module, name)                             \
  {                                                                 \
    NRAM_POINTWISE_KERNELS(module, name), { module, name "_total" } \
  }

// Output 0 = scale * sum over the elements of the call's inputs, all of one shape and dtype. Uses
// sum_blocks(count) floats of workspace.
template <size_t kInputs, class... More>
void loss_launch(const Call& call, const LossKernels& kernels, double scale, const More&... more) {
  const View& x = call.in(0);
  const int64_t count = x.shape.count();
  const auto blocks = static_cast<uint32_t>(sum_blocks(count));
  NRAM_CHECK(call.workspace_bytes >= blocks * sizeof(float), "workspace too small for a sum");
  std::array<const View*, kInputs> views{};
  for (size_t i = 0; i < kInputs; ++i) views[i] = &call.in(static_cast<int>(i));
  const bool vectorised = fits_vectors(views, 16 / size_of(x.dtype));
  void* const loss = call.out(0).data;
  void* const sums = blocks == 1 ? loss : call.workspace;
  const CudaKernel& kernel = kernels.partial[x.dtype == DType::kBFloat16][vectorised];
  [&]<size_t... kIndex>(std::index_sequence<kIndex...>) {
    call.launcher->launch(kernel, {blocks}, {kReductionThreads}, 0, views[kIndex]->data..., count,
                          static_cast<float>(scale), sums, more...);
  }
  (std::make_index_sequence<kInputs>{});
  if (blocks == 1) return;
  call.launcher->launch(kernels.total, {1}, {kReductionThreads}, 0, sums, int64_t{blocks}, loss);
}

}  // namespace nram
