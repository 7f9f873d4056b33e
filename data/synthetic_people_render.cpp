#include "data/synthetic_people_render.h"

#include <algorithm>
#include <cmath>

#include "data/synthetic_people_shading.h"

namespace nram::data::synthetic {
namespace {

constexpr float kFarAway = -1e9f;

// Running-sum box filter of radius r along x, then along y, in place.
void box_blur(std::vector<float>& image, int height, int width, int r) {
  std::vector<float> line(std::max(height, width));
  const auto pass = [&](float* start, int count, int stride) {
    float sum = 0;
    for (int i = 0; i < std::min(r, count); ++i) sum += start[i * stride];
    for (int i = 0; i < count; ++i) {
      if (i + r < count) sum += start[(i + r) * stride];
      if (i - r - 1 >= 0) sum -= start[(i - r - 1) * stride];
      line[i] = sum;
    }
    const float scale = 1.f / (2 * r + 1);
    for (int i = 0; i < count; ++i) start[i * stride] = line[i] * scale;
  };
  for (int y = 0; y < height; ++y) pass(&image[static_cast<size_t>(y) * width], width, 1);
  for (int x = 0; x < width; ++x) pass(&image[x], height, width);
}

// How much nearer, in metres, the surroundings of each sample lie on average, at half resolution:
// the soft shadow of a limb on what is behind it.
class Occlusion {
 public:
  Occlusion(const VisibilityBuffer& buffer, float scale)
      : height_((buffer.height + 1) / 2), width_((buffer.width + 1) / 2) {
    depth_.assign(static_cast<size_t>(height_) * width_, 0.f);
    std::vector<float> mask(depth_.size(), 0.f);
    for (int y = 0; y < buffer.height; y += 2) {
      for (int x = 0; x < buffer.width; x += 2) {
        const size_t i = static_cast<size_t>(y) * buffer.width + x;
        if (buffer.triangle[i] < 0) continue;
        const size_t j = static_cast<size_t>(y / 2) * width_ + x / 2;
        depth_[j] = buffer.depth[i];
        mask[j] = 1;
      }
    }
    const int radius = std::max(1, static_cast<int>(0.014f * scale));
    for (int pass = 0; pass < 2; ++pass) {
      box_blur(depth_, height_, width_, radius);
      box_blur(mask, height_, width_, radius);
    }
    for (size_t i = 0; i < depth_.size(); ++i)
      depth_[i] = mask[i] > 1e-3f ? depth_[i] / mask[i] : kFarAway;
    shift_ = static_cast<int>(0.008f * scale);
  }
  float at(int x, int y, float depth) const {
    // Looked up towards the light, so that shadows fall away from it.
    const int u = std::clamp(x / 2 - shift_, 0, width_ - 1);
    const int v = std::clamp(y / 2 - shift_, 0, height_ - 1);
    return depth_[static_cast<size_t>(v) * width_ + u] - depth;
  }

