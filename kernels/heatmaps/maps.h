// Host and device: the maps that a launch draws.
#pragma once

#include <cstdint>

namespace nram::kernels {

struct HeatmapsOutput {
  uint32_t vectors;  // of the launch's width
  uint32_t tail;     // elements after them, in dense maps only
  uint32_t height, width, keypoints;
  float inverse_variance;  // 1 / sigma^2
  int64_t pitch;
};

}  // namespace nram::kernels
