#include "engine/ops/attention_common.h"

#include "engine/ops/add.h"
#include "engine/ops/sigmoid.h"

namespace nram {

void check_attention(const char* op, const TensorSpec& a, const TensorSpec& b,
                     const TensorSpec& logits) {
  const Shape& shape = a.shape;
  NRAM_CHECK(shape.rank() == 4 && a == b, op, " takes A and B [N,H,W,C] of one shape, not ", shape,
             " and ", b.shape);
  NRAM_CHECK(logits.dtype == a.dtype && logits.shape == Shape({shape[0], shape[1], shape[2], 1}),
             op, " takes mask logits [N,H,W,1] for A of shape ", shape, ", not ", logits.shape);
}

Variable with_mask_gradient(GradientContext& context, Variable dlogits) {
  const Variable dmask = context.output_gradient(1);
  if (!dmask) return dlogits;
  const Variable direct = context.graph().append(kSigmoidGradient, {dmask, context.output(1)});
  return dlogits ? add({dlogits, direct}) : direct;
}

}  // namespace nram
