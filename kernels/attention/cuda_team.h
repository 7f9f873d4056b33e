// Host and device: how the attention kernels share pixels among lanes.
#pragma once

#include <cstdint>

namespace nram {

constexpr int kAttentionThreads = 256;

struct AttentionTeam {
  int64_t rows = 0;
  int32_t channels = 0;
  int32_t team = 0;  // lanes of one pixel: a power of two, at most 32
  int32_t inner_skip = 0;
  int32_t unused = 0;
};

}  // namespace nram
