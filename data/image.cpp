#include "data/image.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "data/opencv.h"
#include "kernels/common/error.h"

namespace nram::data {

Image::Image(int h, int w, std::array<uint8_t, 3> color)
    : height(h), width(w), pixels(static_cast<size_t>(h) * w * 3) {
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = color[i % 3];
}

cv::Mat resized(const cv::Mat& matrix, int height, int width) {
  if (matrix.rows == height && matrix.cols == width) return matrix;
  const bool shrinks = height < matrix.rows || width < matrix.cols;
  cv::Mat result;
  cv::resize(matrix, result, cv::Size(width, height), 0, 0,
             shrinks ? cv::INTER_AREA : cv::INTER_CUBIC);
  return result;
}

Geometry fit(ImageSize from, ImageSize to) {
  NRAM_CHECK(from.height > 0 && from.width > 0 && to.height > 0 && to.width > 0,
             "cannot bring an image of ", from.height, " x ", from.width, " to ", to.height, " x ",
             to.width);
  const double scale = static_cast<double>(to.height) / from.height;
  const int scaled_width = std::max(1, static_cast<int>(std::lround(from.width * scale)));
  // Rounds towards the left alike for crops and borders.
  const int room = to.width - scaled_width;
  return {from, to, scaled_width, room >= 0 ? room / 2 : -(-room / 2)};
}

std::array<uint8_t, 3> border_median(const Image& image) {
  NRAM_CHECK(!image.empty(), "the image is empty");
  std::array<uint8_t, 3> result{};
  std::vector<uint8_t> values(2 * static_cast<size_t>(image.height));
  for (int channel = 0; channel < 3; ++channel) {
    for (int y = 0; y < image.height; ++y) {
      values[2 * y] = image.at(y, 0)[channel];
      values[2 * y + 1] = image.at(y, image.width - 1)[channel];
    }
    const auto middle = values.begin() + image.height;
    std::nth_element(values.begin(), middle, values.end());
    result[channel] = *middle;
  }
  return result;
}

Image apply(const Geometry& geometry, const Image& image) {
  NRAM_CHECK(image.height == geometry.from.height && image.width == geometry.from.width,
             "the geometry is for ", geometry.from.height, " x ", geometry.from.width,
             ", the image is ", image.height, " x ", image.width);
  if (geometry.from == geometry.to) return image;
  const cv::Mat scaled = resized(view(image), geometry.to.height, geometry.scaled_width);
  Image result(
      geometry.to.height, geometry.to.width,
      geometry.scaled_width < geometry.to.width ? border_median(image) : std::array<uint8_t, 3>{});
  const int width = std::min(geometry.scaled_width, geometry.to.width);
  const cv::Rect taken(std::max(0, -geometry.offset), 0, width, geometry.to.height);
  const cv::Rect placed(std::max(0, geometry.offset), 0, width, geometry.to.height);
  scaled(taken).copyTo(view(result)(placed));
  return result;
}

Keypoints apply(const Geometry& geometry, const Keypoints& keypoints) {
  const auto scaled = [](float value, int from, int to) {
    return (value + 0.5f) * static_cast<float>(to) / static_cast<float>(from) - 0.5f;
  };
  // A point within half a pixel of the edge is on the image; its coordinate is kept on the grid
  // of pixel centres, as one below zero would read as missing.
  const auto on_image = [](float value, int size) {
    return value >= -0.5f && value <= static_cast<float>(size) - 0.5f;
  };
  const auto clamped = [](float value, int size) {
    return std::clamp(value, 0.0f, static_cast<float>(size - 1));
  };
  const auto [height, width] = geometry.to;
  Keypoints result;
  for (int k = 0; k < kKeypointCount; ++k) {
    if (keypoints.missing(k)) continue;
    const float y = scaled(keypoints.y[k], geometry.from.height, height);
    const float x = scaled(keypoints.x[k], geometry.from.width, geometry.scaled_width) +
                    static_cast<float>(geometry.offset);
    if (!on_image(y, height) || !on_image(x, width)) continue;
    result.y[k] = clamped(y, height);
    result.x[k] = clamped(x, width);
  }
  return result;
}

Image flip(const Image& image) {
  Image result(image.height, image.width);
  cv::flip(view(image), view(result), 1);
  return result;
}

void to_floats(const Image& image, float* out) {
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    out[i] = static_cast<float>(image.pixels[i]) / 127.5f - 1.0f;
  }
}

Image from_floats(const float* values, int height, int width) {
  Image image(height, width);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    const float value = std::clamp((values[i] + 1.0f) * 127.5f, 0.0f, 255.0f);
    image.pixels[i] = static_cast<uint8_t>(std::lround(value));
  }
  return image;
}

}  // namespace nram::data
