// Draws a figure: rasterises its mesh with a depth buffer at several samples a pixel, shades the
// visible surface and averages the samples over a studio backdrop.
#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "data/synthetic_people_figure.h"

namespace nram::data::synthetic {

// What is visible at each sample; `triangle` is -1 on the backdrop, depth is z (nearer is larger).
struct VisibilityBuffer {
  int height = 0, width = 0;  // in samples
  std::vector<float> depth, weight_a, weight_b;
  std::vector<int> triangle;
};

// `camera` maps metres to samples here, not to pixels.
VisibilityBuffer rasterize(const Mesh& mesh, const Camera& camera, int height, int width);

// 8-bit BGR image of (height, width) pixels with `samples` x `samples` samples each.
cv::Mat shade(const SyntheticPerson& person, const Skeleton& skeleton, const Figure& figure,
              const VisibilityBuffer& buffer, const Camera& camera, int samples);

}  // namespace nram::data::synthetic
