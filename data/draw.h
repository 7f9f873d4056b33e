// Pictures for people to look at: skeletons, attention maps, and grids of results.
#pragma once

#include <string>
#include <vector>

#include "data/image.h"
#include "data/keypoints.h"

namespace nram::data {

// The skeleton on black in OpenPose's colours; line width follows the height.
Image draw_skeleton(const Keypoints& keypoints, int height, int width);
// The same over a picture, which is dimmed to `brightness` first.
Image overlay_skeleton(const Image& image, const Keypoints& keypoints, float brightness = 0.75f);

// A map (height x width, values in [low, high], clamped) as colours from dark to bright, resized
// to the size given (0: the map's own).
Image draw_heat(const float* map, int height, int width, ImageSize size = {0, 0}, float low = 0.0f,
                float high = 1.0f);
// The same laid over a photo: opacity 0 shows the photo alone, 1 the map alone.
Image overlay_heat(const Image& photo, const float* map, int height, int width,
                   float opacity = 0.55f, float low = 0.0f, float high = 1.0f);

struct GridOptions {
  std::vector<std::string> columns;  // captions above the columns; may be empty
  std::vector<std::string> rows;     // captions left of the rows; may be empty
  std::string title;                 // above all; may be empty
  // Cells lower than this are enlarged by a whole factor, so that pictures of 64 rows and their
  // captions can be read.
  int least_cell_height = 176;
};
// Rows of equally sized images with white gaps; empty images leave their cell white.
Image compose_grid(const std::vector<std::vector<Image>>& rows, const GridOptions& options = {});

}  // namespace nram::data
