// Host and device: how the Gram kernels cut their work.
#pragma once

#include <cstdint>

namespace nram {

constexpr int kGramTile = 64;  // channels, or pixels, of a block's square tile of results
constexpr int kGramThreads = 128;
constexpr int kGramSlab = 32;    // pixels between two barriers
constexpr int kGramPatch = 16;   // channels of a finishing block's square
constexpr int kGramSlices = 4;   // in which a finishing block adds partial sums up
constexpr int kMirrorTile = 32;  // of the kernel that makes dG + dG^T
constexpr int kMirrorRows = 8;   // of its block

struct GramShape {
  int64_t pixels = 0;  // of a sample
  int32_t channels = 0;
  int32_t chunk = 0;  // pixels of a partial sum, whole slabs
  int32_t chunks = 0;
  float scale = 0;
};

}  // namespace nram
