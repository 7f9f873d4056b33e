// Synthetic people: articulated figures in clothes, each identity in several poses, drawn from
// geometry so that their keypoints are exact. `synthesize` writes them in DeepFashion's layout
// (MODEL.md, 'Data'), so that nothing that reads a data set can tell.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <opencv2/core.hpp>
#include <string>

#include "data/synthetic_people_identity.h"

namespace nram::data {

struct SyntheticOptions {
  int height = 256, width = 176;
  int train_identities = 200, test_identities = 20;
  int poses_per_identity = 4;
  uint64_t seed = 1;
  int jpeg_quality = 95;
};

struct RenderedPerson {
  cv::Mat image;  // height x width, 8-bit, BGR (OpenCV's order)
  // (x, y) in pixels in the order of MODEL.md, the centre of the first pixel being (0, 0);
  // (-1, -1) where the point is off the image or hidden.
  std::array<cv::Point2f, 18> keypoints;
  std::string view;  // DeepFashion's word for the picture: front, side, back, full or additional
};

// Draws the person in the pose, view and framing named by pose_seed. Same arguments, same bits.
RenderedPerson render_person(const SyntheticPerson& person, uint64_t pose_seed, int height,
                             int width);

// Writes directory/{train,test}/*.jpg with annotation and pair files. Train and test identities
// differ; pairs are all ordered pairs of an identity's pictures. The files do not depend on the
// number of threads. `progress` is called after each image, from one thread at a time. Refuses
// options out of range and a directory that exists and is not empty (user errors).
void synthesize(const std::string& directory, const SyntheticOptions& options,
                const std::function<void(int done, int total)>& progress = {});

}  // namespace nram::data
