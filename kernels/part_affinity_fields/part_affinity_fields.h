// Part affinity fields (paper, eq. 2): for limb l from joint a to joint b,
// fields[n,y,x,2l .. 2l+1] = the unit vector (x part, then y part) from p_a to p_b on pixels whose
// distance to the segment p_a p_b is at most limb_width, 0 elsewhere; 0 everywhere where an end is
// missing (y < 0 or x < 0) or both ends coincide. Keypoints [N,K,2] as (y, x) in pixels, pixel
// centres at integers -> fields [N,height,width,2 limbs]. No gradient.
#pragma once

#include "kernels/common/call.h"

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

  template <class T>
  LimbSegment(const T* points, const uint8_t joints[2]) {
    const T* a = points + 2 * joints[0];
    const T* b = points + 2 * joints[1];
    y = a[0], x = a[1];
    dy = static_cast<double>(b[0]) - y, dx = static_cast<double>(b[1]) - x;
    present = a[0] >= 0 && a[1] >= 0 && b[0] >= 0 && b[1] >= 0 && (dy != 0 || dx != 0);
  }
  // Whether (py, px) is within `radius`. Free of divisions and roots: exact for whole coordinates,
  // so that every target draws the same edge.
  bool covers(double py, double px, double radius) const {
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

// inputs: keypoints; outputs: fields.
void part_affinity_fields_reference(const Call& call);
void part_affinity_fields_cpu(const Call& call);

}  // namespace nram::kernels
