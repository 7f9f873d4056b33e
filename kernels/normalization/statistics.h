// Mean and deviation of every channel in one pass over memory; for cpu kernels that normalise.
#pragma once

#include "kernels/common/channel_groups.h"

namespace nram::kernels {

// Channels and rows that are summed at once in registers and the first cache.
constexpr int64_t kChannelTile = 256;
constexpr int64_t kRowTile = 32;

// Mean and sum of squared differences from it over `rows` rows, to partial[c] and
// partial[channels + c].
void chunk_statistics(const float* x, int64_t pitch, int64_t rows, int64_t channels,
                      double* partial);

// Merges the chunks of one group of `x` (Chan, Golub, LeVeque 1983).
void merge_statistics(const ChannelGroups& plan, void* workspace, int64_t group, float epsilon,
                      float* mean, float* inverse_deviation);

// The sum of the partial sums of one group's chunks, in order, divided by its number of rows; to
// result(workspace, group).
void merge_sums(const ChannelGroups& plan, void* workspace, int64_t group);

}  // namespace nram::kernels
