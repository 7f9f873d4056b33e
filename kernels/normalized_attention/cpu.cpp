#include "kernels/common/simd.h"
#include "kernels/common/vector_math.h"
#include "kernels/normalization/statistics.h"
#include "kernels/normalized_attention/normalized_attention.h"

namespace nram::kernels {
namespace {

// One sample's statistics.
struct Statistics {
  const float* mean;
  const float* inverse;
};

NRAM_MULTIVERSION
void combine(const View& a, const View& b, const View& logits, const View& out, const View& masks,
             Range range, Statistics statistics, bool skip) {
  const int64_t channels = a.shape[3];
  const float *mean = statistics.mean, *inverse = statistics.inverse;
  float mask[kRowTile];
  for (int64_t first = range.begin; first < range.end; first += kRowTile) {
    const int64_t rows = range.end - first < kRowTile ? range.end - first : kRowTile;
    for (int64_t i = 0; i < rows; ++i) mask[i] = *logits.row<float>(first + i);
#pragma omp simd
    for (int64_t i = 0; i < rows; ++i) mask[i] = vector_sigmoid(mask[i]);
    for (int64_t i = 0; i < rows; ++i) {
      *masks.row<float>(first + i) = mask[i];
      const float *from_a = a.row<float>(first + i), *from_b = b.row<float>(first + i);
      float* to = out.row<float>(first + i);
      const float m = mask[i], own = skip ? 1 + m : 1;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) {
        to[c] = own * from_a[c] + m * ((from_b[c] - mean[c]) * inverse[c]);
      }
    }
  }
}

// One row of the first backward pass over some channels: adds to the sums over pixels, writes da,
// returns the part of the mask's gradient.
template <bool kSkip>
[[gnu::always_inline]] inline float first_pass_row(const float* dout, const float* a,
                                                   const float* b, float mask,
                                                   Statistics statistics, float* da, float* sum,
                                                   float* product, int64_t channels) {
  const float *mean = statistics.mean, *inverse = statistics.inverse;
  const float own = kSkip ? 1 + mask : 1;
  float dmask = 0;
#pragma omp simd reduction(+ : dmask)
  for (int64_t c = 0; c < channels; ++c) {
    const float g = dout[c];
    const float normalized = (b[c] - mean[c]) * inverse[c];
    if constexpr (kSkip) {
      dmask += g * (normalized + a[c]);
    } else {
      dmask += g * normalized;
    }
    da[c] = g * own;
    sum[c] += g * mask;
    product[c] += g * mask * normalized;
  }
  return dmask;
}

struct FirstPass {
  const View &dout, &a, &b, &masks, &da, &dlogits;
};

template <bool kSkip>
[[gnu::always_inline]] inline void first_pass_rows(const FirstPass& views, Range range,
                                                   Statistics statistics, double* partial) {
  const int64_t channels = views.a.shape[3];
  alignas(64) float sum[kChannelTile], product[kChannelTile];
  float dmask[kRowTile];
  for (int64_t i = 0; i < 2 * channels; ++i) partial[i] = 0;
  for (int64_t first = range.begin; first < range.end; first += kRowTile) {
    const int64_t rows = range.end - first < kRowTile ? range.end - first : kRowTile;
    for (int64_t i = 0; i < rows; ++i) dmask[i] = 0;
    for (int64_t from = 0; from < channels; from += kChannelTile) {
      const int64_t tile = channels - from < kChannelTile ? channels - from : kChannelTile;
      for (int64_t c = 0; c < tile; ++c) sum[c] = product[c] = 0;
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t r = first + i;
        dmask[i] +=
            first_pass_row<kSkip>(views.dout.row<float>(r) + from, views.a.row<float>(r) + from,
                                  views.b.row<float>(r) + from, *views.masks.row<float>(r),
                                  {statistics.mean + from, statistics.inverse + from},
                                  views.da.row<float>(r) + from, sum, product, tile);
      }
      for (int64_t c = 0; c < tile; ++c) partial[from + c] += sum[c];
      for (int64_t c = 0; c < tile; ++c) partial[channels + from + c] += product[c];
    }
    for (int64_t i = 0; i < rows; ++i) {
      const float mask = *views.masks.row<float>(first + i);
      *views.dlogits.row<float>(first + i) = dmask[i] * mask * (1 - mask);
    }
  }
}

