// The window is separable: each output row is filtered down its columns, then along the row.
// Samples are cut into a fixed number of bands of rows, so that the sums do not depend on the
// number of threads.
#include <algorithm>
#include <array>

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/ssim/ssim.h"

namespace nram::kernels {
namespace {

constexpr int64_t kBands = 16;
constexpr int64_t kMoments = 5;
constexpr int64_t kDerivatives = 3;

struct Sizes {
  int64_t batch, height, width, channels;
  int64_t rows, columns;  // of window positions
  explicit Sizes(const Shape& s)
      : batch(s[0]),
        height(s[1]),
        width(s[2]),
        channels(s[3]),
        rows(s[1] - kSsimTaps + 1),
        columns(s[2] - kSsimTaps + 1) {}
  int64_t line() const { return width * channels; }         // values in an image row
  int64_t positions() const { return columns * channels; }  // values in a row of positions
  double count() const { return static_cast<double>(rows * columns * channels); }
  int64_t bands() const { return batch * kBands; }
};

// Moments of one image row's columns: adds w times a, b, a^2, b^2, a b to the five lines.
NRAM_MULTIVERSION
void add_row(const float* NRAM_RESTRICT a, const float* NRAM_RESTRICT b, double w,
             double* NRAM_RESTRICT lines, int64_t length) {
  for (int64_t i = 0; i < length; ++i) {
    const double p = a[i];
    const double q = b[i];
    lines[i] += w * p;
    lines[length + i] += w * q;
    lines[2 * length + i] += w * p * p;
    lines[3 * length + i] += w * q * q;
    lines[4 * length + i] += w * p * q;
  }
}

// out[i] += w * in[i].
NRAM_MULTIVERSION
void add_scaled(const double* NRAM_RESTRICT in, double w, double* NRAM_RESTRICT out,
                int64_t length) {
  for (int64_t i = 0; i < length; ++i) out[i] += w * in[i];
}

// da = d1 + 2 a d2 + b d11.
NRAM_MULTIVERSION
void combine(const float* NRAM_RESTRICT a, const float* NRAM_RESTRICT b,
             const double* NRAM_RESTRICT lines, float* NRAM_RESTRICT da, int64_t length) {
  for (int64_t i = 0; i < length; ++i) {
    da[i] =
        static_cast<float>(lines[i] + 2 * a[i] * lines[length + i] + b[i] * lines[2 * length + i]);
  }
}

// The moments of all windows of one row of positions, into `result` [5, positions]; `lines` [5,
// line] is scratch.
void row_moments(const Sizes& s, const float* a, const float* b, int64_t y, double* lines,
                 double* result) {
  const auto& window = ssim_window();
  std::fill_n(lines, kMoments * s.line(), 0.0);
  std::fill_n(result, kMoments * s.positions(), 0.0);
  for (int64_t t = 0; t < kSsimTaps; ++t) {
    add_row(a + (y + t) * s.line(), b + (y + t) * s.line(), window[static_cast<size_t>(t)], lines,
            s.line());
  }
  for (int64_t m = 0; m < kMoments; ++m) {
    for (int64_t t = 0; t < kSsimTaps; ++t) {
      add_scaled(lines + m * s.line() + t * s.channels, window[static_cast<size_t>(t)],
                 result + m * s.positions(), s.positions());
    }
  }
}

SsimMoments moments_at(const double* rows, int64_t length, int64_t i) {
  return {rows[i], rows[length + i], rows[2 * length + i], rows[3 * length + i],
          rows[4 * length + i]};
}

int64_t band_scratch(const Sizes& s) { return kMoments * (s.line() + s.positions()); }

// Runs body(sample, first row, end row, band) for each band of `rows` rows.
template <class Body>
void for_each_band(const Sizes& s, int64_t rows, Body&& body) {
  parallel_ranges(s.bands(), s.batch * s.rows * s.line() * kSsimTaps,
                  [&](int64_t begin, int64_t end) {
                    for (int64_t band = begin; band < end; ++band) {
                      const Range range = part_of(rows, static_cast<int>(band % kBands), kBands);
                      body(band / kBands, range.begin, range.end, band);
                    }
                  });
}

}  // namespace

size_t ssim_cpu_workspace(const Shape& image) {
  const Sizes s(image);
  return static_cast<size_t>(s.bands() * (1 + band_scratch(s))) * sizeof(double);
}

void ssim_cpu(const Call& call) {
  const Sizes s(call.in(0).shape);
  auto* sums = static_cast<double*>(call.workspace);
  double* scratch = sums + s.bands();
  for_each_band(s, s.rows, [&](int64_t n, int64_t first, int64_t end, int64_t band) {
    const float* a = call.in(0).as<float>() + n * s.height * s.line();
    const float* b = call.in(1).as<float>() + n * s.height * s.line();
    const double range = call.in(2).as<float>()[n];
    double* lines = scratch + band * band_scratch(s);
    double* moments = lines + kMoments * s.line();
    double sum = 0;
    for (int64_t y = first; y < end; ++y) {
      row_moments(s, a, b, y, lines, moments);
      for (int64_t i = 0; i < s.positions(); ++i) {
        sum += ssim_value(moments_at(moments, s.positions(), i), range);
      }
    }
    sums[band] = sum;
  });
  for (int64_t n = 0; n < s.batch; ++n) {
    double sum = 0;
    for (int64_t band = 0; band < kBands; ++band) sum += sums[n * kBands + band];
    call.out(0).as<float>()[n] = static_cast<float>(sum / s.count());
  }
}

size_t ssim_gradient_cpu_workspace(const Shape& image) {
  const Sizes s(image);
  const int64_t maps = s.batch * s.rows * kDerivatives * s.positions();
  return static_cast<size_t>(maps + s.bands() * band_scratch(s)) * sizeof(double);
}

void ssim_gradient_cpu(const Call& call) {
  const Sizes s(call.in(1).shape);
  auto* maps = static_cast<double*>(call.workspace);  // [N, rows, 3, positions]
  double* scratch = maps + s.batch * s.rows * kDerivatives * s.positions();
  for_each_band(s, s.rows, [&](int64_t n, int64_t first, int64_t end, int64_t band) {
    const float* a = call.in(1).as<float>() + n * s.height * s.line();
    const float* b = call.in(2).as<float>() + n * s.height * s.line();
    const double scale = call.in(0).as<float>()[n] / s.count();
    const double range = call.in(3).as<float>()[n];
    double* lines = scratch + band * band_scratch(s);
    double* moments = lines + kMoments * s.line();
    for (int64_t y = first; y < end; ++y) {
      row_moments(s, a, b, y, lines, moments);
      double* map = maps + (n * s.rows + y) * kDerivatives * s.positions();
      for (int64_t i = 0; i < s.positions(); ++i) {
        const auto d = ssim_derivative(moments_at(moments, s.positions(), i), range);
        for (int64_t k = 0; k < kDerivatives; ++k) {
          map[k * s.positions() + i] = scale * d[static_cast<size_t>(k)];
        }
      }
    }
  });
  const auto& window = ssim_window();
  for_each_band(s, s.height, [&](int64_t n, int64_t first, int64_t end, int64_t band) {
    const int64_t length = kDerivatives * s.positions();
    double* column = scratch + band * band_scratch(s);  // [3, positions]
    double* lines = column + length;                    // [3, line]
    for (int64_t y = first; y < end; ++y) {
      std::fill_n(column, length, 0.0);
      std::fill_n(lines, kDerivatives * s.line(), 0.0);
      const int64_t top = std::max<int64_t>(0, y - kSsimTaps + 1);
      for (int64_t p = top; p <= std::min(y, s.rows - 1); ++p) {
        add_scaled(maps + (n * s.rows + p) * length, window[static_cast<size_t>(y - p)], column,
                   length);
      }
      for (int64_t k = 0; k < kDerivatives; ++k) {
        for (int64_t t = 0; t < kSsimTaps; ++t) {
          add_scaled(column + k * s.positions(), window[static_cast<size_t>(t)],
                     lines + k * s.line() + t * s.channels, s.positions());
        }
      }
      const int64_t row = (n * s.height + y) * s.line();
      combine(call.in(1).as<float>() + row, call.in(2).as<float>() + row, lines,
              call.out(0).as<float>() + row, s.line());
    }
  });
}

}  // namespace nram::kernels
