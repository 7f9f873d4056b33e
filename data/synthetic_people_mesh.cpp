#include "data/synthetic_people_mesh.h"

#include <algorithm>
#include <cmath>

namespace nram::data::synthetic {

Frame rotated(const Frame& frame, float yaw, float pitch, float roll) {
  Frame result = frame;
  const auto turn = [](Vec3f& a, Vec3f& b, float angle) {
    const float c = std::cos(angle), s = std::sin(angle);
    const Vec3f a2 = a * c + b * s;
    b = b * c - a * s;
    a = a2;
  };
  turn(result.z, result.x, yaw);
  turn(result.y, result.z, pitch);
  turn(result.x, result.y, roll);
  return result;
}

void add_grid(Mesh& mesh, const std::vector<GridPoint>& points, int rows, int columns, bool closed,
              int part) {
  const int base = static_cast<int>(mesh.vertices.size());
  const auto at = [&](int r, int c) -> const Vec3f& { return points[r * columns + c].position; };
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      const int up = std::min(r + 1, rows - 1), down = std::max(r - 1, 0);
      int right = c + 1, left = c - 1;
      if (right == columns) right = closed ? 1 : c;
      if (left < 0) left = closed ? columns - 2 : 0;
      Vec3f along = at(up, c) - at(down, c);
      Vec3f around = at(r, right) - at(r, left);
      // At a pole the ring has no extent: take the neighbouring ring's direction around it.
      if (around.dot(around) < 1e-10f) {
        const int other = r == 0 ? 1 : rows - 2;
        around = at(other, right) - at(other, left);
      }
      Vertex vertex;
      vertex.position = at(r, c);
      vertex.along = unit(along);
      vertex.normal = unit(around.cross(along));
      vertex.surface = points[r * columns + c].surface;
      mesh.vertices.push_back(vertex);
    }
  }
  for (int r = 0; r + 1 < rows; ++r) {
    for (int c = 0; c + 1 < columns; ++c) {
      const int i = base + r * columns + c;
      mesh.triangles.push_back({i, i + 1, i + columns, part});
      mesh.triangles.push_back({i + 1, i + columns + 1, i + columns, part});
    }
  }
}

namespace {

Vec3f ring_point(const Ring& ring, float theta, float pleat_phase) {
  float c = std::cos(theta), s = std::sin(theta);
  if (ring.square > 0) {  // a superellipse of power 4 in polar form, mixed in
    const float c2 = c * c, s2 = s * s;
    const float out = mix(1, 1 / std::sqrt(std::sqrt(c2 * c2 + s2 * s2)), ring.square);
    c *= out;
    s *= out;
  }
  const float scale = 1 + ring.pleat * std::cos(pleat_phase);
  return ring.center + (ring.side * s + ring.front * (c < 0 ? c * ring.back : c)) * scale;
}

}  // namespace

void add_loft(Mesh& mesh, std::span<const Ring> rings, const LoftStyle& style) {
  const bool closed = rings.front().open == 0 && rings.back().open == 0;
  // theta runs from -pi to pi. An open loft is two halves that meet at the back, where s jumps.
  const int halves = closed ? 1 : 2, columns = style.segments / halves + 1;
  for (int half = 0; half < halves; ++half) {
    std::vector<GridPoint> points;
    const auto append = [&](const Ring& ring, float scale) {
      const float first = closed || half == 0 ? -kPi : ring.open;
      const float last = closed || half == 1 ? kPi : -ring.open;
      for (int c = 0; c < columns; ++c) {
        const float theta = mix(first, last, static_cast<float>(c) / (columns - 1));
        GridPoint point;
        point.position = ring_point(ring, theta, theta * style.pleats);
        point.position = ring.center + (point.position - ring.center) * scale;
        point.surface = Vec3f(theta * style.around, ring.t, ring.half_width * std::sin(theta));
        points.push_back(point);
      }
    };
    int rows = 0;
    if (style.cap_start) append(rings.front(), 0.001f), ++rows;
    for (const Ring& ring : rings) append(ring, 1), ++rows;
    if (style.cap_end) append(rings.back(), 0.001f), ++rows;
    add_grid(mesh, points, rows, columns, closed, style.part);
  }
}

LimbPath::LimbPath(std::span<const Vec3f> joints, const Vec3f& front, float rounding)
    : joints_(joints.begin(), joints.end()), rounding_(rounding) {
  starts_.push_back(0);
  for (size_t i = 1; i < joints_.size(); ++i) {
    total_ += length(joints_[i] - joints_[i - 1]);
    starts_.push_back(total_);
  }
  constexpr int kSamples = 49;
  Vec3f carried = front;
  for (int i = 0; i < kSamples; ++i) {
    const float t = total_ * i / (kSamples - 1), step = 0.5f * total_ / (kSamples - 1);
    Frame frame;
    frame.origin = position(t);
    frame.y = unit(position(std::min(t + step, total_)) - position(std::max(t - step, 0.f)));
    frame.z = unit(carried - frame.y * carried.dot(frame.y));
    frame.x = frame.y.cross(frame.z);
    carried = frame.z;
    samples_.push_back(frame);
  }
}

Vec3f LimbPath::position(float t) const {
  const int segments = static_cast<int>(joints_.size()) - 1;
  for (int i = 1; i < segments; ++i) {
    const float cut = std::min(
        {rounding_, 0.45f * (starts_[i] - starts_[i - 1]), 0.45f * (starts_[i + 1] - starts_[i])});
    if (t > starts_[i] - cut && t < starts_[i] + cut) {
      const Vec3f before = joints_[i] + unit(joints_[i - 1] - joints_[i]) * cut;
      const Vec3f after = joints_[i] + unit(joints_[i + 1] - joints_[i]) * cut;
      const float f = (t - starts_[i] + cut) / (2 * cut);
      return mix(mix(before, joints_[i], f), mix(joints_[i], after, f), f);
    }
  }
  int i = 0;
  while (i + 1 < segments && t > starts_[i + 1]) ++i;
  const Vec3f direction = unit(joints_[i + 1] - joints_[i]);
  return joints_[i] + direction * (t - starts_[i]);
}

Frame LimbPath::at(float t) const {
  const float place = clamp01(t / total_) * (samples_.size() - 1);
  const int i = std::min(static_cast<int>(place), static_cast<int>(samples_.size()) - 2);
  const float f = place - i;
  Frame frame;
  frame.origin = position(t);
  frame.y = unit(mix(samples_[i].y, samples_[i + 1].y, f));
  const Vec3f z = mix(samples_[i].z, samples_[i + 1].z, f);
  frame.z = unit(z - frame.y * z.dot(frame.y));
  frame.x = frame.y.cross(frame.z);
  return frame;
}

}  // namespace nram::data::synthetic
