// Bilinear resize as a graph op; see kernels/resize/resize.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kResize;
extern const Op kResizeGradient;

// x [N,H,W,C] -> [N,height,width,C], align_corners = false, no antialiasing.
Variable resize(Variable x, int64_t height, int64_t width);

}  // namespace nram
