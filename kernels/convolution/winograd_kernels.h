// The inner loops of Winograd's F(4x4, 3x3) in NHWC, vectorised over channels and built once per
// instruction set: a 4x4 output tile of a 3x3 convolution is A^T [ (G g G^T) . (B^T d B) ] A for
// the 6x6 input tile d and the taps g, so that 36 matrix products over channels replace 144
// multiplications of channels. Interpolation points 0, 5/8, -5/8, 3/2, -3/2 and infinity: exact in
// binary, and rms errors half of those of 0, 1, -1, 2, -2. (Lavin & Gray 2015; points as in
// Barabasz et al. 2018.)
#pragma once

#include <cstdint>

namespace nram::kernels::winograd {

constexpr int kInputSide = 6;
constexpr int kOutputSide = 4;
constexpr int kPlanes = kInputSide * kInputSide;          // elements of a transformed tile
constexpr int kOutputPixels = kOutputSide * kOutputSide;  // of a tile
constexpr int kTaps = 9;
constexpr int64_t kChannelBlock = 32;  // all channel counts below are multiples of it

constexpr int64_t kWeightGroup = 16;  // input channels whose filters are transformed together

// Where transformed tiles lie: channel c of a tile's element p is at
// p * plane + c / panel * panel_stride + c % panel, from the tile's start.
struct TileLayout {
  int64_t plane = 0;
  int64_t panel = 0;
  int64_t panel_stride = 0;
};

// c[i][j] = (c[i][j] if `accumulate`) + sum over l < depth of a[i * row + l * column] b[l][j] for
// i < rows and j < panel.
struct Product {
  const float* a = nullptr;
  int64_t row = 0, column = 0;
  const float* b = nullptr;  // [depth][panel]
  float* c = nullptr;
  int64_t pitch = 0;  // of c
  int64_t rows = 0, depth = 0;
  bool accumulate = false;
};

struct Kernels {
  const char* name;
  int64_t panel;  // columns of a product
  // B^T d B of the 36 pixels of a tile.
  void (*input)(const float* const* pixels, int64_t channels, float* to, const TileLayout& layout);
  // A dy A^T of the 16 pixels of a tile of the output's gradient.
  void (*output_gradient)(const float* const* pixels, int64_t channels, float* to,
                          const TileLayout& layout);
  // The 16 pixels A^T m A + bias (null: 0) after LeakyReLU of a tile with `plane` between elements.
  void (*output)(const float* from, int64_t plane, int64_t channels, const float* bias, float slope,
                 float* const* pixels);
  // G g G^T of `channels` filters, whose taps are `tap` apart.
  void (*weights)(const float* taps, int64_t tap, int64_t channels, float* to, int64_t plane);
  // to[c][r] = from[r][c] for a panel of rows and kWeightGroup columns; `to` is dense.
  void (*transpose)(const float* from, int64_t pitch, float* to);
  // G^T m G: the taps' gradients.
  void (*weight_gradient)(const float* from, int64_t plane, int64_t channels, float* taps,
                          int64_t tap);
  void (*product)(const Product& product);
};

// For the processor that runs this.
const Kernels& kernels();

extern const Kernels kGeneric;
#if defined(__x86_64__)
extern const Kernels kAvx2;
extern const Kernels kAvx512;
#endif

}  // namespace nram::kernels::winograd
