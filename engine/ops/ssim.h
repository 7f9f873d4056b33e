// Structural similarity as a graph op, for metrics and as a loss; see kernels/ssim/ssim.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kSsim;
extern const Op kSsimGradient;

// SSIM of each pair of images: a, b [N,H,W,C] with H, W >= 11; range [N] holds L of each pair, the
// span of values that the stabilising constants refer to (255 for 8-bit images, 2 for [-1, 1]) ->
// [N].
Variable ssim(Variable a, Variable b, Variable range);

}  // namespace nram
