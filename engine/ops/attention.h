// The attention combination as a graph op; see kernels/attention/attention.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kAttention;
extern const Op kAttentionGradient;

// A' [N,H,W,C] and the mask M [N,H,W,1].
struct Attended {
  Variable output;
  Variable mask;
};

// A' = A + M * R with M = sigmoid(logits), R = B + A or B (paper, section 3.1).
// a, b [N,H,W,C]; logits [N,H,W,1].
Attended attention(Variable a, Variable b, Variable logits, bool inner_skip);

}  // namespace nram
