#include "kernels/attention/attention.h"

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/common/vector_math.h"

namespace nram::kernels {
namespace {

// Pixels whose masks are computed at once.
constexpr int64_t kTile = 64;

NRAM_MULTIVERSION
void sigmoid_tile(const float* logits, int64_t pitch, int64_t rows, float* mask) {
  for (int64_t r = 0; r < rows; ++r) mask[r] = logits[r * pitch];
#pragma omp simd
  for (int64_t r = 0; r < rows; ++r) mask[r] = vector_sigmoid(mask[r]);
}

// out = own * a + mask * b.
NRAM_MULTIVERSION
void combine(const float* a, const float* b, float own, float mask, float* out, int64_t channels) {
#pragma omp simd
  for (int64_t c = 0; c < channels; ++c) out[c] = own * a[c] + mask * b[c];
}

// Writes da and db; returns the gradient of the mask.
NRAM_MULTIVERSION
float gradient_with_skip(const float* dout, const float* a, const float* b, float mask, float* da,
                         float* db, int64_t channels) {
  const float own = 1 + mask;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < channels; ++c) {
    const float g = dout[c];
    sum += g * (b[c] + a[c]);
    da[c] = g * own;
    db[c] = g * mask;
  }
  return sum;
}

NRAM_MULTIVERSION
float gradient_without_skip(const float* dout, const float* b, float mask, float* da, float* db,
                            int64_t channels) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < channels; ++c) {
    const float g = dout[c];
    sum += g * b[c];
    da[c] = g;
    db[c] = g * mask;
  }
  return sum;
}

}  // namespace

void attention_cpu(const Call& call) {
  const bool skip = call.get<AttentionAttributes>().inner_skip != 0;
  const View &a = call.in(0), &b = call.in(1), &logits = call.in(2);
  const View &out = call.out(0), &masks = call.out(1);
  parallel_ranges(a.rows(), a.shape.count(), [&](int64_t begin, int64_t end) {
    float mask[kTile];
    for (int64_t first = begin; first < end; first += kTile) {
      const int64_t rows = std::min(kTile, end - first);
      sigmoid_tile(logits.row<float>(first), logits.pitch, rows, mask);
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t r = first + i;
        *masks.row<float>(r) = mask[i];
        combine(a.row<float>(r), b.row<float>(r), skip ? 1 + mask[i] : 1, mask[i],
                out.row<float>(r), a.channels());
      }
    }
  });
}

void attention_gradient_cpu(const Call& call) {
  const bool skip = call.get<AttentionAttributes>().inner_skip != 0;
  const View &dout = call.in(0), &a = call.in(1), &b = call.in(2), &masks = call.in(3);
  const View &da = call.out(0), &db = call.out(1), &dlogits = call.out(2);
  parallel_ranges(a.rows(), a.shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float mask = *masks.row<float>(r);
      const float dmask =
          skip ? gradient_with_skip(dout.row<float>(r), a.row<float>(r), b.row<float>(r), mask,
                                    da.row<float>(r), db.row<float>(r), a.channels())
               : gradient_without_skip(dout.row<float>(r), b.row<float>(r), mask, da.row<float>(r),
                                       db.row<float>(r), a.channels());
      *dlogits.row<float>(r) = dmask * mask * (1 - mask);
    }
  });
}

}  // namespace nram::kernels
