// Adam (Kingma & Ba 2015) as PyTorch computes it, in one pass over memory, in place:
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
//   p -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
// p, g, m, v share one dense shape. What changes from step to step is in `step` [4]: rate,
// 1 - beta1^t, 1 - beta2^t, and a reserved number. With a guard, a scalar such as the loss, nothing
// changes when it is not finite.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct AdamAttributes {
  double beta1;
  double beta2;
  double epsilon;
};

// inputs: p, g, m, v, step [, guard]; outputs: p, m, v, in the memory of the inputs or beside it.
void adam_reference(const Call& call);
void adam_cpu(const Call& call);
void adam_cuda(const Call& call);

}  // namespace nram::kernels
