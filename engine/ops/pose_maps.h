// Maps rendered from keypoints as graph ops: heatmaps (paper, eq. 1) and part affinity fields
// (eq. 2); see kernels/heatmaps/heatmaps.h and kernels/part_affinity_fields/part_affinity_fields.h.
#pragma once

#include <utility>

#include "engine/graph.h"

namespace nram {

extern const Op kHeatmaps;
extern const Op kPartAffinityFields;

// Keypoints [N,K,2] as (y, x), negative where missing -> [N,height,width,K].
Variable heatmaps(Variable keypoints, int64_t height, int64_t width, float sigma);
// Keypoints [N,K,2] and 1 to 24 limbs as pairs of keypoint indices -> [N,height,width,2 limbs].
Variable part_affinity_fields(Variable keypoints, int64_t height, int64_t width, float limb_width,
                              const std::vector<std::pair<int, int>>& limbs);

}  // namespace nram
