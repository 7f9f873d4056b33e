// Host side of kernels that walk memory by tiles of channels (channel_tiles.h): chunks, grid and
// workspace from the shape, vector width from the views of the call.
#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "kernels/common/channel_tiles.h"
#include "kernels/common/launch.h"

namespace nram {

// Channels of a tile, unless it is of vectors of bfloat16: then twice as many.
constexpr int64_t kTileChannels = 32;

// `pairs` of partial values a channel take this many bytes of workspace.
class ChannelTilePlan {
 public:
  ChannelTilePlan(const Shape& shape, bool whole_batch)
      : groups_(whole_batch ? 1 : shape[0]), rows_(shape.rows() / groups_), shape_(shape) {
    // Enough blocks to fill a card, unless the chunks' partial values, which every block of the
    // next kernel reads, would come to more than a tenth of its rows.
    constexpr int64_t kBlocks = 512;
    const int64_t wanted = (kBlocks + groups_ * tiles() - 1) / (groups_ * tiles());
    const auto most = static_cast<int64_t>(std::sqrt(static_cast<double>(rows_) / 10));
    const int64_t chunks = std::clamp<int64_t>(std::min(wanted, most), 1, rows_);
    chunk_rows_ = (rows_ + chunks - 1) / chunks;
  }

  ChannelTiles tiles_of_launch() const {
    return {rows_, static_cast<int32_t>(chunk_rows_), static_cast<int32_t>(shape_.channels())};
  }
  LaunchSize grid(int width) const {
    const int64_t channels = width == 8 ? 2 * kTileChannels : kTileChannels;
    return {blocks_for(shape_.channels(), channels), static_cast<uint32_t>(chunks()),
            static_cast<uint32_t>(groups_)};
  }
  // Bytes of the partial values; what follows them is 256-byte aligned.
  size_t partial_bytes() const {
    const int64_t padded = (tiles() + 1) / 2 * 2 * kTileChannels;
    return static_cast<size_t>(groups_ * chunks() * 2 * padded) * sizeof(float);
  }
  // Bytes of one float for each row of every tile.
  size_t row_bytes() const { return static_cast<size_t>(tiles() * shape_.rows()) * sizeof(float); }

 private:
  int64_t tiles() const { return blocks_for(shape_.channels(), kTileChannels); }
  int64_t chunks() const { return (rows_ + chunk_rows_ - 1) / chunk_rows_; }

  int64_t groups_, rows_, chunk_rows_ = 0;
  Shape shape_;
};

// Whether the rows of all these can be read in vectors of 16 bytes, those of statistics (float32
// beside bfloat16) in twice 16.
inline bool rows_fit_vectors(std::initializer_list<const View*> views) {
  for (const View* view : views) {
    const int64_t width = 16 / size_of((*views.begin())->dtype);
    if (reinterpret_cast<uintptr_t>(view->data) % 16 != 0) return false;
    if (view->channels() % width != 0 || view->pitch % width != 0) return false;
  }
  return true;
}

// Kernels by storage type and vector width.
using RowKernels = const CudaKernel[2][2];

// One of kernels[bfloat16][vectorised] and the elements of its vectors.
struct RowKernel {
  const CudaKernel* kernel;
  int width;
};
inline RowKernel choose_row_kernel(RowKernels& kernels, std::initializer_list<const View*> views) {
  const DType dtype = (*views.begin())->dtype;
  const bool vectorised = rows_fit_vectors(views);
  return {&kernels[dtype == DType::kBFloat16][vectorised],
          vectorised ? static_cast<int>(16 / size_of(dtype)) : 1};
}

}  // namespace nram
