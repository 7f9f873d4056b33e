// Host and device: the sizes of a resize, from x [N,height,width,C] to y [N,y_height,y_width,C].
#pragma once

#include <cstdint>

namespace nram::kernels {

struct ResizeSizes {
  int64_t vectors;        // of the launch's width in the tensor that the kernel writes
  int32_t line_vectors;   // in one line of it
  int32_t pixel_vectors;  // in one pixel
  int32_t height, width, y_height, y_width;
};

}  // namespace nram::kernels
