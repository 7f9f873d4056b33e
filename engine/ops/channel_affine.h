// Scale and offset per channel as a graph op; see kernels/channel_affine/channel_affine.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kChannelAffine;

// y[..., c] = x[..., c] * scale[c] + offset[c]; x has 1 to 8 channels, scale and offset as many
// entries.
Variable channel_affine(Variable x, const std::vector<float>& scale,
                        const std::vector<float>& offset);

}  // namespace nram
