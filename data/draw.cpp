#include "data/draw.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "data/opencv.h"
#include "kernels/common/error.h"

namespace nram::data {
namespace {

// Shares of the image's height.
constexpr double kLimbHalfWidth = 0.0125;
constexpr double kJointRadius = 0.0165;
// Limbs are darker than joints, as in OpenPose's own pictures.
constexpr double kLimbBrightness = 0.75;
constexpr int kSubpixelBits = 4;

cv::Point subpixel(double x, double y) {
  constexpr double kScale = 1 << kSubpixelBits;
  return {static_cast<int>(std::lround(x * kScale)), static_cast<int>(std::lround(y * kScale))};
}

cv::Scalar scalar(std::array<uint8_t, 3> color, double brightness = 1.0) {
  return {color[0] * brightness, color[1] * brightness, color[2] * brightness};
}

// A skeleton drawn finer than asked, and where it covers its background (0 or 255).
struct Layer {
  cv::Mat colors, cover;
};

void draw_limb(Layer& layer, cv::Point2d from, cv::Point2d to, double half_width,
               const cv::Scalar& color) {
  const cv::Point2d middle = (from + to) / 2;
  const double length = std::hypot(to.x - from.x, to.y - from.y);
  const double angle = std::atan2(to.y - from.y, to.x - from.x) * 180 / CV_PI;
  std::vector<cv::Point2d> outline;
  cv::ellipse2Poly(middle, cv::Size2d(length / 2 + half_width / 2, half_width),
                   static_cast<int>(std::lround(angle)), 0, 360, 6, outline);
  std::vector<cv::Point> polygon;
  for (const cv::Point2d& point : outline) polygon.push_back(subpixel(point.x, point.y));
  cv::fillConvexPoly(layer.colors, polygon, color, cv::LINE_AA, kSubpixelBits);
  cv::fillConvexPoly(layer.cover, polygon, 255, cv::LINE_AA, kSubpixelBits);
}

Layer render_skeleton(const Keypoints& keypoints, int height, int width) {
  const int fine = std::clamp(1024 / std::max(1, height), 1, 8);
  Layer layer{cv::Mat::zeros(height * fine, width * fine, CV_8UC3),
              cv::Mat::zeros(height * fine, width * fine, CV_8UC1)};
  const auto at = [&](int k) {
    return cv::Point2d((keypoints.x[k] + 0.5) * fine - 0.5, (keypoints.y[k] + 0.5) * fine - 0.5);
  };
  const double half_width = std::max(kLimbHalfWidth * height, 0.8) * fine;
  const double radius = std::max(kJointRadius * height, 1.0) * fine;
  for (int i = 0; i < kDrawnLimbCount; ++i) {
    const Limb& limb = limbs()[i];
    if (keypoints.missing(limb.from) || keypoints.missing(limb.to)) continue;
    draw_limb(layer, at(limb.from), at(limb.to), half_width, scalar(limb.color, kLimbBrightness));
  }
  for (int k = 0; k < kKeypointCount; ++k) {
    if (keypoints.missing(k)) continue;
    // Eyes and ears are close together.
    const double size = k >= kRightEye ? 0.7 * radius : radius;
    const cv::Point center = subpixel(at(k).x, at(k).y);
    const int subpixel_radius = static_cast<int>(std::lround(size * (1 << kSubpixelBits)));
    cv::circle(layer.colors, center, subpixel_radius, scalar(keypoint_colors()[k]), cv::FILLED,
               cv::LINE_AA, kSubpixelBits);
    cv::circle(layer.cover, center, subpixel_radius, 255, cv::FILLED, cv::LINE_AA, kSubpixelBits);
  }
  layer.colors = resized(layer.colors, height, width);
  layer.cover = resized(layer.cover, height, width);
  return layer;
}

cv::Mat heat_colors(const float* map, int height, int width, float low, float high,
                    ImageSize size) {
  NRAM_CHECK(height > 0 && width > 0 && high > low, "a map of ", height, " x ", width,
             " with values from ", low, " to ", high, " cannot be drawn");
  const cv::Mat values(height, width, CV_32F, const_cast<float*>(map));
  cv::Mat levels, colors;
  // Scaled before it is quantised, so that no steps show; bicubic overshoot is clamped here.
  resized(values, size.height, size.width)
      .convertTo(levels, CV_8U, 255.0 / (high - low), -255.0 * low / (high - low));
  cv::applyColorMap(levels, colors, cv::COLORMAP_INFERNO);
  cv::cvtColor(colors, colors, cv::COLOR_BGR2RGB);
  return colors;
}

}  // namespace

Image draw_skeleton(const Keypoints& keypoints, int height, int width) {
  NRAM_CHECK(height > 0 && width > 0, "a picture of ", height, " x ", width, " cannot be drawn");
  return to_image(render_skeleton(keypoints, height, width).colors);
}

Image overlay_skeleton(const Image& image, const Keypoints& keypoints, float brightness) {
  const Layer layer = render_skeleton(keypoints, image.height, image.width);
  Image result(image.height, image.width);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const float rest = brightness * (1 - layer.cover.at<uint8_t>(y, x) / 255.0f);
      const cv::Vec3b& color = layer.colors.at<cv::Vec3b>(y, x);  // dark where nothing covers
      for (int c = 0; c < 3; ++c) {
        const float value = rest * image.at(y, x)[c] + color[c];
        result.at(y, x)[c] = static_cast<uint8_t>(std::min(255.0f, value + 0.5f));
      }
    }
  }
  return result;
}

Image draw_heat(const float* map, int height, int width, ImageSize size, float low, float high) {
  if (size.height == 0) size = {height, width};
  return to_image(heat_colors(map, height, width, low, high, size));
}

Image overlay_heat(const Image& photo, const float* map, int height, int width, float opacity,
                   float low, float high) {
  const cv::Mat colors = heat_colors(map, height, width, low, high, {photo.height, photo.width});
  // Grey below: the colours are then the map's alone.
  cv::Mat grey, below;
  cv::cvtColor(view(photo), grey, cv::COLOR_RGB2GRAY);
  cv::cvtColor(grey, below, cv::COLOR_GRAY2RGB);
  Image result(photo.height, photo.width);
  cv::addWeighted(below, 1.0 - opacity, colors, opacity, 0, view(result));
  return result;
}

}  // namespace nram::data
