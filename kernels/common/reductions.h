// Host and device: how sums over the rows of a [rows, channels] tensor are cut into blocks, by
// shape alone, so that the bits do not depend on the card (reductions.cuh has the device side).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace nram {

constexpr int kReductionThreads = 256;

// Blocks that a sum over all of `count` elements is cut into, one partial sum each.
constexpr int64_t sum_blocks(int64_t count) {
  constexpr int64_t kElementsOfABlock = 4096;
  constexpr int64_t kMost = 1024;
  return std::clamp<int64_t>((count + kElementsOfABlock - 1) / kElementsOfABlock, 1, kMost);
}

// A block's threads are `columns` wide, each at its own vector of channels; their rows take turns
// at the rows of the block's part.
struct ColumnTiling {
  int32_t columns;         // a power of two
  int32_t column_blocks;   // that cover the channels
  int32_t vectors;         // of channels in a row
  int32_t parts;           // of the rows, each with its own partial sums
  int64_t rows_of_a_part;  // the last part may have fewer
};

// All rows in one part: for few rows, such as the partial sums of another tiling. `channels` is a
// multiple of `width`.
inline ColumnTiling one_part_tiling(int64_t rows, int64_t channels, int64_t width,
                                    int32_t most_columns = 8) {
  ColumnTiling tiling{};
  tiling.vectors = static_cast<int32_t>(channels / width);
  tiling.columns = 1;
  while (tiling.columns < tiling.vectors && tiling.columns < most_columns) tiling.columns *= 2;
  tiling.column_blocks = (tiling.vectors + tiling.columns - 1) / tiling.columns;
  tiling.parts = 1;
  tiling.rows_of_a_part = rows;
  return tiling;
}

// Parts enough to fill a card, but of so many rows that their partial sums are little beside the
// tensor.
inline ColumnTiling column_tiling(int64_t rows, int64_t channels, int64_t width) {
  constexpr int64_t kRowsOfAThread = 8;
  constexpr int64_t kMostBlocks = 512;
  ColumnTiling tiling = one_part_tiling(rows, channels, width, 64);
  const int64_t rows_of_a_block = kRowsOfAThread * (kReductionThreads / tiling.columns);
  const int64_t most_parts = std::max<int64_t>(1, kMostBlocks / tiling.column_blocks);
  const int64_t parts = std::clamp<int64_t>(rows / rows_of_a_block, 1, most_parts);
  tiling.rows_of_a_part = (rows + parts - 1) / parts;
  tiling.parts = static_cast<int32_t>((rows + tiling.rows_of_a_part - 1) / tiling.rows_of_a_part);
  return tiling;
}

// Bytes for the partial sums of one float per channel and part. The width of the vectors depends on
// addresses too: room for any.
inline size_t column_sum_workspace(int64_t rows, int64_t channels) {
  int32_t parts = 0;
  for (const int64_t width : {1, 4, 8}) {
    if (channels % width == 0) parts = std::max(parts, column_tiling(rows, channels, width).parts);
  }
  return static_cast<size_t>(parts * channels) * sizeof(float);
}

}  // namespace nram
