// The attention combination with a fused instance normalisation as a graph op; see
// kernels/normalized_attention/normalized_attention.h.
#pragma once

#include "engine/graph.h"
#include "engine/ops/attention.h"

namespace nram {

extern const Op kNormalizedAttention;
extern const Op kNormalizedAttentionGradient;

// attention(a, instance normalisation of b without slope, logits, inner_skip); a, b [N,H,W,C],
// logits [N,H,W,1].
Attended normalized_attention(Variable a, Variable b, Variable logits, bool inner_skip,
                              float epsilon);

}  // namespace nram
