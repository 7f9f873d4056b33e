// The code behind winograd_kernels.h for one instruction set. A source file defines NRAM_LANES
// (floats of a vector) and NRAM_MOST_ROWS (of a product's register block, two vectors wide) and
// includes this; everything has internal linkage, so that no other file runs its instructions.
#include "kernels/convolution/winograd_kernels.h"

namespace nram::kernels::winograd {
namespace {

constexpr int kLanes = NRAM_LANES;
constexpr int64_t kPanel = 2 * kLanes;
constexpr int kMostRows = NRAM_MOST_ROWS;

using Vector [[gnu::vector_size(kLanes * 4)]] = float;
using MemoryVector [[gnu::vector_size(kLanes * 4), gnu::aligned(4), gnu::may_alias]] = float;

inline Vector load(const float* from) { return *reinterpret_cast<const MemoryVector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<MemoryVector*>(to) = value; }
inline Vector broadcast(float value) { return value - Vector{}; }

// Interpolation points: 0, kP, -kP, kQ, -kQ, infinity.
constexpr float kP = 0.625f, kQ = 1.5f;
constexpr float kPP = kP * kP, kQQ = kQ * kQ;
constexpr float kPPP = kPP * kP, kQQQ = kQQ * kQ;
constexpr float kSum = kPP + kQQ, kProduct = kPP * kQQ;
// Reciprocals of the products of differences of a point to all others.
constexpr float kAtZero = 1 / kProduct;
constexpr float kAtP = 1 / (2 * kPP * (kPP - kQQ));
constexpr float kAtQ = 1 / (2 * kQQ * (kQQ - kPP));

// One line of B^T.
inline void input_line(const Vector (&d)[6], Vector (&o)[6]) {
  const Vector even_p = d[4] - kQQ * d[2], odd_p = d[3] - kQQ * d[1];
  const Vector even_q = d[4] - kPP * d[2], odd_q = d[3] - kPP * d[1];
  o[0] = kProduct * d[0] + (d[4] - kSum * d[2]);
  o[1] = even_p + kP * odd_p;
  o[2] = even_p - kP * odd_p;
  o[3] = even_q + kQ * odd_q;
  o[4] = even_q - kQ * odd_q;
  o[5] = kProduct * d[1] + (d[5] - kSum * d[3]);
}

// One line of A^T.
inline void output_line(const Vector (&m)[6], Vector (&o)[4]) {
  const Vector even_p = m[1] + m[2], odd_p = m[1] - m[2];
  const Vector even_q = m[3] + m[4], odd_q = m[3] - m[4];
  o[0] = m[0] + (even_p + even_q);
  o[1] = kP * odd_p + kQ * odd_q;
  o[2] = kPP * even_p + kQQ * even_q;
  o[3] = kPPP * odd_p + (kQQQ * odd_q + m[5]);
}

// One line of A.
inline void output_gradient_line(const Vector (&y)[4], Vector (&o)[6]) {
  const Vector even_p = y[0] + kPP * y[2], odd_p = kP * y[1] + kPPP * y[3];
  const Vector even_q = y[0] + kQQ * y[2], odd_q = kQ * y[1] + kQQQ * y[3];
  o[0] = y[0];
  o[1] = even_p + odd_p;
  o[2] = even_p - odd_p;
  o[3] = even_q + odd_q;
  o[4] = even_q - odd_q;
  o[5] = y[3];
}

// One line of G.
inline void weight_line(const Vector (&g)[3], Vector (&o)[6]) {
  const Vector even_p = kAtP * g[0] + (kAtP * kPP) * g[2], odd_p = (kAtP * kP) * g[1];
  const Vector even_q = kAtQ * g[0] + (kAtQ * kQQ) * g[2], odd_q = (kAtQ * kQ) * g[1];
  o[0] = kAtZero * g[0];
  o[1] = even_p + odd_p;
  o[2] = even_p - odd_p;
  o[3] = even_q + odd_q;
  o[4] = even_q - odd_q;
  o[5] = g[2];
}

// One line of G^T.
inline void weight_gradient_line(const Vector (&m)[6], Vector (&o)[3]) {
  const Vector even_p = kAtP * (m[1] + m[2]), odd_p = (kAtP * kP) * (m[1] - m[2]);
  const Vector even_q = kAtQ * (m[3] + m[4]), odd_q = (kAtQ * kQ) * (m[3] - m[4]);
  o[0] = kAtZero * m[0] + (even_p + even_q);
  o[1] = odd_p + odd_q;
  o[2] = kPP * even_p + (kQQ * even_q + m[5]);
}

// Applies `line` to the columns and then to the rows of a kIn x kIn tile, a vector of channels at a
// time; read(i) is its element i, write(i, value) takes the result's.
template <int kIn, int kOut, class Read, class Write>
inline void both_ways(void (&line)(const Vector (&)[kIn], Vector (&)[kOut]), Read&& read,
                      Write&& write) {
  Vector half[kOut][kIn];
  for (int column = 0; column < kIn; ++column) {
    Vector in[kIn], out[kOut];
#pragma GCC unroll 6
    for (int i = 0; i < kIn; ++i) in[i] = read(i * kIn + column);
    line(in, out);
#pragma GCC unroll 6
    for (int i = 0; i < kOut; ++i) half[i][column] = out[i];
  }
  for (int row = 0; row < kOut; ++row) {
    Vector out[kOut];
    line(half[row], out);
#pragma GCC unroll 6
    for (int i = 0; i < kOut; ++i) write(row * kOut + i, out[i]);
  }
}

template <int kIn>
inline void transform_pixels(void (&line)(const Vector (&)[kIn], Vector (&)[6]),
                             const float* const* pixels, int64_t channels, float* to,
                             const TileLayout& layout) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    float* const target = to + c / layout.panel * layout.panel_stride + c % layout.panel;
    both_ways<kIn, 6>(
        line, [&](int i) { return load(pixels[i] + c); },
        [&](int i, Vector value) {
          store(target + i * layout.plane, value);
          __builtin_prefetch(target + i * layout.plane + 4 * kLanes, 1);
        });
  }
}

