#include "kernels/channel_sum/channel_sum.h"
#include "kernels/common/cuda_pointwise.h"
#include "kernels/common/reductions.h"

namespace nram::kernels {
namespace {

constexpr const char* kModule = "channel_sum";
const CudaKernel kSum[2][2] = {
    {{kModule, "channel_sum_float_1"}, {kModule, "channel_sum_float_4"}},
    {{kModule, "channel_sum_bfloat16_1"}, {kModule, "channel_sum_bfloat16_8"}}};

void sum_parts(const Call& call, const View& x, float* sums, const ColumnTiling& tiling,
               bool vectorised) {
  const auto count = [](int32_t blocks) { return static_cast<uint32_t>(blocks); };
  call.launcher->launch(kSum[x.dtype == DType::kBFloat16][vectorised],
                        {count(tiling.column_blocks), count(tiling.parts)}, {kReductionThreads}, 0,
                        tiling, x.data, x.pitch, x.rows(), sums);
}

}  // namespace

void channel_sum_cuda(const Call& call) {
  const View& x = call.in(0);
  const int64_t wide = 16 / size_of(x.dtype);
  const bool vectorised = x.channels() % wide == 0 && fits_vectors<1>({&x}, wide);
  const ColumnTiling tiling = column_tiling(x.rows(), x.channels(), vectorised ? wide : 1);
  auto* const y = call.out(0).as<float>();
  if (tiling.parts == 1) return sum_parts(call, x, y, tiling, vectorised);
  const View partial(call.workspace, {tiling.parts, x.channels()}, DType::kFloat32);
  NRAM_CHECK(call.workspace_bytes >= sizeof(float) * static_cast<size_t>(partial.shape.count()),
             "workspace too small for partial sums");
  sum_parts(call, x, partial.as<float>(), tiling, vectorised);
  const int64_t width = x.channels() % 4 == 0 ? 4 : 1;
  sum_parts(call, partial, y, one_part_tiling(tiling.parts, x.channels(), width), width == 4);
}

}  // namespace nram::kernels
