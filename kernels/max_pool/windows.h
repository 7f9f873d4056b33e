// Host and device: the windows of a pooling and how its kernels' threads take them.
#pragma once

#include <cstdint>

namespace nram::kernels {

struct PoolWindows {
  int64_t vectors;        // of the launch's width, in all windows together
  int32_t line_vectors;   // in a line of windows
  int32_t pixel_vectors;  // in a pixel
  int32_t lines;          // of windows in an image; backward, the last may lie half outside
  int32_t height, width;  // of x
  int32_t out_height, out_width;
  int32_t unused;
  int64_t x_pitch, y_pitch, dx_pitch;  // in elements; y is dy backward
};

}  // namespace nram::kernels