void input(const float* const* pixels, int64_t channels, float* to, const TileLayout& layout) {
  transform_pixels<6>(input_line, pixels, channels, to, layout);
}

void output_gradient(const float* const* pixels, int64_t channels, float* to,
                     const TileLayout& layout) {
  transform_pixels<4>(output_gradient_line, pixels, channels, to, layout);
}

void output(const float* from, int64_t plane, int64_t channels, const float* bias, float slope,
            float* const* pixels) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    const Vector added = bias != nullptr ? load(bias + c) : Vector{};
    both_ways<6, 4>(
        output_line,
        [&](int i) {
          __builtin_prefetch(from + i * plane + c + 4 * kLanes);
          return load(from + i * plane + c);
        },
        [&](int i, Vector value) {
          value += added;
          store(pixels[i] + c, value > 0 ? value : slope * value);
        });
  }
}

void weights(const float* taps, int64_t tap, int64_t channels, float* to, int64_t plane) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    both_ways<3, 6>(
        weight_line, [&](int i) { return load(taps + i * tap + c); },
        [&](int i, Vector value) {
          store(to + i * plane + c, value);
          __builtin_prefetch(to + i * plane + c + 4 * kPanel, 1);
        });
  }
}

using Lane [[gnu::vector_size(kLanes * 4)]] = int32_t;

// Exchanges the off-diagonal quarters of all squares of 2 kStep rows and columns.
template <int kStep>
inline void exchange(Vector (&rows)[kLanes]) {
  Lane low, high;
  for (int l = 0; l < kLanes; ++l) {
    low[l] = (l & kStep) == 0 ? l : kLanes + l - kStep;
    high[l] = (l & kStep) == 0 ? l + kStep : kLanes + l;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) {
    if ((i & kStep) != 0) continue;
    const Vector a = rows[i], b = rows[i + kStep];
    rows[i] = __builtin_shuffle(a, b, low);
    rows[i + kStep] = __builtin_shuffle(a, b, high);
  }
}

