// Geometry of the synthetic people: smooth tubes ("lofts") of elliptic rings, from which bodies,
// garments, shoes and hair are built. Lengths are metres; x points to the image's right, y up and
// z towards the camera. Every vertex carries surface coordinates that belong to the body or the
// cloth, not to the pose, so that textures move with the person.
#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <vector>

namespace nram::data::synthetic {

using cv::Vec3f;

constexpr float kPi = 3.14159265f;

inline float clamp01(float v) { return v < 0 ? 0.f : v > 1 ? 1.f : v; }
inline float mix(float a, float b, float f) { return a + (b - a) * f; }
inline Vec3f mix(const Vec3f& a, const Vec3f& b, float f) { return a * (1 - f) + b * f; }
// 0 at and before `low`, 1 at and after `high`, smooth between.
inline float smoothstep(float low, float high, float v) {
  const float f = clamp01((v - low) / (high - low));
  return f * f * (3 - 2 * f);
}
inline Vec3f unit(const Vec3f& v) {
  const float length = std::sqrt(v.dot(v));
  return length > 1e-9f ? v * (1 / length) : Vec3f(0, 1, 0);
}
inline float length(const Vec3f& v) { return std::sqrt(v.dot(v)); }

// A position and three unit axes: x to the person's left, y up along the part, z to its front.
struct Frame {
  Vec3f origin{0, 0, 0}, x{1, 0, 0}, y{0, 1, 0}, z{0, 0, 1};
  Vec3f direction(float dx, float dy, float dz) const { return x * dx + y * dy + z * dz; }
  Vec3f at(float px, float py, float pz) const { return origin + direction(px, py, pz); }
};
// The frame turned by angles in radians: yaw about its y (positive: to the person's left), pitch
// about its x (positive: forwards) and roll about its z (positive: left side up).
Frame rotated(const Frame& frame, float yaw, float pitch, float roll);

struct Vertex {
  Vec3f position, normal, along;  // `along`: unit tangent in the direction of growing t
  Vec3f surface;                  // (s, t, extra): around, along in metres, and one more by part
};

struct Triangle {
  int a, b, c;
  int part;
};

struct Mesh {
  std::vector<Vertex> vertices;
  std::vector<Triangle> triangles;
};

// One cross section: centre + side sin(theta) + front cos(theta), where for cos < 0 `front` is
// scaled by `back`. theta = 0 is the front, growing to the person's left.
struct Ring {
  Vec3f center, side, front;
  float back = 1;
  float t = 0;
  float open = 0;        // half of the angle left open in front
  float square = 0;      // 0 an ellipse, towards 1 a rounded rectangle
  float pleat = 0;       // relative height of the pleats
  float half_width = 0;  // lateral half extent in the rest pose; surface[2] = half_width sin(theta)
};

struct LoftStyle {
  int part = 0;
  int segments = 20;
  float around = 0.1f;  // metres of s per radian of theta
  int pleats = 0;
  bool cap_start = false;  // close the first / last ring
  bool cap_end = false;
};

// Appends a smooth tube through the rings (two or more).
void add_loft(Mesh& mesh, std::span<const Ring> rings, const LoftStyle& style);

// Appends a grid of positions (rows x columns) with normals from its own differences; surface
// coordinates are given. With `closed` the last column joins the first one (same position,
// different s). `outward` 1 or -1 picks the side of the normals.
struct GridPoint {
  Vec3f position, surface;
};
void add_grid(Mesh& mesh, const std::vector<GridPoint>& points, int rows, int columns, bool closed,
              int part);

// A smooth function through knots: columns of values over ascending x, by Catmull-Rom with
// clamped ends.
template <int N>
struct Knot {
  float x;
  std::array<float, N> value;
};
template <int N>
std::array<float, N> interpolate(std::span<const Knot<N>> knots, float x) {
  const int last = static_cast<int>(knots.size()) - 1;
  if (x <= knots[0].x) return knots[0].value;
  if (x >= knots[last].x) return knots[last].value;
  int i = 0;
  while (x > knots[i + 1].x) ++i;
  const float h = knots[i + 1].x - knots[i].x, f = (x - knots[i].x) / h;
  std::array<float, N> result;
  for (int n = 0; n < N; ++n) {
    const auto slope = [&](int k) {
      const int low = std::max(k - 1, 0), high = std::min(k + 1, last);
      return (knots[high].value[n] - knots[low].value[n]) / (knots[high].x - knots[low].x) * h;
    };
    const float p = knots[i].value[n], q = knots[i + 1].value[n];
    const float f2 = f * f, f3 = f2 * f;
    result[n] = (2 * f3 - 3 * f2 + 1) * p + (f3 - 2 * f2 + f) * slope(i) + (3 * f2 - 2 * f3) * q +
                (f3 - f2) * slope(i + 1);
  }
  return result;
}

// The axis of a limb: straight between its joints with rounded corners, measured by the length
// along the straight segments, so that a point keeps its t in every pose.
class LimbPath {
 public:
  // `front`: the direction that theta = 0 faces at the start, carried along without twist.
  LimbPath(std::span<const Vec3f> joints, const Vec3f& front, float rounding);
  float total() const { return total_; }
  float joint_at(int joint) const { return starts_[joint]; }
  // Position at t, with y pointing along the limb, z the carried front and x = y cross z.
  Frame at(float t) const;

 private:
  Vec3f position(float t) const;
  std::vector<Vec3f> joints_;
  std::vector<float> starts_;
  float rounding_, total_ = 0;
  std::vector<Frame> samples_;
};

}  // namespace nram::data::synthetic
