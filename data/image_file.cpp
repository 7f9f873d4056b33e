#include <algorithm>
#include <cctype>
#include <cstring>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string_view>

#include "data/file.h"
#include "data/image.h"
#include "data/opencv.h"
#include "kernels/common/error.h"

namespace nram::data {
namespace {

using Bytes = std::vector<uint8_t>;

bool is_jpeg(const Bytes& bytes) {
  return bytes.size() >= 2 && bytes[0] == 0xFF && bytes[1] == 0xD8;
}

bool is_png(const Bytes& bytes) {
  constexpr uint8_t kSignature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  return bytes.size() >= 8 && std::memcmp(bytes.data(), kSignature, 8) == 0;
}

int big_endian_16(const uint8_t* at) { return at[0] << 8 | at[1]; }

int64_t big_endian_32(const uint8_t* at) {
  return int64_t{at[0]} << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

// What the header of a JPEG tells: its size, and where the compressed data starts (0: not reached).
struct JpegHeader {
  ImageSize size{0, 0};
  bool has_exif = false;
  size_t data = 0;
};

JpegHeader read_jpeg_header(const Bytes& bytes) {
  JpegHeader header;
  size_t at = 2;
  while (at + 4 <= bytes.size() && bytes[at] == 0xFF) {
    const int marker = bytes[at + 1];
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    const size_t length = static_cast<size_t>(big_endian_16(&bytes[at + 2]));
    const bool frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame && at + 9 <= bytes.size()) {
      header.size = {big_endian_16(&bytes[at + 5]), big_endian_16(&bytes[at + 7])};
    }
    header.has_exif = header.has_exif || marker == 0xE1;
    at += 2 + length;
    if (marker == 0xDA) {
      header.data = at;
      break;
    }
  }
  return header;
}

// libjpeg paints the rest grey without an error, so the end is looked for: within compressed data
// a byte 0xFF is followed by 0xD9 only at the end of the image.
bool jpeg_is_complete(const Bytes& bytes) {
  const size_t data = read_jpeg_header(bytes).data;
  if (data == 0) return false;
  for (size_t at = data; at + 1 < bytes.size(); ++at) {
    if (bytes[at] == 0xFF && bytes[at + 1] == 0xD9) return true;
  }
  return false;
}

bool png_is_complete(const Bytes& bytes) {
  size_t at = 8;
  while (at + 12 <= bytes.size()) {
    const size_t length = static_cast<size_t>(big_endian_32(&bytes[at]));
    if (std::memcmp(&bytes[at + 4], "IEND", 4) == 0) return true;
    at += 12 + length;
  }
  return false;
}

std::string lower_ending(const std::string& path) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return "";
  std::string ending = path.substr(dot);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

}  // namespace

Image decode_image(const Bytes& bytes, const std::string& place) {
  NRAM_USER_CHECK(!bytes.empty(), place, ": the image file is empty; copy or download it again");
  NRAM_USER_CHECK(
      (!is_jpeg(bytes) || jpeg_is_complete(bytes)) && (!is_png(bytes) || png_is_complete(bytes)),
      place, ": the image is cut off; copy or download it again");
  cv::Mat decoded;
  try {
    decoded = cv::imdecode(bytes, cv::IMREAD_COLOR);
  } catch (const cv::Exception& exception) {
    throw_user(text(place, ": the image cannot be decoded (", exception.err,
                    "); save it again as JPEG or PNG"));
  }
  NRAM_USER_CHECK(!decoded.empty(), place,
                  ": this is not an image that can be decoded; save it again as JPEG or PNG");
  Image image(decoded.rows, decoded.cols);
  cv::cvtColor(decoded, view(image), cv::COLOR_BGR2RGB);
  return image;
}

Image read_image(const std::string& path) { return decode_image(read_bytes(path), path); }

ImageSize read_image_size(const std::string& path) {
  const Bytes start = read_bytes(path, 4096);
  if (is_png(start) && start.size() >= 24) {
    return {static_cast<int>(big_endian_32(&start[20])),
            static_cast<int>(big_endian_32(&start[16]))};
  }
  if (is_jpeg(start)) {
    const JpegHeader header = read_jpeg_header(start);
    // EXIF may turn the image.
    if (!header.has_exif && header.size.height > 0 && header.size.width > 0) return header.size;
  }
  const Image image = read_image(path);
  return {image.height, image.width};
}

void write_image(const std::string& path, const Image& image) {
  NRAM_CHECK(!image.empty(), "the image for ", path, " is empty");
  const std::string ending = lower_ending(path);
  NRAM_USER_CHECK(ending == ".png" || ending == ".jpg" || ending == ".jpeg", path,
                  ": images are written as PNG or JPEG; end the name with .png or .jpg");
  cv::Mat bgr;
  cv::cvtColor(view(image), bgr, cv::COLOR_RGB2BGR);
  Bytes encoded;
  const std::vector<int> parameters = {cv::IMWRITE_JPEG_QUALITY, 95, cv::IMWRITE_PNG_COMPRESSION,
                                       6};
  NRAM_CHECK(cv::imencode(ending, bgr, encoded, parameters), "encoding ", path, " failed");
  write_atomically(path, encoded.data(), encoded.size());
}

}  // namespace nram::data
