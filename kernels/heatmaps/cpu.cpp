#include <cmath>

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/heatmaps/heatmaps.h"

namespace nram::kernels {
namespace {

// Factors below this count as zero: products of two that are kept are never subnormal (slow).
constexpr double kSmallestFactor = 1.1e-19;

[[gnu::always_inline]] inline void render(const float* NRAM_RESTRICT of_y,
                                          const float* NRAM_RESTRICT of_x,
                                          float* NRAM_RESTRICT maps, int64_t width,
                                          int64_t channels, int64_t pitch) {
  for (int64_t x = 0; x < width; ++x) {
    for (int64_t k = 0; k < channels; ++k) maps[x * pitch + k] = of_y[k] * of_x[x * channels + k];
  }
}

NRAM_MULTIVERSION
void render_row(const float* of_y, const float* of_x, float* maps, int64_t width, int64_t channels,
                int64_t pitch) {
  // A person's 18 keypoints with the count known to the compiler.
  if (channels == 18) {
    render(of_y, of_x, maps, width, 18, pitch);
  } else {
    render(of_y, of_x, maps, width, channels, pitch);
  }
}

// exp(-(position - coordinate)^2 / sigma^2) of each keypoint; `axis` is 0 for y, 1 for x.
void factors_at(int64_t position, int axis, const float* points, int64_t channels, double sigma,
                float* factors) {
  for (int64_t k = 0; k < channels; ++k) {
    const float* point = points + 2 * k;
    const double distance = (static_cast<double>(position) - point[axis]) / sigma;
    const double factor = std::exp(-distance * distance);
    const bool present = point[0] >= 0 && point[1] >= 0;
    factors[k] = present && factor >= kSmallestFactor ? static_cast<float>(factor) : 0.0f;
  }
}

}  // namespace

// exp(-(dy^2 + dx^2) / sigma^2) is a product of a factor of y and one of x: the exponentials grow
// with height + width, the pixels cost one multiplication each.
void heatmaps_cpu(const Call& call) {
  const auto attributes = call.get<HeatmapsAttributes>();
  const Shape& shape = call.out(0).shape;
  const int64_t height = shape[1], width = shape[2], channels = shape[3];
  const int64_t lines = height + width;
  NRAM_CHECK(call.workspace_bytes >= sizeof(float) * static_cast<size_t>(shape[0] * lines) *
                                         static_cast<size_t>(channels),
             "workspace too small for heatmaps");
  auto* factors = static_cast<float*>(call.workspace);
  const float* points = call.in(0).as<float>();
  constexpr int64_t kExponentialCost = 16;
  parallel_ranges(shape[0] * lines, shape[0] * lines * channels * kExponentialCost,
                  [&](int64_t begin, int64_t end) {
                    for (int64_t i = begin; i < end; ++i) {
                      const int64_t n = i / lines, line = i % lines;
                      const bool is_y = line < height;
                      factors_at(is_y ? line : line - height, is_y ? 0 : 1,
                                 points + n * channels * 2, channels, attributes.sigma,
                                 factors + i * channels);
                    }
                  });
  parallel_ranges(shape[0] * height, shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* of_sample = factors + i / height * lines * channels;
      render_row(of_sample + i % height * channels, of_sample + height * channels,
                 call.out(0).row<float>(i * width), width, channels, call.out(0).pitch);
    }
  });
}

}  // namespace nram::kernels
