// Keypoint heatmaps (paper, eq. 1): maps[n,y,x,k] = exp(-|p - (y,x)|^2 / sigma^2) with
// p = keypoints[n,k] as (y, x) in pixels, pixel centres at integers; 0 everywhere where a keypoint
// is missing (y < 0 or x < 0). Keypoints [N,K,2] -> maps [N,height,width,K]. No gradient.
#pragma once

#include "kernels/common/call.h"

namespace nram::kernels {

struct HeatmapsAttributes {
  int32_t height;
  int32_t width;
  float sigma;
};

// inputs: keypoints; outputs: maps. The cpu kernel's workspace: N * (height + width) * K floats.
void heatmaps_reference(const Call& call);
void heatmaps_cpu(const Call& call);
void heatmaps_cuda(const Call& call);

}  // namespace nram::kernels
