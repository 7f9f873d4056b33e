// Host and device: how a kernel that reduces the rows of every channel walks NHWC memory. A block
// takes a tile of neighbouring channels (128 bytes of a row) and a chunk of the rows of one group:
// a sample, or the whole batch. Grid: tiles, chunks, groups. Each block leaves two partial values a
// channel; the next kernel, on the same grid, adds the chunks up in order. Nothing here depends on
// the card, so that results do not either.
#pragma once

#include <cstdint>

namespace nram {

constexpr int kChannelTileThreads = 512;

struct ChannelTiles {
  int64_t rows = 0;        // of a group
  int32_t chunk_rows = 0;  // of a chunk; the last one may have fewer
  int32_t channels = 0;
};

}  // namespace nram
