// Images: decode, encode, convert, and the one rule by which an image of any size is brought to
// the size of the network.
//
// The geometry rule: the image is scaled to the target height with its aspect kept (area averaging
// when it shrinks, bicubic when it grows), then the centre columns are kept if it is wider than the
// target, else it is padded on both sides alike with the median colour of its left and right
// border. So a 256 x 256 DeepFashion original gives columns 40..215 at 256 x 176, and the same
// picture at 128 x 88. Keypoints move by the same rule; those on cropped columns become missing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "data/keypoints.h"

namespace nram::data {

// 8-bit RGB, row by row: pixels[(y * width + x) * 3 + channel].
struct Image {
  int height = 0, width = 0;
  std::vector<uint8_t> pixels;

  Image() = default;
  Image(int h, int w, std::array<uint8_t, 3> color = {0, 0, 0});
  uint8_t* at(int y, int x) { return &pixels[(static_cast<size_t>(y) * width + x) * 3]; }
  const uint8_t* at(int y, int x) const {
    return &pixels[(static_cast<size_t>(y) * width + x) * 3];
  }
  bool empty() const { return pixels.empty(); }
  bool operator==(const Image&) const = default;
};

struct ImageSize {
  int height, width;
  bool operator==(const ImageSize&) const = default;
};

// Decodes any format that OpenCV reads (grey and alpha become RGB; EXIF orientation is applied).
// User error naming the file when it is missing, unreadable, truncated or no image.
Image read_image(const std::string& path);
// The same from memory; `place` names the image in errors.
Image decode_image(const std::vector<uint8_t>& bytes, const std::string& place);
// Size without decoding where the header tells (JPEG without EXIF, PNG); else decodes.
ImageSize read_image_size(const std::string& path);

// Writes .png or .jpg (quality 95) by the ending of the path. Atomic: a temporary file beside it is
// renamed over it, so the path never holds half an image. User error for another ending or a
// folder that cannot be written.
void write_image(const std::string& path, const Image& image);

// How an image of `from` is brought to `to`: scaled to to.height x scaled_width, then its column 0
// lies at column `offset` of the result (negative: cropped).
struct Geometry {
  ImageSize from, to;
  int scaled_width;
  int offset;
};
Geometry fit(ImageSize from, ImageSize to);
Image apply(const Geometry& geometry, const Image& image);
// Points off the result become missing.
Keypoints apply(const Geometry& geometry, const Keypoints& keypoints);

// Mirrored about the vertical axis.
Image flip(const Image& image);

// height x width x 3 floats, v / 127.5 - 1: [-1, 1], RGB, row by row (NHWC of one image).
void to_floats(const Image& image, float* out);
// Back: clamped, rounded to nearest.
Image from_floats(const float* values, int height, int width);

// Per channel median of the left and right border columns: the colour of a plain background.
std::array<uint8_t, 3> border_median(const Image& image);

}  // namespace nram::data
