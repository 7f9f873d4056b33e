// Change of element type as a graph op; see kernels/cast/cast.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kCast;

// x in the type `to`: float32 or bfloat16.
Variable cast(Variable x, DType to);

}  // namespace nram
