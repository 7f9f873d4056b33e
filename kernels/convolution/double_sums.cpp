// Convolution with sums in double, for comparisons with other implementations: every pass as a
// matrix product, blocks of whose factors are gathered from the float tensors and widened. A thread
// owns a tile of the product and adds the blocks up in order, so that the bits do not depend on the
// number of threads. About a third of the machine's peak in double; oneDNN in float is three times
// as fast.
#include <omp.h>

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/convolution/border.h"
#include "kernels/convolution/cpu_paths.h"

namespace nram::kernels {
namespace {

constexpr int64_t kLanes = 8;
constexpr int64_t kPanel = 2 * kLanes;  // columns summed at a time in registers, and
constexpr int64_t kRows = 8;            // rows: 16 of 32 vector registers
constexpr int64_t kTileRows = 192;      // a tile and the blocks for it fill a second-level cache
constexpr int64_t kTileColumns = 256;
constexpr int64_t kDepth = 128;
constexpr int64_t kPitch = kDepth + 8;  // of a block's rows: no power of two, which caches dislike

typedef double Vector __attribute__((vector_size(kLanes * sizeof(double))));

// What a thread works in. `left` is [tile rows][pitch], `right` [column / 16][depth][16], `sums`
// [tile rows][tile columns].
struct Scratch {
  alignas(64) double left[kTileRows * kPitch];
  alignas(64) double right[kTileColumns * kDepth];
  alignas(64) double sums[kTileRows * kTileColumns];
};

// A block of the product: rows x columns of the result, depth terms of each sum.
struct Block {
  Range rows, columns, depth;
  int64_t row_count() const { return rows.end - rows.begin; }
  int64_t column_count() const { return columns.end - columns.begin; }
  int64_t depth_count() const { return depth.end - depth.begin; }
};

int64_t round_up(int64_t count, int64_t unit) { return (count + unit - 1) / unit * unit; }

// sums += left * right over whole groups of 8 rows and panels of 16 columns.
NRAM_MULTIVERSION
void add_product(Scratch& scratch, int64_t rows, int64_t columns, int64_t depth) {
  for (int64_t n = 0; n < columns; n += kPanel) {
    const double* const panel = scratch.right + n * kDepth;
    for (int64_t m = 0; m < rows; m += kRows) {
      const double* const left = scratch.left + m * kPitch;
      auto* const at = reinterpret_cast<Vector*>(scratch.sums + m * kTileColumns + n);
      constexpr int64_t kStep = kTileColumns / kLanes;
      Vector sums[kRows][2];
#pragma GCC unroll 8
      for (int64_t r = 0; r < kRows; ++r) {
        sums[r][0] = at[r * kStep];
        sums[r][1] = at[r * kStep + 1];
      }
      for (int64_t k = 0; k < depth; ++k) {
        const Vector right0 = *reinterpret_cast<const Vector*>(panel + k * kPanel);
        const Vector right1 = *reinterpret_cast<const Vector*>(panel + k * kPanel + kLanes);
#pragma GCC unroll 8
        for (int64_t r = 0; r < kRows; ++r) {
          const double value = left[r * kPitch + k];
          sums[r][0] += right0 * value;
          sums[r][1] += right1 * value;
        }
      }
#pragma GCC unroll 8
      for (int64_t r = 0; r < kRows; ++r) {
        at[r * kStep] = sums[r][0];
        at[r * kStep + 1] = sums[r][1];
      }
    }
  }
}

NRAM_MULTIVERSION
void widen(const float* NRAM_RESTRICT from, double* NRAM_RESTRICT to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

// to[i * pitch] = from[i].
void scatter(const float* from, double* to, int64_t count, int64_t pitch) {
  for (int64_t i = 0; i < count; ++i) to[i * pitch] = from[i];
}

// sums [rows][tile columns], plus bias and through LeakyReLU, to the result's rows.
NRAM_MULTIVERSION
void store(const double* NRAM_RESTRICT sums, const Block& block, const Epilogue& epilogue,
           int64_t pitch, float* NRAM_RESTRICT result) {
  const double slope = epilogue.slope;
  for (int64_t r = 0; r < block.row_count(); ++r, sums += kTileColumns) {
    float* const to = result + (block.rows.begin + r) * pitch + block.columns.begin;
    for (int64_t c = 0; c < block.column_count(); ++c) {
      const double bias = epilogue.bias == nullptr ? 0 : epilogue.bias[block.columns.begin + c];
      const double value = sums[c] + bias;
      to[c] = static_cast<float>(value > 0 ? value : slope * value);
    }
  }
}

// result [rows][columns] = f(sum over depth of left(row, k) right(k, column) + bias(column)).
// load_left(block, to) writes [row][pitch], load_right(block, to) [column / 16][depth][16]; both
// may leave what lies between the block's end and the next whole group as it is.
template <class LoadLeft, class LoadRight>
void multiply(int64_t rows, int64_t columns, int64_t depth, const Epilogue& epilogue, float* result,
              void* workspace, LoadLeft&& load_left, LoadRight&& load_right) {
  const int64_t across = round_up(columns, kTileColumns) / kTileColumns;
  const int64_t tiles = round_up(rows, kTileRows) / kTileRows * across;
  parallel_ranges(tiles, rows * columns * depth, [&](int64_t begin, int64_t end) {
    Scratch& scratch = static_cast<Scratch*>(workspace)[omp_get_thread_num()];
    std::fill(std::begin(scratch.left), std::end(scratch.left), 0);
    std::fill(std::begin(scratch.right), std::end(scratch.right), 0);
    for (int64_t t = begin; t < end; ++t) {
      const int64_t row = t / across * kTileRows, column = t % across * kTileColumns;
      Block block = {{row, std::min(row + kTileRows, rows)},
                     {column, std::min(column + kTileColumns, columns)},
                     {0, 0}};
      std::fill(std::begin(scratch.sums), std::end(scratch.sums), 0);
      for (int64_t k = 0; k < depth; k += kDepth) {
        block.depth = {k, std::min(k + kDepth, depth)};
        load_left(block, scratch.left);
        load_right(block, scratch.right);
        add_product(scratch, round_up(block.row_count(), kRows),
                    round_up(block.column_count(), kPanel), block.depth_count());
      }
      store(scratch.sums, block, epilogue, columns, result);
    }
  });
}

// Calls visit(kernel pixel, first channel, position in the range, count) for the runs of one kernel
// pixel in a range of (kernel pixel, channel) numbers.
template <class Visit>
void for_each_run(Range range, int64_t channels, Visit&& visit) {
  for (int64_t k = range.begin; k < range.end;) {
    const int64_t c = k % channels, count = std::min(channels - c, range.end - k);
    visit(k / channels, c, k - range.begin, count);
    k += count;
  }
}

struct Pixel {
  int64_t n, row, column;
};

Pixel pixel_of(int64_t number, int64_t height, int64_t width) {
  return {number / (height * width), number / width % height, number % width};
}

// The input pixel that output pixel `to` reads at a kernel pixel, or null for a zero.
const float* input_pixel(const ConvolutionGeometry& g, const float* x, const Pixel& to,
                         int64_t tap) {
  int64_t a = to.row * g.stride + tap / g.kernel_width - g.padding;
  int64_t b = to.column * g.stride + tap % g.kernel_width - g.padding;
  const bool inside = a >= 0 && a < g.height && b >= 0 && b < g.width;
  if (!inside && g.padding_mode == PaddingMode::kZeros) return nullptr;
  a = mirrored(a, g.height);
  b = mirrored(b, g.width);
  return x + ((to.n * g.height + a) * g.width + b) * g.channels;
}

// The output pixel that reads input pixel `from` at a kernel pixel, or null if there is none.
// Zero padding.
const float* output_pixel(const ConvolutionGeometry& g, const float* y, const Pixel& from,
                          int64_t tap) {
  const int64_t a = from.row + g.padding - tap / g.kernel_width;
  const int64_t b = from.column + g.padding - tap % g.kernel_width;
  if (a < 0 || b < 0 || a % g.stride != 0 || b % g.stride != 0) return nullptr;
  const int64_t i = a / g.stride, j = b / g.stride;
  if (i >= g.output_height || j >= g.output_width) return nullptr;
  return y + ((from.n * g.output_height + i) * g.output_width + j) * g.output_channels;
}

void load_run(const float* pixel, int64_t first, int64_t count, double* to) {
  if (pixel == nullptr) {
    std::fill_n(to, count, 0.0);
  } else {
    widen(pixel + first, to, count);
  }
}

}  // namespace

size_t double_sums_workspace() {
  return static_cast<size_t>(omp_get_max_threads()) * sizeof(Scratch);
}

// Rows are output pixels, columns output channels, terms (u, v, c).
void run_double_sums_forward(const ConvolutionGeometry& g, const float* x, const float* weights,
                             const Epilogue& epilogue, float* y, void* workspace) {
  const int64_t terms = g.kernel_height * g.kernel_width * g.channels;
  const auto load_x = [&](const Block& block, double* to) {
    for (int64_t r = block.rows.begin; r < block.rows.end; ++r, to += kPitch) {
      const Pixel pixel = pixel_of(r, g.output_height, g.output_width);
      for_each_run(block.depth, g.channels, [&](int64_t tap, int64_t c, int64_t at, int64_t count) {
        load_run(input_pixel(g, x, pixel, tap), c, count, to + at);
      });
    }
  };
  const auto load_weights = [&](const Block& block, double* to) {
    for (int64_t o = 0; o < block.column_count(); ++o) {
      scatter(weights + (block.columns.begin + o) * terms + block.depth.begin,
              to + o / kPanel * kPanel * kDepth + o % kPanel, block.depth_count(), kPanel);
    }
  };
  multiply(g.batch * g.output_height * g.output_width, g.output_channels, terms, epilogue, y,
           workspace, load_x, load_weights);
}

// Rows are input pixels, columns input channels, terms (u, v, o).
void run_double_sums_data(const ConvolutionGeometry& g, const float* dy, const float* weights,
                          const Epilogue& epilogue, float* dx, void* workspace) {
  NRAM_CHECK(g.padding_mode == PaddingMode::kZeros, "the border has to be part of the image");
  const int64_t taps = g.kernel_height * g.kernel_width;
  const auto load_dy = [&](const Block& block, double* to) {
    for (int64_t r = block.rows.begin; r < block.rows.end; ++r, to += kPitch) {
      const Pixel pixel = pixel_of(r, g.height, g.width);
      for_each_run(block.depth, g.output_channels,
                   [&](int64_t tap, int64_t o, int64_t at, int64_t count) {
                     load_run(output_pixel(g, dy, pixel, tap), o, count, to + at);
                   });
    }
  };
  const auto load_weights = [&](const Block& block, double* to) {
    for (int64_t k = 0; k < block.depth_count(); ++k) {
      const int64_t term = block.depth.begin + k, tap = term / g.output_channels;
      const float* from = weights + (term % g.output_channels * taps + tap) * g.channels;
      for (int64_t c = 0; c < block.column_count(); c += kPanel) {
        widen(from + block.columns.begin + c, to + c * kDepth + k * kPanel,
              std::min(kPanel, block.column_count() - c));
      }
    }
  };
  multiply(g.batch * g.height * g.width, g.channels, taps * g.output_channels, epilogue, dx,
           workspace, load_dy, load_weights);
}

// Rows are output channels, columns (u, v, c), terms output pixels.
void run_double_sums_weights(const ConvolutionGeometry& g, const float* x, const float* dy,
                             float* dw, void* workspace) {
  const auto load_dy = [&](const Block& block, double* to) {
    for (int64_t k = 0; k < block.depth_count(); ++k) {
      scatter(dy + (block.depth.begin + k) * g.output_channels + block.rows.begin, to + k,
              block.row_count(), kPitch);
    }
  };
  const auto load_x = [&](const Block& block, double* to) {
    for (int64_t k = 0; k < block.depth_count(); ++k) {
      const Pixel pixel = pixel_of(block.depth.begin + k, g.output_height, g.output_width);
      for (int64_t c = 0; c < block.column_count(); c += kPanel) {
        const Range columns = {block.columns.begin + c,
                               std::min(block.columns.begin + c + kPanel, block.columns.end)};
        for_each_run(columns, g.channels, [&](int64_t tap, int64_t first, int64_t at, int64_t n) {
          load_run(input_pixel(g, x, pixel, tap), first, n, to + c * kDepth + k * kPanel + at);
        });
      }
    }
  };
  multiply(g.output_channels, g.kernel_height * g.kernel_width * g.channels,
           g.batch * g.output_height * g.output_width, {}, dw, workspace, load_dy, load_x);
}

}  // namespace nram::kernels
