#include "kernels/common/simd.h"
#include "kernels/normalization/normalization.h"
#include "kernels/normalization/statistics.h"

namespace nram::kernels {
namespace {

struct Rows {
  const float* data;
  int64_t pitch;
};

NRAM_MULTIVERSION
void normalize(Rows x, float* y, int64_t y_pitch, int64_t rows, int64_t channels, const float* mean,
               const float* inverse, float slope) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = x.data + r * x.pitch;
    float* to = y + r * y_pitch;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      const float value = (from[c] - mean[c]) * inverse[c];
      to[c] = value > 0 ? value : slope * value;
    }
  }
}

// Sums of g and g * xhat over rows: to partial[c] and partial[channels + c].
NRAM_MULTIVERSION
void gradient_sums(Rows dy, Rows x, int64_t rows, int64_t channels, const float* mean,
                   const float* inverse, float slope, double* partial) {
  alignas(64) float sum[kChannelTile], product[kChannelTile];
  for (int64_t i = 0; i < 2 * channels; ++i) partial[i] = 0;
  for (int64_t r0 = 0; r0 < rows; r0 += kRowTile) {
    const int64_t r1 = r0 + kRowTile < rows ? r0 + kRowTile : rows;
    for (int64_t first = 0; first < channels; first += kChannelTile) {
      const int64_t tile = channels - first < kChannelTile ? channels - first : kChannelTile;
      const float* center = mean + first;
      for (int64_t c = 0; c < tile; ++c) sum[c] = product[c] = 0;
      for (int64_t r = r0; r < r1; ++r) {
        const float* from_dy = dy.data + r * dy.pitch + first;
        const float* from_x = x.data + r * x.pitch + first;
#pragma omp simd
        for (int64_t c = 0; c < tile; ++c) {
          const float difference = from_x[c] - center[c];
          const float g = difference > 0 ? from_dy[c] : slope * from_dy[c];
          sum[c] += g;
          product[c] += g * difference;
        }
      }
      for (int64_t c = 0; c < tile; ++c) partial[first + c] += sum[c];
      for (int64_t c = 0; c < tile; ++c) {
        partial[channels + first + c] += product[c] * inverse[first + c];
      }
    }
  }
}

// `sums` holds the means of g and of g * xhat.
NRAM_MULTIVERSION
void apply_gradient(Rows dy, Rows x, float* dx, int64_t dx_pitch, int64_t rows, int64_t channels,
                    const float* mean, const float* inverse, float slope, const float* sums) {
  const float *sum = sums, *product = sums + channels;
  for (int64_t r = 0; r < rows; ++r) {
    const float* from_dy = dy.data + r * dy.pitch;
    const float* from_x = x.data + r * x.pitch;
    float* to = dx + r * dx_pitch;
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      const float xhat = (from_x[c] - mean[c]) * inverse[c];
      const float g = xhat > 0 ? from_dy[c] : slope * from_dy[c];
      to[c] = inverse[c] * (g - sum[c] - xhat * product[c]);
    }
  }
}

Rows rows_of(const View& view, int64_t row) { return {view.row<float>(row), view.pitch}; }

}  // namespace

size_t normalization_workspace(const Shape& x, NormalizationScope scope) {
  return ChannelGroups(x, scope == NormalizationScope::kBatch).workspace_bytes();
}

void normalization_cpu(const Call& call) {
  const auto attributes = call.get<NormalizationAttributes>();
  const View &x = call.in(0), &y = call.out(0), &mean = call.out(1), &inverse = call.out(2);
  const ChannelGroups plan(x.shape, attributes.scope == NormalizationScope::kBatch);
  for_each_group(
      plan,
      [&](int64_t group, int64_t chunk) {
        const Range rows = plan.chunk_rows(group, chunk);
        chunk_statistics(x.row<float>(rows.begin), x.pitch, rows.end - rows.begin, plan.channels,
                         plan.partial(call.workspace, group, chunk));
      },
      [&](int64_t group) {
        merge_statistics(plan, call.workspace, group, attributes.epsilon, mean.row<float>(group),
                         inverse.row<float>(group));
      },
      [&](int64_t group, int64_t chunk) {
        const Range rows = plan.chunk_rows(group, chunk);
        normalize(rows_of(x, rows.begin), y.row<float>(rows.begin), y.pitch, rows.end - rows.begin,
                  plan.channels, mean.row<float>(group), inverse.row<float>(group),
                  attributes.slope);
      });
}

void normalization_gradient_cpu(const Call& call) {
  const auto attributes = call.get<NormalizationAttributes>();
  const View &dy = call.in(0), &x = call.in(1), &mean = call.in(2), &inverse = call.in(3);
  const View& dx = call.out(0);
  const ChannelGroups plan(x.shape, attributes.scope == NormalizationScope::kBatch);
  for_each_group(
      plan,
      [&](int64_t group, int64_t chunk) {
        const Range rows = plan.chunk_rows(group, chunk);
        gradient_sums(rows_of(dy, rows.begin), rows_of(x, rows.begin), rows.end - rows.begin,
                      plan.channels, mean.row<float>(group), inverse.row<float>(group),
                      attributes.slope, plan.partial(call.workspace, group, chunk));
      },
      [&](int64_t group) { merge_sums(plan, call.workspace, group); },
      [&](int64_t group, int64_t chunk) {
        const Range rows = plan.chunk_rows(group, chunk);
        apply_gradient(rows_of(dy, rows.begin), rows_of(x, rows.begin), dx.row<float>(rows.begin),
                       dx.pitch, rows.end - rows.begin, plan.channels, mean.row<float>(group),
                       inverse.row<float>(group), attributes.slope,
                       plan.result(call.workspace, group));
      });
}

}  // namespace nram::kernels
