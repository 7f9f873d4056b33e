// Host and device: how a pointwise kernel walks tensors of one shape whose rows may have pitches. A
// dense tensor is one long row, which may end in a tail that is shorter than a vector. Threads take
// vectors of neighbouring channels, in a grid-stride loop.
#pragma once

#include <cstdint>

namespace nram {

constexpr int kPointwiseThreads = 256;

// Pitches in elements, 0 past the tensors in use.
template <int kTensors>
struct PointwiseShape {
  int64_t vectors = 0;      // of the launch's width, in all rows together
  int32_t row_vectors = 0;  // in one row; 0: dense, one row
  int32_t tail = 0;         // elements after the vectors, in dense tensors only
  int64_t pitch[kTensors] = {};
};

}  // namespace nram
