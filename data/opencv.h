// OpenCV views of the data layer's images; for its .cpp files only.
#pragma once

#include <opencv2/core.hpp>

#include "data/image.h"

namespace nram::data {

// Shares the pixels (RGB, though OpenCV's own functions mean BGR by three channels).
inline cv::Mat view(Image& image) {
  return cv::Mat(image.height, image.width, CV_8UC3, image.pixels.data());
}
inline cv::Mat view(const Image& image) {
  return cv::Mat(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.pixels.data()));
}

// Copies an 8-bit RGB matrix.
inline Image to_image(const cv::Mat& matrix) {
  Image image(matrix.rows, matrix.cols);
  matrix.copyTo(view(image));
  return image;
}

// Resized as everywhere here: area averaging to shrink, bicubic to grow.
cv::Mat resized(const cv::Mat& matrix, int height, int width);

}  // namespace nram::data
