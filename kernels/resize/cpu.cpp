#include <span>

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/resize/resize.h"

namespace nram::kernels {
namespace {

// Lines and taps take whole cache lines each.
size_t row_bytes(const Shape& source) {
  return (static_cast<size_t>(source[2] * source[3]) * sizeof(float) + 63) / 64 * 64;
}

size_t tap_bytes(const Shape& y) {
  return (static_cast<size_t>(y[1] + y[2]) * sizeof(ResizeTap) + 63) / 64 * 64;
}

// The workspace's parts, with the taps filled in.
struct Scratch {
  std::span<ResizeTap> rows;
  std::span<ResizeTap> columns;
  std::byte* lines;
  size_t line_bytes;
  int64_t threads;

  Scratch(const Call& call, const Shape& x, const Shape& y) {
    const auto height = static_cast<size_t>(y[1]), width = static_cast<size_t>(y[2]);
    auto* taps = static_cast<ResizeTap*>(call.workspace);
    rows = {taps, height};
    columns = {taps + height, width};
    lines = static_cast<std::byte*>(call.workspace) + tap_bytes(y);
    line_bytes = row_bytes(call.in(0).shape);
    NRAM_CHECK(call.workspace_bytes >= tap_bytes(y) + line_bytes, "workspace too small for resize");
    threads = static_cast<int64_t>((call.workspace_bytes - tap_bytes(y)) / line_bytes);
    for (size_t i = 0; i < height; ++i) rows[i] = resize_tap(static_cast<int64_t>(i), x[1], y[1]);
    for (size_t i = 0; i < width; ++i) columns[i] = resize_tap(static_cast<int64_t>(i), x[2], y[2]);
  }
  float* line() const {
    return reinterpret_cast<float*>(lines + static_cast<size_t>(omp_get_thread_num()) * line_bytes);
  }
};

NRAM_MULTIVERSION
void blend(const float* low, const float* high, float* out, int64_t count, float weight) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) out[i] = low[i] + weight * (high[i] - low[i]);
}

NRAM_MULTIVERSION
void accumulate(const float* x, float* sum, int64_t count, float weight) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) sum[i] += weight * x[i];
}

template <class PerPixel>
[[gnu::always_inline]] inline void with_channels(int64_t channels, PerPixel&& loop) {
  if (channels == 3) {
    loop(std::integral_constant<int64_t, 3>{});
  } else {
    loop(channels);
  }
}

// line [width_in, C], blended along y already, to out [width_out, C].
NRAM_MULTIVERSION
void stretch(const float* NRAM_RESTRICT line, float* NRAM_RESTRICT out, const ResizeTap* taps,
             int64_t width_out, int64_t channel_count) {
  with_channels(
      channel_count, [&](auto channels) __attribute__((always_inline)) {
        for (int64_t x = 0; x < width_out; ++x) {
          const float* low = line + taps[x].low * channels;
          const float* high = line + taps[x].high * channels;
          const auto weight = static_cast<float>(taps[x].weight);
          for (int64_t c = 0; c < channels; ++c) {
            out[x * channels + c] = low[c] + weight * (high[c] - low[c]);
          }
        }
      });
}

// The transpose of stretch: adds line [width_out, C] to dx [width_in, C].
NRAM_MULTIVERSION
void gather(const float* NRAM_RESTRICT line, float* NRAM_RESTRICT dx, const ResizeTap* taps,
            int64_t width_out, int64_t channel_count) {
  with_channels(
      channel_count, [&](auto channels) __attribute__((always_inline)) {
        for (int64_t x = 0; x < width_out; ++x) {
          const auto weight = static_cast<float>(taps[x].weight);
          float* low = dx + taps[x].low * channels;
          float* high = dx + taps[x].high * channels;
          for (int64_t c = 0; c < channels; ++c) low[c] += (1 - weight) * line[x * channels + c];
          for (int64_t c = 0; c < channels; ++c) high[c] += weight * line[x * channels + c];
        }
      });
}

}  // namespace

size_t resize_workspace(const Shape& source, const Shape& y, int threads) {
  return tap_bytes(y) + static_cast<size_t>(threads) * row_bytes(source);
}

void resize_cpu(const Call& call) {
  const Shape& x = call.in(0).shape;
  const Shape& y = call.out(0).shape;
  const Scratch scratch(call, x, y);
  const int64_t channels = x[3], row = x[2] * channels;
  const auto body = [&](int64_t begin, int64_t end) {
    float* line = scratch.line();
    for (int64_t i = begin; i < end; ++i) {
      const ResizeTap& tap = scratch.rows[static_cast<size_t>(i % y[1])];
      const float* image = call.in(0).as<float>() + i / y[1] * x[1] * row;
      blend(image + tap.low * row, image + tap.high * row, line, row,
            static_cast<float>(tap.weight));
      stretch(line, call.out(0).as<float>() + i * y[2] * channels, scratch.columns.data(), y[2],
              channels);
    }
  };
  parallel_ranges(y[0] * y[1], y.count(), body, scratch.threads);
}

// Each row of dx gathers the rows of dy that were interpolated from it, so that no two threads
// write to one place and the order of additions is fixed.
void resize_gradient_cpu(const Call& call) {
  const Shape& y = call.in(0).shape;
  const Shape& x = call.out(0).shape;
  const Scratch scratch(call, x, y);
  const int64_t channels = y[3], row = y[2] * channels;
  const auto body = [&](int64_t begin, int64_t end) {
    float* line = scratch.line();
    for (int64_t i = begin; i < end; ++i) {
      const float* dy = call.in(0).as<float>() + i / x[1] * y[1] * row;
      float* dx = call.out(0).as<float>() + i * x[2] * channels;
      const int64_t target = i % x[1];
      std::fill_n(line, row, 0.0f);
      const auto first =
          std::partition_point(scratch.rows.begin(), scratch.rows.end(),
                               [&](const ResizeTap& tap) { return tap.low < target - 1; });
      for (auto tap = first; tap != scratch.rows.end() && tap->low <= target; ++tap) {
        const double weight = (tap->low == target ? 1 - tap->weight : 0.0) +
                              (tap->high == target ? tap->weight : 0.0);
        accumulate(dy + (tap - scratch.rows.begin()) * row, line, row, static_cast<float>(weight));
      }
      std::fill_n(dx, x[2] * channels, 0.0f);
      gather(line, dx, scratch.columns.data(), y[2], channels);
    }
  };
  parallel_ranges(x[0] * x[1], x.count() + y.count(), body, scratch.threads);
}

}  // namespace nram::kernels
