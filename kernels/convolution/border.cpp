#include "kernels/convolution/border.h"

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void add(const float* NRAM_RESTRICT x, float* NRAM_RESTRICT y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] += x[i];
}

NRAM_MULTIVERSION
void bias_leaky_relu(float* y, const float* bias, int64_t rows, int64_t channels, float slope) {
  for (int64_t r = 0; r < rows; ++r, y += channels) {
    for (int64_t c = 0; c < channels; ++c) {
      const float value = y[c] + bias[c];
      y[c] = value > 0 ? value : slope * value;
    }
  }
}

NRAM_MULTIVERSION
void leaky_relu(float* y, int64_t count, float slope) {
  for (int64_t i = 0; i < count; ++i) y[i] = y[i] > 0 ? y[i] : slope * y[i];
}

// The padded positions 0 ... size + 2p - 1 that mirror position i of an axis, in a fixed order.
struct Mirrors {
  int64_t at[3];
  int count = 0;
  Mirrors(int64_t i, int64_t size, int64_t p) {
    at[count++] = i + p;
    if (i >= 1 && i <= p) at[count++] = p - i;
    if (i <= size - 2 && i >= size - 1 - p) at[count++] = 2 * (size - 1) - i + p;
  }
};

void fold_row(const ConvolutionGeometry& g, const float* padded_image, int64_t a, float* row) {
  const int64_t p = g.padding, c = g.channels, padded_row = (g.width + 2 * p) * c;
  const Mirrors rows(a, g.height, p);
  std::copy_n(padded_image + rows.at[0] * padded_row + p * c, g.width * c, row);
  for (int k = 1; k < rows.count; ++k) {
    add(padded_image + rows.at[k] * padded_row + p * c, row, g.width * c);
  }
  const auto add_mirrored_columns = [&](int64_t b) {
    const Mirrors columns(b, g.width, p);
    for (int k = 0; k < rows.count; ++k) {
      for (int l = 1; l < columns.count; ++l) {
        add(padded_image + rows.at[k] * padded_row + columns.at[l] * c, row + b * c, c);
      }
    }
  };
  const int64_t left_end = std::min(p + 1, g.width);
  for (int64_t b = 0; b < left_end; ++b) add_mirrored_columns(b);
  for (int64_t b = std::max(left_end, g.width - 1 - p); b < g.width; ++b) add_mirrored_columns(b);
}

}  // namespace

void reflect_border(const ConvolutionGeometry& g, const float* x, float* padded) {
  const int64_t p = g.padding, c = g.channels;
  const int64_t rows = g.height + 2 * p, columns = g.width + 2 * p;
  parallel_ranges(g.batch * rows, g.batch * rows * columns * c, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t n = r / rows, a = mirrored(r % rows - p, g.height);
      const float* from = x + (n * g.height + a) * g.width * c;
      float* to = padded + r * columns * c;
      std::copy_n(from, g.width * c, to + p * c);
      for (int64_t b = 0; b < p; ++b) {
        std::copy_n(from + mirrored(b - p, g.width) * c, c, to + b * c);
        std::copy_n(from + mirrored(g.width + b, g.width) * c, c, to + (p + g.width + b) * c);
      }
    }
  });
}

void fold_border(const ConvolutionGeometry& g, const float* padded, float* x) {
  const int64_t padded_image = (g.height + 2 * g.padding) * (g.width + 2 * g.padding) * g.channels;
  parallel_ranges(g.batch * g.height, g.input_count(), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      fold_row(g, padded + r / g.height * padded_image, r % g.height, x + r * g.width * g.channels);
    }
  });
}

void add_bias_leaky_relu(float* y, const float* bias, int64_t rows, int64_t channels, float slope) {
  if (bias == nullptr && slope == 1) return;
  parallel_ranges(rows, rows * channels, [&](int64_t begin, int64_t end) {
    if (bias != nullptr) {
      bias_leaky_relu(y + begin * channels, bias, end - begin, channels, slope);
    } else {
      leaky_relu(y + begin * channels, (end - begin) * channels, slope);
    }
  });
}

}  // namespace nram::kernels