void transpose(const float* from, int64_t pitch, float* to) {
  for (int64_t r = 0; r < kPanel; r += kLanes) {
    for (int64_t c = 0; c < kWeightGroup; c += kLanes) {
      Vector rows[kLanes];
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) rows[i] = load(from + (r + i) * pitch + c);
      exchange<1>(rows);
      exchange<2>(rows);
      if constexpr (kLanes > 4) exchange<4>(rows);
      if constexpr (kLanes > 8) exchange<8>(rows);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) store(to + (c + i) * kPanel + r, rows[i]);
    }
  }
}

void weight_gradient(const float* from, int64_t plane, int64_t channels, float* taps, int64_t tap) {
  for (int64_t c = 0; c < channels; c += kLanes) {
    both_ways<6, 3>(
        weight_gradient_line, [&](int i) { return load(from + i * plane + c); },
        [&](int i, Vector value) { store(taps + i * tap + c, value); });
  }
}

// kRows rows of a product in registers. Three rows share a pointer, which x86 can address.
template <int kRows, bool kPrefetch>
void product_rows(const Product& p, int64_t first) {
  constexpr int kPointers = (kRows + 2) / 3;
  const float* pointers[kPointers];
  for (int i = 0; i < kPointers; ++i) pointers[i] = p.a + (first + 3 * i) * p.row;
  float* const c = p.c + first * p.pitch;
  Vector sums[kRows][2];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) sums[i][0] = sums[i][1] = Vector{};
  const float* b = p.b;
  const int64_t row = p.row, column = p.column;
  const float* const ahead = p.a + (first + kRows) * p.row;
  for (int64_t l = 0; l < p.depth; ++l) {
    const Vector b0 = load(b), b1 = load(b + kLanes);
    if (kPrefetch) __builtin_prefetch(ahead + (l & 15) * row + (l & ~int64_t{15}));
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vector a = broadcast(pointers[i / 3][i % 3 * row]);
      sums[i][0] += a * b0;
      sums[i][1] += a * b1;
    }
    b += kPanel;
#pragma GCC unroll 16
    for (int i = 0; i < kPointers; ++i) pointers[i] += column;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    float* const to = c + i * p.pitch;
    store(to, p.accumulate ? load(to) + sums[i][0] : sums[i][0]);
    store(to + kLanes, p.accumulate ? load(to + kLanes) + sums[i][1] : sums[i][1]);
  }
}

template <int kRows>
void product_last(const Product& p, int64_t first, int64_t rows) {
  if (rows == kRows) {
    p.column == 1 ? product_rows<kRows, true>(p, first) : product_rows<kRows, false>(p, first);
  } else if constexpr (kRows > 1) {
    product_last<kRows - 1>(p, first, rows);
  }
}

// Sums of at most this many products are added up in turn: half the error of one long sum, and a
// panel's part stays in the first-level cache for all rows.
constexpr int64_t kDepth = 64;

// Rows and depth in even blocks: 176 rows in blocks of 14 would be 12 of 14 and one of 8.
void product(const Product& whole) {
  const int64_t blocks = (whole.rows + kMostRows - 1) / kMostRows;
  const int64_t parts = (whole.depth + kDepth - 1) / kDepth;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t begin = whole.depth * part / parts, end = whole.depth * (part + 1) / parts;
    Product p = whole;
    p.a += begin * p.column;
    p.b += begin * kPanel;
    p.depth = end - begin;
    p.accumulate = whole.accumulate || part > 0;
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t first = p.rows * block / blocks, last = p.rows * (block + 1) / blocks;
      product_last<kMostRows>(p, first, last - first);
    }
  }
}

constexpr Kernels kernels_named(const char* name) {
  return {name,    kPanel,    input,           output_gradient, output,
          weights, transpose, weight_gradient, product};
}

}  // namespace
}  // namespace nram::kernels::winograd
