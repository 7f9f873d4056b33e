#include "kernels/normalization/cuda_statistics.h"
#include "kernels/normalized_attention/normalized_attention.h"

namespace nram::kernels {
namespace {

constexpr const char* kModule = "normalized_attention";
RowKernels kForward = {
    {{kModule, "normalized_attention_float_1"}, {kModule, "normalized_attention_float_4"}},
    {{kModule, "normalized_attention_bfloat16_1"}, {kModule, "normalized_attention_bfloat16_8"}}};
RowKernels kFirstPass = {{{kModule, "normalized_attention_first_pass_float_1"},
                          {kModule, "normalized_attention_first_pass_float_4"}},
                         {{kModule, "normalized_attention_first_pass_bfloat16_1"},
                          {kModule, "normalized_attention_first_pass_bfloat16_8"}}};
RowKernels kSecondPass = {{{kModule, "normalized_attention_second_pass_float_1"},
                           {kModule, "normalized_attention_second_pass_float_4"}},
                          {{kModule, "normalized_attention_second_pass_bfloat16_1"},
                           {kModule, "normalized_attention_second_pass_bfloat16_8"}}};

}  // namespace

void normalized_attention_cuda(const Call& call) {
  const auto attributes = call.get<NormalizedAttentionAttributes>();
  const View &a = call.in(0), &b = call.in(1), &logits = call.in(2);
  const View &out = call.out(0), &masks = call.out(1), &mean = call.out(2);
  const View& inverse = call.out(3);
  const ChannelTilePlan plan(a.shape, false);
  const RowKernel kernel = choose_row_kernel(kForward, {&a, &b, &out, &mean, &inverse});
  auto* partial = static_cast<float*>(call.workspace);
  channel_statistics_cuda(call, plan, b, kernel.width > 1, partial);
  call.launcher->launch(*kernel.kernel, plan.grid(kernel.width), {kChannelTileThreads}, 0,
                        plan.tiles_of_launch(), a.data, a.pitch, b.data, b.pitch, logits.data,
                        logits.pitch, out.data, out.pitch, masks.data, masks.pitch, partial,
                        mean.data, inverse.data, attributes.epsilon, attributes.inner_skip);
}

void normalized_attention_gradient_cuda(const Call& call) {
  const int32_t inner_skip = call.get<NormalizedAttentionAttributes>().inner_skip;
  const View &dout = call.in(0), &a = call.in(1), &b = call.in(2), &masks = call.in(3);
  const View &mean = call.in(4), &inverse = call.in(5);
  const View &da = call.out(0), &db = call.out(1), &dlogits = call.out(2);
  const ChannelTilePlan plan(a.shape, false);
  const std::initializer_list<const View*> views = {&dout, &a, &b, &da, &db, &mean, &inverse};
  const RowKernel first = choose_row_kernel(kFirstPass, views);
  const RowKernel second = choose_row_kernel(kSecondPass, views);
  auto* partial = static_cast<std::byte*>(call.workspace);
  auto* row_sums = partial + plan.partial_bytes();
  call.launcher->launch(*first.kernel, plan.grid(first.width), {kChannelTileThreads}, 0,
                        plan.tiles_of_launch(), dout.data, dout.pitch, a.data, a.pitch, b.data,
                        b.pitch, masks.data, masks.pitch, mean.data, inverse.data, da.data,
                        da.pitch, partial, row_sums, inner_skip);
  call.launcher->launch(*second.kernel, plan.grid(second.width), {kChannelTileThreads}, 0,
                        plan.tiles_of_launch(), dout.data, dout.pitch, b.data, b.pitch, masks.data,
                        masks.pitch, mean.data, inverse.data, db.data, db.pitch, dlogits.data,
                        dlogits.pitch, partial, row_sums);
}

}  // namespace nram::kernels
