// Sums over the pixels of each channel, per sample or over the batch. The rows of a group are cut
// into chunks by shape alone and their partial sums merged in order, so that the bits do not depend
// on the number of threads.
#pragma once

#include <algorithm>

#include "kernels/common/parallel.h"

namespace nram {

struct ChannelGroups {
  int64_t groups;    // samples, or 1 for the whole batch
  int64_t rows;      // of one group
  int64_t channels;  // each with two sums
  int64_t chunks;    // of one group

  ChannelGroups(const Shape& shape, bool whole_batch)
      : groups(whole_batch ? 1 : shape[0]),
        rows(shape.rows() / groups),
        channels(shape.channels()) {
    constexpr int64_t kChunkElements = 32768;
    constexpr int64_t kMostChunks = 64;
    chunks = std::clamp<int64_t>(rows * channels / kChunkElements, 1, kMostChunks);
  }

  // Two doubles per channel and chunk, then two floats per channel and group.
  size_t workspace_bytes() const {
    return static_cast<size_t>(groups * channels * (chunks * 16 + 8));
  }
  double* partial(void* workspace, int64_t group, int64_t chunk) const {
    return static_cast<double*>(workspace) + (group * chunks + chunk) * 2 * channels;
  }
  float* result(void* workspace, int64_t group) const {
    double* end = partial(workspace, groups, 0);
    return reinterpret_cast<float*>(end) + group * 2 * channels;
  }
  // Rows of a chunk, counted through all groups.
  Range chunk_rows(int64_t group, int64_t chunk) const {
    return {group * rows + rows * chunk / chunks, group * rows + rows * (chunk + 1) / chunks};
  }
};

// For every group: sum(group, chunk) on its chunks, then merge(group), then apply(group, chunk) on
// its chunks. A thread takes whole groups where they divide evenly, which keeps a sample in its
// cache.
template <class Sum, class Merge, class Apply>
void for_each_group(const ChannelGroups& plan, Sum&& sum, Merge&& merge, Apply&& apply) {
  const int64_t elements = plan.groups * plan.rows * plan.channels;
  const int64_t threads = std::min<int64_t>(omp_get_max_threads(), 1 + elements / kParallelGrain);
  if (threads == 1 || plan.groups % threads == 0 || plan.groups >= 8 * threads) {
    parallel_ranges(plan.groups, elements, [&](int64_t begin, int64_t end) {
      for (int64_t group = begin; group < end; ++group) {
        for (int64_t chunk = 0; chunk < plan.chunks; ++chunk) sum(group, chunk);
        merge(group);
        for (int64_t chunk = 0; chunk < plan.chunks; ++chunk) apply(group, chunk);
      }
    });
    return;
  }
  const auto over_chunks = [&](auto&& body) {
    parallel_ranges(plan.groups * plan.chunks, elements, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) body(i / plan.chunks, i % plan.chunks);
    });
  };
  over_chunks(sum);
  for (int64_t group = 0; group < plan.groups; ++group) merge(group);
  over_chunks(apply);
}

}  // namespace nram
