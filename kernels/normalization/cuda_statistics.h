// The first kernel of a normalisation on a GPU, for ops that fuse the second into something else.
#pragma once

#include "kernels/common/cuda_channel_tiles.h"

namespace nram::kernels {

// Launches each chunk's mean and sum of squared differences of x's channels to `partial`;
// `vectorised` as the kernel that reads them (their order depends on it).
void channel_statistics_cuda(const Call& call, const ChannelTilePlan& plan, const View& x,
                             bool vectorised, float* partial);

}  // namespace nram::kernels
