// Channel concatenation, slices and copies as graph ops; see kernels/concatenate/concatenate.h. The
// compiler turns slices, and concatenations whose parts can be written in place, into views.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kConcatenate;
extern const Op kCopy;
extern const Op kSlice;

// [..., C_0], [..., C_1], ... -> [..., C_0 + C_1 + ...]; at least one part, equal leading
// dimensions.
Variable concatenate(const std::vector<Variable>& parts);
// Channels [begin, begin + channels) of x.
Variable slice(Variable x, int64_t begin, int64_t channels);
Variable copy(Variable x);

}  // namespace nram
