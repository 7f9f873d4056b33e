#include "kernels/attention/attention.h"
#include "kernels/attention/cuda_team.h"
#include "kernels/common/cuda_channel_tiles.h"

namespace nram::kernels {
namespace {

constexpr const char* kModule = "attention";
RowKernels kForward = {{{kModule, "attention_float_1"}, {kModule, "attention_float_4"}},
                       {{kModule, "attention_bfloat16_1"}, {kModule, "attention_bfloat16_8"}}};
RowKernels kBackward = {
    {{kModule, "attention_gradient_float_1"}, {kModule, "attention_gradient_float_4"}},
    {{kModule, "attention_gradient_bfloat16_1"}, {kModule, "attention_gradient_bfloat16_8"}}};

AttentionTeam team_of(const Call& call, const View& a, int width) {
  const int64_t vectors = a.channels() / width;
  AttentionTeam shape;
  shape.rows = a.rows();
  shape.channels = static_cast<int32_t>(a.channels());
  shape.team = 1;
  while (shape.team < 32 && shape.team < vectors) shape.team *= 2;
  shape.inner_skip = call.get<AttentionAttributes>().inner_skip;
  return shape;
}

// A few blocks for every multiprocessor; each team loops over the rest of the pixels.
LaunchSize grid_of(const Call& call, const AttentionTeam& shape) {
  const int64_t blocks = blocks_for(shape.rows, kAttentionThreads / shape.team);
  return {static_cast<uint32_t>(
      std::clamp<int64_t>(blocks, 1, int64_t{16} * call.launcher->multiprocessors()))};
}

}  // namespace

void attention_cuda(const Call& call) {
  const View &a = call.in(0), &b = call.in(1), &logits = call.in(2);
  const View &out = call.out(0), &masks = call.out(1);
  const RowKernel kernel = choose_row_kernel(kForward, {&a, &b, &out});
  const AttentionTeam shape = team_of(call, a, kernel.width);
  call.launcher->launch(*kernel.kernel, grid_of(call, shape), {kAttentionThreads}, 0, shape, a.data,
                        a.pitch, b.data, b.pitch, logits.data, logits.pitch, out.data, out.pitch,
                        masks.data, masks.pitch);
}

void attention_gradient_cuda(const Call& call) {
  const View &dout = call.in(0), &a = call.in(1), &b = call.in(2), &masks = call.in(3);
  const View &da = call.out(0), &db = call.out(1), &dlogits = call.out(2);
  const RowKernel kernel = choose_row_kernel(kBackward, {&dout, &a, &b, &da, &db});
  const AttentionTeam shape = team_of(call, a, kernel.width);
  call.launcher->launch(*kernel.kernel, grid_of(call, shape), {kAttentionThreads}, 0, shape,
                        dout.data, dout.pitch, a.data, a.pitch, b.data, b.pitch, masks.data,
                        masks.pitch, da.data, da.pitch, db.data, db.pitch, dlogits.data,
                        dlogits.pitch);
}

}  // namespace nram::kernels
