#include "kernels/normalization/statistics.h"

#include <cmath>

#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {

// Sums of at most kRowTile rows over at most kChannelTile channels; four rows at a time to touch
// `sum` less often.
[[gnu::always_inline]] inline void sum_rows(const float* x, int64_t pitch, int64_t rows,
                                            int64_t channels, float* sum) {
  for (int64_t c = 0; c < channels; ++c) sum[c] = 0;
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *x0 = x + r * pitch, *x1 = x0 + pitch, *x2 = x1 + pitch, *x3 = x2 + pitch;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) sum[c] += (x0[c] + x1[c]) + (x2[c] + x3[c]);
  }
  for (; r < rows; ++r) {
    const float* x0 = x + r * pitch;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) sum[c] += x0[c];
  }
}

[[gnu::always_inline]] inline void square_rows(const float* x, int64_t pitch, int64_t rows,
                                               int64_t channels, const float* mean, float* sum) {
  for (int64_t c = 0; c < channels; ++c) sum[c] = 0;
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *x0 = x + r * pitch, *x1 = x0 + pitch, *x2 = x1 + pitch, *x3 = x2 + pitch;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      const float d0 = x0[c] - mean[c], d1 = x1[c] - mean[c];
      const float d2 = x2[c] - mean[c], d3 = x3[c] - mean[c];
      sum[c] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
    }
  }
  for (; r < rows; ++r) {
    const float* x0 = x + r * pitch;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) sum[c] += (x0[c] - mean[c]) * (x0[c] - mean[c]);
  }
}

}  // namespace

NRAM_MULTIVERSION
void chunk_statistics(const float* x, int64_t pitch, int64_t rows, int64_t channels,
                      double* partial) {
  alignas(64) float sum[kChannelTile], mean[kChannelTile], squares[kChannelTile];
  for (int64_t first = 0; first < channels; first += kChannelTile) {
    const int64_t tile = channels - first < kChannelTile ? channels - first : kChannelTile;
    double* means = partial + first;
    double* moments = partial + channels + first;
    for (int64_t c = 0; c < tile; ++c) means[c] = moments[c] = 0;
    for (int64_t r = 0; r < rows; r += kRowTile) {
      const int64_t count = rows - r < kRowTile ? rows - r : kRowTile;
      const float* block = x + r * pitch + first;
      sum_rows(block, pitch, count, tile, sum);
      const float per_row = 1.0f / static_cast<float>(count);
      for (int64_t c = 0; c < tile; ++c) mean[c] = sum[c] * per_row;
      square_rows(block, pitch, count, tile, mean, squares);
      const double weight = static_cast<double>(count) / static_cast<double>(r + count);
      const double spread = static_cast<double>(r) * weight;
#pragma omp simd
      for (int64_t c = 0; c < tile; ++c) {
        const double difference = static_cast<double>(mean[c]) - means[c];
        means[c] += difference * weight;
        moments[c] += static_cast<double>(squares[c]) + difference * difference * spread;
      }
    }
  }
}

NRAM_MULTIVERSION
void merge_statistics(const ChannelGroups& plan, void* workspace, int64_t group, float epsilon,
                      float* mean, float* inverse_deviation) {
  const int64_t channels = plan.channels;
  double* means = plan.partial(workspace, group, 0);
  double* moments = means + channels;
  double total = static_cast<double>(plan.rows / plan.chunks);
  for (int64_t chunk = 1; chunk < plan.chunks; ++chunk) {
    const Range range = plan.chunk_rows(group, chunk);
    const double rows = static_cast<double>(range.end - range.begin);
    const double weight = rows / (total + rows);
    const double spread = total * weight;
    const double* other = plan.partial(workspace, group, chunk);
    for (int64_t c = 0; c < channels; ++c) {
      const double difference = other[c] - means[c];
      means[c] += difference * weight;
      moments[c] += other[channels + c] + difference * difference * spread;
    }
    total += rows;
  }
  for (int64_t c = 0; c < channels; ++c) {
    mean[c] = static_cast<float>(means[c]);
    inverse_deviation[c] =
        static_cast<float>(1 / std::sqrt(moments[c] / total + static_cast<double>(epsilon)));
  }
}

NRAM_MULTIVERSION
void merge_sums(const ChannelGroups& plan, void* workspace, int64_t group) {
  const int64_t sums = 2 * plan.channels;
  double* total = plan.partial(workspace, group, 0);
  for (int64_t chunk = 1; chunk < plan.chunks; ++chunk) {
    const double* part = plan.partial(workspace, group, chunk);
    for (int64_t i = 0; i < sums; ++i) total[i] += part[i];
  }
  float* result = plan.result(workspace, group);
  const double per_row = 1 / static_cast<double>(plan.rows);
  for (int64_t i = 0; i < sums; ++i) result[i] = static_cast<float>(total[i] * per_row);
}

}  // namespace nram::kernels
