#include "kernels/channel_affine/channel_affine.h"
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {

constexpr int64_t kRepeats = 16;

// The factors repeated until they fill whole vectors, whatever the number of channels.
struct Pattern {
  float scale[kRepeats * kMostAffineChannels];
  float offset[kRepeats * kMostAffineChannels];
};

NRAM_MULTIVERSION
void apply(const float* x, float* y, int64_t count, const Pattern& pattern, int64_t period) {
  int64_t i = 0;
  for (; i + period <= count; i += period) {
#pragma omp simd
    for (int64_t j = 0; j < period; ++j) {
      y[i + j] = x[i + j] * pattern.scale[j] + pattern.offset[j];
    }
  }
  for (int64_t j = 0; i + j < count; ++j) {
    y[i + j] = x[i + j] * pattern.scale[j] + pattern.offset[j];
  }
}

}  // namespace

void channel_affine_cpu(const Call& call) {
  const auto attributes = call.get<ChannelAffineAttributes>();
  const View& x = call.in(0);
  const View& y = call.out(0);
  const int64_t channels = x.channels();
  Pattern pattern;
  for (int64_t i = 0; i < kRepeats * channels; ++i) {
    pattern.scale[i] = attributes.scale[i % channels];
    pattern.offset[i] = attributes.offset[i % channels];
  }
  parallel_ranges(x.rows(), x.shape.count(), [&](int64_t begin, int64_t end) {
    if (x.dense() && y.dense()) {
      apply(x.row<float>(begin), y.row<float>(begin), (end - begin) * channels, pattern,
            kRepeats * channels);
      return;
    }
    for (int64_t r = begin; r < end; ++r) {
      apply(x.row<float>(r), y.row<float>(r), channels, pattern, kRepeats * channels);
    }
  });
}

}  // namespace nram::kernels
