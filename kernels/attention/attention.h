// The attention combination (paper, section 3.1): with the mask M = sigmoid(logits) and the
// residual R = B + A (inner_skip) or R = B,
//   A' = A + M * R.
// A, B, A' [N,H,W,C]; logits, M [N,H,W,1]. One pass over memory. Backward, also in one pass:
//   dA = dA' * (1 + M) (inner_skip) or dA',  dB = dA' * M,
//   dlogits = M * (1 - M) * sum over channels of dA' * R.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct AttentionAttributes {
  int32_t inner_skip;  // 0 or 1
};

// inputs: A, B, logits; outputs: A', M.
void attention_reference(const Call& call);
void attention_cpu(const Call& call);
void attention_cuda(const Call& call);
// inputs: dA', A, B, M; outputs: dA, dB, dlogits.
void attention_gradient_reference(const Call& call);
void attention_gradient_cpu(const Call& call);
void attention_gradient_cuda(const Call& call);

}  // namespace nram::kernels
