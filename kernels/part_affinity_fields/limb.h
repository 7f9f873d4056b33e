// Host and device: limbs between joints, and which pixels they cover.
#pragma once

#include <cstdint>

namespace nram::kernels {

constexpr int kMostLimbs = 24;

struct PartAffinityFieldsAttributes {
  int32_t height;
  int32_t width;
  float limb_width;
  int32_t limbs;
  uint8_t joints[kMostLimbs][2];
};

// A segment between two joints.
struct LimbSegment {
  double y, x;    // start
  double dy, dx;  // from start to end
  bool present;

  LimbSegment() = default;
  template <class T>
  constexpr LimbSegment(const T* points, const uint8_t joints[2]) {
    const T* a = points + 2 * joints[0];
    const T* b = points + 2 * joints[1];
    y = a[0], x = a[1];
    dy = static_cast<double>(b[0]) - y, dx = static_cast<double>(b[1]) - x;
    present = a[0] >= 0 && a[1] >= 0 && b[0] >= 0 && b[1] >= 0 && (dy != 0 || dx != 0);
  }
  // Whether (py, px) is within `radius`. Free of divisions and roots: exact for whole coordinates,
  // so that every target draws the same edge.
  constexpr bool covers(double py, double px, double radius) const {
    const double ry = py - y, rx = px - x;
    const double length_squared = dy * dy + dx * dx;
    const double along = ry * dy + rx * dx;
    if (along < 0) return ry * ry + rx * rx <= radius * radius;
    if (along > length_squared) {
      const double ey = ry - dy, ex = rx - dx;
      return ey * ey + ex * ex <= radius * radius;
    }
    const double across = ry * dx - rx * dy;
    return across * across <= radius * radius * length_squared;
  }
};

}  // namespace nram::kernels
