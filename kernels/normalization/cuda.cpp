#include "kernels/normalization/cuda_statistics.h"
#include "kernels/normalization/normalization.h"

namespace nram::kernels {
namespace {

constexpr const char* kModule = "normalization";
RowKernels kStatistics = {
    {{kModule, "channel_statistics_float_1"}, {kModule, "channel_statistics_float_4"}},
    {{kModule, "channel_statistics_bfloat16_1"}, {kModule, "channel_statistics_bfloat16_8"}}};
RowKernels kNormalize = {
    {{kModule, "normalization_float_1"}, {kModule, "normalization_float_4"}},
    {{kModule, "normalization_bfloat16_1"}, {kModule, "normalization_bfloat16_8"}}};
RowKernels kGradientSums = {{{kModule, "normalization_gradient_sums_float_1"},
                             {kModule, "normalization_gradient_sums_float_4"}},
                            {{kModule, "normalization_gradient_sums_bfloat16_1"},
                             {kModule, "normalization_gradient_sums_bfloat16_8"}}};
RowKernels kGradient = {
    {{kModule, "normalization_gradient_float_1"}, {kModule, "normalization_gradient_float_4"}},
    {{kModule, "normalization_gradient_bfloat16_1"},
     {kModule, "normalization_gradient_bfloat16_8"}}};

ChannelTilePlan plan_of(const Shape& x, NormalizationScope scope) {
  return {x, scope == NormalizationScope::kBatch};
}

}  // namespace

void channel_statistics_cuda(const Call& call, const ChannelTilePlan& plan, const View& x,
                             bool vectorised, float* partial) {
  const bool bfloat16 = x.dtype == DType::kBFloat16;
  const int width = vectorised ? static_cast<int>(16 / size_of(x.dtype)) : 1;
  call.launcher->launch(kStatistics[bfloat16][vectorised], plan.grid(width), {kChannelTileThreads},
                        0, plan.tiles_of_launch(), x.data, x.pitch, partial);
}

void normalization_cuda(const Call& call) {
  const auto attributes = call.get<NormalizationAttributes>();
  const View &x = call.in(0), &y = call.out(0), &mean = call.out(1), &inverse = call.out(2);
  const ChannelTilePlan plan = plan_of(x.shape, attributes.scope);
  const RowKernel kernel = choose_row_kernel(kNormalize, {&x, &y, &mean, &inverse});
  auto* partial = static_cast<float*>(call.workspace);
  channel_statistics_cuda(call, plan, x, kernel.width > 1, partial);
  call.launcher->launch(*kernel.kernel, plan.grid(kernel.width), {kChannelTileThreads}, 0,
                        plan.tiles_of_launch(), x.data, x.pitch, y.data, y.pitch, partial,
                        mean.data, inverse.data, attributes.epsilon, attributes.slope);
}

void normalization_gradient_cuda(const Call& call) {
  const auto attributes = call.get<NormalizationAttributes>();
  const View &dy = call.in(0), &x = call.in(1), &mean = call.in(2), &inverse = call.in(3);
  const View& dx = call.out(0);
  const ChannelTilePlan plan = plan_of(x.shape, attributes.scope);
  const std::initializer_list<const View*> views = {&dy, &x, &dx, &mean, &inverse};
  const RowKernel sums = choose_row_kernel(kGradientSums, views);
  const RowKernel apply = choose_row_kernel(kGradient, views);
  auto* partial = static_cast<float*>(call.workspace);
  call.launcher->launch(*sums.kernel, plan.grid(sums.width), {kChannelTileThreads}, 0,
                        plan.tiles_of_launch(), dy.data, dy.pitch, x.data, x.pitch, mean.data,
                        inverse.data, partial, attributes.slope);
  call.launcher->launch(*apply.kernel, plan.grid(apply.width), {kChannelTileThreads}, 0,
                        plan.tiles_of_launch(), dy.data, dy.pitch, x.data, x.pitch, mean.data,
                        inverse.data, dx.data, dx.pitch, partial, attributes.slope);
}

}  // namespace nram::kernels