 private:
  int height_, width_, shift_ = 0;
  std::vector<float> depth_;
};

Color light(const Tint& tint, const Vec3f& normal, float occlusion) {
  static const Vec3f kKey = unit(Vec3f(-0.50f, 0.55f, 0.72f));
  static const Vec3f kHalf = unit(kKey + Vec3f(0, 0, 1));
  const float diffuse = clamp01((normal.dot(kKey) + 0.32f) / 1.32f);
  const float sky = 0.5f + 0.5f * normal[1];
  float value = 0.44f + 0.14f * sky + 0.52f * diffuse;
  value *= mix(0.80f, 1, smoothstep(0.0f, 0.45f, normal[2]));
  value *= 1 - 0.5f * smoothstep(0.008f, 0.10f, occlusion);
  Color color = tint.color * value;
  if (tint.skin) {  // shadows on skin are warm
    const float dark = clamp01(1 - value);
    color = color.mul(Color(1 + 0.16f * dark, 1 - 0.04f * dark, 1 - 0.10f * dark));
  }
  if (tint.gloss > 0) {
    const float highlight = std::pow(std::max(normal.dot(kHalf), 0.f), 22.f) * tint.gloss * 0.55f;
    color += (Color(1, 1, 1) - color) * highlight;
  }
  return color;
}

// The studio: a wall that darkens slightly to the edges and, where feet show, their soft shadow.
Color backdrop(const SyntheticPerson& person, const Skeleton& k, const Camera& camera, float x,
               float y, float height, float width) {
  const float u = x / width - 0.5f, v = y / height;
  float value = 1.015f - 0.10f * u * u - 0.035f * v * v;
  const float wx = (x - camera.center_x) / camera.scale, wy = (camera.center_y - y) / camera.scale;
  const float ground = wy - k.floor;
  value *= 1 - 0.025f * smoothstep(0.30f, -0.05f, ground);
  for (int side = 0; side < 2; ++side) {
    const Vec3f& ankle = k.foot[side].origin;
    const Vec3f toe = k.foot[side].z * 0.06f;
    const float dx = (wx - ankle[0] - toe[0] - 0.03f) / 0.17f, dy = (ground - 0.012f) / 0.035f;
    value *= 1 - 0.24f * std::exp(-dx * dx - dy * dy);
  }
  return person.backdrop * value;
}

// Whether all samples of a pixel, or none, show one part, without a step in depth.
bool is_uniform(const Figure& figure, const VisibilityBuffer& buffer, int u, int v, int samples) {
  const size_t first = static_cast<size_t>(v) * buffer.width + u;
  const int triangle = buffer.triangle[first];
  const int part = triangle < 0 ? -1 : figure.mesh.triangles[triangle].part;
  for (int dy = 0; dy < samples; ++dy) {
    const size_t row = first + static_cast<size_t>(dy) * buffer.width;
    for (size_t i = row; i < row + samples; ++i) {
      const int other = buffer.triangle[i];
      if ((other < 0 ? -1 : figure.mesh.triangles[other].part) != part) return false;
      if (std::abs(buffer.depth[i] - buffer.depth[first]) > 0.03f) return false;
    }
  }
  return true;
}

}  // namespace

VisibilityBuffer rasterize(const Mesh& mesh, const Camera& camera, int height, int width) {
  VisibilityBuffer buffer;
  buffer.height = height;
  buffer.width = width;
  const size_t count = static_cast<size_t>(height) * width;
  buffer.depth.assign(count, kFarAway);
  buffer.weight_a.resize(count);
  buffer.weight_b.resize(count);
  buffer.triangle.assign(count, -1);
  std::vector<Vec3f> projected;
  projected.reserve(mesh.vertices.size());
  for (const Vertex& v : mesh.vertices) {
    projected.emplace_back(camera.center_x + camera.scale * v.position[0] - 0.5f,
                           camera.center_y - camera.scale * v.position[1] - 0.5f, v.position[2]);
  }
  for (int index = 0; index < static_cast<int>(mesh.triangles.size()); ++index) {
    const Triangle& triangle = mesh.triangles[index];
    const Vec3f &a = projected[triangle.a], &b = projected[triangle.b], &c = projected[triangle.c];
    const float area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    if (std::abs(area) < 1e-6f) continue;
    const int x0 = std::max(0, static_cast<int>(std::ceil(std::min({a[0], b[0], c[0]}))));
    const int x1 = std::min(width - 1, static_cast<int>(std::floor(std::max({a[0], b[0], c[0]}))));
    const int y0 = std::max(0, static_cast<int>(std::ceil(std::min({a[1], b[1], c[1]}))));
    const int y1 = std::min(height - 1, static_cast<int>(std::floor(std::max({a[1], b[1], c[1]}))));
    const float inverse = 1 / area;
    // Weights of a and b are linear in x and y.
    const float wa_x = (b[1] - c[1]) * inverse, wa_y = (c[0] - b[0]) * inverse;
    const float wb_x = (c[1] - a[1]) * inverse, wb_y = (a[0] - c[0]) * inverse;
    for (int y = y0; y <= y1; ++y) {
      float wa = wa_x * (x0 - c[0]) + wa_y * (y - c[1]);
      float wb = wb_x * (x0 - c[0]) + wb_y * (y - c[1]);
      const size_t row = static_cast<size_t>(y) * width;
      for (int x = x0; x <= x1; ++x, wa += wa_x, wb += wb_x) {
        constexpr float kEdge = -1e-4f;  // neighbours overlap by a hair: no cracks
        if (wa < kEdge || wb < kEdge || wa + wb > 1 - kEdge) continue;
        const float z = c[2] + wa * (a[2] - c[2]) + wb * (b[2] - c[2]);
        if (z <= buffer.depth[row + x]) continue;
        buffer.depth[row + x] = z;
        buffer.weight_a[row + x] = wa;
        buffer.weight_b[row + x] = wb;
        buffer.triangle[row + x] = index;
      }
    }
  }
  return buffer;
}

cv::Mat shade(const SyntheticPerson& person, const Skeleton& skeleton, const Figure& figure,
              const VisibilityBuffer& buffer, const Camera& camera, int samples) {
  const int height = buffer.height / samples, width = buffer.width / samples;
  const Occlusion occlusion(buffer, 0.5f * camera.scale);
  const auto sample = [&](int x, int y, size_t i) {
    const Triangle& triangle = figure.mesh.triangles[buffer.triangle[i]];
    const Vertex& a = figure.mesh.vertices[triangle.a];
    const Vertex& b = figure.mesh.vertices[triangle.b];
    const Vertex& c = figure.mesh.vertices[triangle.c];
    const float wa = buffer.weight_a[i], wb = buffer.weight_b[i], wc = 1 - wa - wb;
    const Vec3f surface = a.surface * wa + b.surface * wb + c.surface * wc;
    Vec3f normal = unit(a.normal * wa + b.normal * wb + c.normal * wc);
    const Vec3f along = a.along * wa + b.along * wb + c.along * wc;
    Tint point = tint(person, figure.parts[triangle.part].surface, surface);
    const bool inner = normal[2] < -0.05f;
    if (normal[2] < 0) normal = normal * -1.f;
    const Vec3f around = along.cross(normal);
    normal = unit(normal - around * point.relief_s - along * point.relief_t);
    Color color = light(point, normal, occlusion.at(x, y, buffer.depth[i]));
    if (inner && point.lined) color *= 0.55f;
    return color;
  };
  Camera pixels = camera;
  pixels.scale /= samples;
  pixels.center_x /= samples;
  pixels.center_y /= samples;
  cv::Mat image(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      // Inside one part half of the samples, as on a chessboard, are enough.
      const int stride = is_uniform(figure, buffer, x * samples, y * samples, samples) ? 2 : 1;
      Color sum(0, 0, 0);
      int shaded = 0, empty = 0;
      for (int j = 0; j < samples * samples; j += stride) {
        const int dy = j / samples,
                  dx = (j + (stride == 2 && samples % 2 == 0 ? dy & 1 : 0)) % samples;
        const int u = x * samples + dx, v = y * samples + dy;
        const size_t i = static_cast<size_t>(v) * buffer.width + u;
        if (buffer.triangle[i] < 0) {
          ++empty;
          continue;
        }
        const Color color = sample(u, v, i);
        for (int channel = 0; channel < 3; ++channel) sum[channel] += clamp01(color[channel]);
        ++shaded;
      }
      if (empty > 0) {
        sum += backdrop(person, skeleton, pixels, x + 0.5f, y + 0.5f, height, width) *
               static_cast<float>(empty);
      }
      const float share = 1.f / (shaded + empty);
      cv::Vec3b& pixel = image.at<cv::Vec3b>(y, x);
      for (int channel = 0; channel < 3; ++channel) {
        pixel[2 - channel] = static_cast<uint8_t>(clamp01(sum[channel] * share) * 255 + 0.5f);
      }
    }
  }
  return image;
}

}  // namespace nram::data::synthetic
