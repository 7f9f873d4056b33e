// What attention and normalized_attention share.
#pragma once

#include "engine/graph.h"

namespace nram {

// Throws unless a and b are [N,H,W,C] alike and `logits` is [N,H,W,1].
void check_attention(const char* op, const TensorSpec& a, const TensorSpec& b,
                     const TensorSpec& logits);

// Adds to `dlogits` (may be invalid: zero) what the gradient of the mask, output 1, contributes.
Variable with_mask_gradient(GradientContext& context, Variable dlogits);

}  // namespace nram
