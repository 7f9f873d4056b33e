// The attention combination with the instance normalisation of its residual branch fused in:
// B is the raw output of the convolution (paper, section 3.1).
//   Bhat = (B - mean) * inverse_deviation per sample and channel, M = sigmoid(logits),
//   R = Bhat + A (inner_skip) or Bhat,  A' = A + M * R.
// A, B, A' [N,H,W,C]; logits, M [N,H,W,1]; mean, inverse_deviation [N,C].
// Backward in two passes, without storing the gradient of Bhat, g = dA' * M:
//   1: dA = dA' * (1 + M) or dA', dlogits = M * (1 - M) * sum over channels of dA' * R,
//      and the sums over pixels of g and g * Bhat;
//   2: dB = inverse_deviation * (g - mean of g - Bhat * mean of g * Bhat).
#pragma once

#include "kernels/common/call.h"
#include "kernels/common/cuda_channel_tiles.h"

namespace nram::kernels {

struct NormalizedAttentionAttributes {
  int32_t inner_skip;  // 0 or 1
  float epsilon;
};

// inputs: A, B, logits; outputs: A', M, mean, inverse_deviation.
void normalized_attention_reference(const Call& call);
void normalized_attention_cpu(const Call& call);
void normalized_attention_cuda(const Call& call);
// inputs: dA', A, B, M, mean, inverse_deviation; outputs: dA, dB, dlogits.
void normalized_attention_gradient_reference(const Call& call);
void normalized_attention_gradient_cpu(const Call& call);
void normalized_attention_gradient_cuda(const Call& call);
// Bytes of workspace of both cpu kernels.
size_t normalized_attention_workspace(const Shape& a);
// The same of both cuda kernels.
inline size_t normalized_attention_cuda_workspace(const Shape& a) {
  const ChannelTilePlan plan(a, false);
  return plan.partial_bytes() + plan.row_bytes();
}

}  // namespace nram::kernels
