// Host and device: a convolution's three passes as matrix products whose operands are gathered.
//
// Forward and transposed: rows are output pixels, columns output channels, and k runs over taps and
// input channels. A transposed convolution of stride s is s x s convolutions of stride 1, one for
// each residue of the output row and column, each with the taps that meet that residue, so that no
// product has a zero that the stride made; its weights are packed in that order first.
// Weight gradient: rows are output channels, columns (tap, input channel), k runs over pixels.
//
// Channels come in vectors of 16 bytes: tensors whose channel counts are no multiple of that are
// copied with zero channels appended (kernels/convolution/cuda.cu), weights likewise. Indices into
// one image are 32 bits, images and rows of a tensor are 64 bits apart.
#pragma once

#include <cstdint>

namespace nram {

// The tensor that pixels are gathered from.
struct GatheredImage {
  const void* data = nullptr;
  int64_t image_pitch = 0;  // elements between two images
  int32_t height = 0, width = 0;
  int32_t pitch = 0;     // elements between two pixels
  int32_t channels = 0;  // a multiple of 16 bytes
  int32_t stride = 1;    // pixel i reads row i * stride + tap - padding
  int32_t reflect = 0;   // 1: rows and columns outside mirror at the border pixel; 0: zeros
};

// Output pixels that take the same taps.
struct TapClass {
  int32_t taps_height = 0, taps_width = 0;
  int32_t padding_height = 0, padding_width = 0;
  int32_t height = 0, width = 0;            // pixels of the class in one image
  int32_t first_row = 0, first_column = 0;  // its pixel (0, 0) in the output
  int64_t weights = 0;                      // its weights, [outputs][taps][channels], in elements
};
constexpr int kMostTapClasses = 4;

struct PixelProduct {
  GatheredImage x;
  const void* weights = nullptr;
  const void* bias = nullptr;  // of the output's type; null: none
  void* y = nullptr;
  float* partial = nullptr;  // [splits][output pixels][outputs] instead of y; null: y
  int64_t y_pitch = 0;
  int32_t batch = 0, output_height = 0, output_width = 0, outputs = 0;
  int32_t output_step = 1;  // between two pixels of a class
  int32_t splits = 1;       // of k: grid z is class * splits + split
  int32_t wide_stores = 0;  // 16 bytes at once fit the destination
  float slope = 1;
  TapClass classes[kMostTapClasses];
};

struct WeightProduct {
  GatheredImage x;
  const void* dy = nullptr;
  float* dw = nullptr;  // [splits][outputs][taps][channels of x]
  int64_t dy_pitch = 0;
  int32_t batch = 0, output_height = 0, output_width = 0, outputs = 0;
  int32_t padding = 0, kernel_height = 0, kernel_width = 0;
  int32_t splits = 1;  // of the pixels: grid y
};

// The sum of splits, and of the pixels that a reflected border mirrors, through bias and LeakyReLU:
// y[n, a, b, c] from partial [splits][n][height + 2 padding][width + 2 padding][partial_pitch].
struct PartialSum {
  const float* partial = nullptr;
  int64_t split_pitch = 0;
  const void* bias = nullptr;
  void* y = nullptr;
  int64_t y_pitch = 0;
  int64_t rows = 0;  // output pixels
  int32_t height = 0, width = 0, channels = 0;
  int32_t padding = 0;  // 0: nothing is mirrored, and height and width do not matter
  int32_t partial_pitch = 0;
  int32_t splits = 1;
  float slope = 1;
};

// Rows of `channels` elements copied to rows of `padded` elements, zeros behind.
struct ChannelPadding {
  const void* x = nullptr;
  void* y = nullptr;
  int64_t rows = 0, x_pitch = 0;
  int32_t channels = 0, padded = 0;
};

// Weights [outputs][kernel_height][kernel_width][channels] as the tap classes of a transposed
// convolution read them: class by class (row residue major) [channels][taps][padded outputs], taps
// in reverse.
struct WeightPacking {
  const void* weights = nullptr;
  void* packed = nullptr;
  int32_t outputs = 0, padded = 0, channels = 0;
  int32_t kernel_height = 0, kernel_width = 0, stride = 1, padding = 0;
};

#ifdef __CUDACC__
#define NRAM_HOST_DEVICE __host__ __device__
#else
#define NRAM_HOST_DEVICE
#endif

// Along one axis: the first tap that meets outputs of a residue, and how many do.
NRAM_HOST_DEVICE constexpr int32_t first_tap(int32_t residue, int32_t padding, int32_t stride) {
  return (residue + padding) % stride;
}
NRAM_HOST_DEVICE constexpr int32_t tap_count(int32_t residue, int32_t padding, int32_t stride,
                                             int32_t kernel) {
  return (kernel - first_tap(residue, padding, stride) + stride - 1) / stride;
}
// Taps of all residues before this one.
NRAM_HOST_DEVICE constexpr int32_t taps_before(int32_t residue, int32_t padding, int32_t stride,
                                               int32_t kernel) {
  int32_t taps = 0;
  for (int32_t r = 0; r < residue; ++r) taps += tap_count(r, padding, stride, kernel);
  return taps;
}
// Taps (of both axes) of all classes before this one in the packed weights.
NRAM_HOST_DEVICE constexpr int32_t class_taps_before(int32_t row, int32_t column, int32_t padding,
                                                     int32_t stride, int32_t kernel_height,
                                                     int32_t kernel_width) {
  return taps_before(row, padding, stride, kernel_height) * kernel_width +
         tap_count(row, padding, stride, kernel_height) *
             taps_before(column, padding, stride, kernel_width);
}

}  // namespace nram
