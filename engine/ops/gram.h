// Gram matrices of features (paper, eq. 4) as graph ops; see kernels/gram/gram.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kGram;
extern const Op kGramGradient;

// features [N,H,W,C] -> [N,C,C], divided by C H W.
Variable gram(Variable features);

}  // namespace nram