NRAM_MULTIVERSION
void first_pass(const FirstPass& views, Range range, Statistics statistics, double* partial,
                bool skip) {
  if (skip) {
    first_pass_rows<true>(views, range, statistics, partial);
  } else {
    first_pass_rows<false>(views, range, statistics, partial);
  }
}

// `sums` holds the means over pixels of g and of g * Bhat.
NRAM_MULTIVERSION
void second_pass(const View& dout, const View& b, const View& masks, const View& db, Range range,
                 Statistics statistics, const float* sums) {
  const int64_t channels = b.shape[3];
  const float *mean = statistics.mean, *inverse = statistics.inverse;
  const float *sum = sums, *product = sums + channels;
  for (int64_t r = range.begin; r < range.end; ++r) {
    const float *from_dout = dout.row<float>(r), *from_b = b.row<float>(r);
    float* to = db.row<float>(r);
    const float mask = *masks.row<float>(r);
#pragma omp simd
    for (int64_t c = 0; c < channels; ++c) {
      const float normalized = (from_b[c] - mean[c]) * inverse[c];
      to[c] = inverse[c] * (from_dout[c] * mask - sum[c] - normalized * product[c]);
    }
  }
}

}  // namespace

size_t normalized_attention_workspace(const Shape& a) {
  return ChannelGroups(a, false).workspace_bytes();
}

void normalized_attention_cpu(const Call& call) {
  const auto attributes = call.get<NormalizedAttentionAttributes>();
  const View &a = call.in(0), &b = call.in(1), &mean = call.out(2), &inverse = call.out(3);
  const ChannelGroups plan(a.shape, false);
  for_each_group(
      plan,
      [&](int64_t group, int64_t chunk) {
        const Range rows = plan.chunk_rows(group, chunk);
        chunk_statistics(b.row<float>(rows.begin), b.pitch, rows.end - rows.begin, plan.channels,
                         plan.partial(call.workspace, group, chunk));
      },
      [&](int64_t group) {
        merge_statistics(plan, call.workspace, group, attributes.epsilon, mean.row<float>(group),
                         inverse.row<float>(group));
      },
      [&](int64_t group, int64_t chunk) {
        combine(a, b, call.in(2), call.out(0), call.out(1), plan.chunk_rows(group, chunk),
                {mean.row<float>(group), inverse.row<float>(group)}, attributes.inner_skip != 0);
      });
}

void normalized_attention_gradient_cpu(const Call& call) {
  const bool skip = call.get<NormalizedAttentionAttributes>().inner_skip != 0;
  const View &dout = call.in(0), &b = call.in(2), &masks = call.in(3);
  const View &mean = call.in(4), &inverse = call.in(5);
  const FirstPass views{dout, call.in(1), b, masks, call.out(0), call.out(2)};
  const ChannelGroups plan(b.shape, false);
  const auto statistics = [&](int64_t group) {
    return Statistics{mean.row<float>(group), inverse.row<float>(group)};
  };
  for_each_group(
      plan,
      [&](int64_t group, int64_t chunk) {
        first_pass(views, plan.chunk_rows(group, chunk), statistics(group),
                   plan.partial(call.workspace, group, chunk), skip);
      },
      [&](int64_t group) { merge_sums(plan, call.workspace, group); },
      [&](int64_t group, int64_t chunk) {
        second_pass(dout, b, masks, call.out(1), plan.chunk_rows(group, chunk), statistics(group),
                    plan.result(call.workspace, group));
      });
}

}  // namespace nram::kernels
