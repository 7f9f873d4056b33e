#include <algorithm>
#include <cmath>

#include "kernels/common/parallel.h"
#include "kernels/part_affinity_fields/part_affinity_fields.h"

namespace nram::kernels {
namespace {

// Draws the limb's pixels on row y of an image; `fields` is the limb's first channel there. Only
// the segment's bounding box is visited.
void draw(const LimbSegment& limb, double radius, int64_t y, int64_t width, float* fields,
          int64_t pitch) {
  const auto row = static_cast<double>(y);
  if (row < std::min(limb.y, limb.y + limb.dy) - radius) return;
  if (row > std::max(limb.y, limb.y + limb.dy) + radius) return;
  const double left = std::floor(std::min(limb.x, limb.x + limb.dx) - radius);
  const double right = std::ceil(std::max(limb.x, limb.x + limb.dx) + radius);
  const double last = static_cast<double>(width - 1);
  const double length = std::hypot(limb.dy, limb.dx);
  const auto unit_x = static_cast<float>(limb.dx / length);
  const auto unit_y = static_cast<float>(limb.dy / length);
  for (double x = std::max(left, 0.0); x <= std::min(right, last); ++x) {
    if (!limb.covers(row, x, radius)) continue;
    float* pixel = fields + static_cast<int64_t>(x) * pitch;
    pixel[0] = unit_x;
    pixel[1] = unit_y;
  }
}

}  // namespace

void part_affinity_fields_cpu(const Call& call) {
  const auto attributes = call.get<PartAffinityFieldsAttributes>();
  const View& out = call.out(0);
  const int64_t height = out.shape[1], width = out.shape[2], channels = out.shape[3];
  const int64_t points = call.in(0).shape[1];
  parallel_ranges(out.shape[0] * height, out.shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* row = out.row<float>(i * width);
      if (out.dense()) {
        std::fill_n(row, width * channels, 0.0f);
      } else {
        for (int64_t x = 0; x < width; ++x) std::fill_n(row + x * out.pitch, channels, 0.0f);
      }
      const float* of_sample = call.in(0).as<float>() + i / height * points * 2;
      for (int l = 0; l < attributes.limbs; ++l) {
        const LimbSegment limb(of_sample, attributes.joints[l]);
        if (!limb.present) continue;
        draw(limb, attributes.limb_width, i % height, width, row + 2 * l, out.pitch);
      }
    }
  });
}

}  // namespace nram::kernels
