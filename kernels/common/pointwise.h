// Host and device: how a pointwise kernel walks tensors of one shape whose rows may have pitches. A
// dense tensor is one long row. Threads take kWidth neighbouring channels at a time, in a
// grid-stride loop.
#pragma once

#include <cstdint>

namespace nram {

// Sizes in vectors of the launch's width; pitches in elements, 0 past the tensors in use.
template <int kTensors>
struct PointwiseShape {
  int64_t vectors = 0;      // in all rows together
  int32_t row_vectors = 0;  // in one row; 0: dense, one row
  int32_t unused = 0;
  int64_t pitch[kTensors] = {};
};

}  // namespace nram
