// Sums over many elements that come out the same for every number of threads: fixed blocks, each
// summed by one thread in double, then added up in order.
#pragma once

#include "kernels/common/call.h"
#include "kernels/common/parallel.h"

namespace nram {

constexpr int64_t kSumBlock = 8192;

// Workspace that sum_of_blocks needs for `count` elements.
inline size_t sum_workspace_bytes(int64_t count) {
  return static_cast<size_t>((count + kSumBlock - 1) / kSumBlock) * sizeof(double);
}

// Sum over [0, count) of block(begin, length), a double for each block of elements. Uses the call's
// workspace.
template <class Block>
double sum_of_blocks(const Call& call, int64_t count, Block&& block) {
  NRAM_CHECK(call.workspace_bytes >= sum_workspace_bytes(count), "workspace too small for a sum");
  auto* partial = static_cast<double*>(call.workspace);
  const int64_t blocks = (count + kSumBlock - 1) / kSumBlock;
  parallel_ranges(blocks, count, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = b * kSumBlock;
      partial[b] = block(first, std::min(kSumBlock, count - first));
    }
  });
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) sum += partial[b];
  return sum;
}

}  // namespace nram
