// Maximum over windows of 2 x 2 pixels as a graph op; see kernels/max_pool/max_pool.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kMaxPool;
extern const Op kMaxPoolGradient;

// Stride 2; x [N,H,W,C] -> y [N,H/2,W/2,C], sizes rounded down; H and W at least 2.
Variable max_pool(Variable x);

}  // namespace nram
