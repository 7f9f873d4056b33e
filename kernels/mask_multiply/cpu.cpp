#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/mask_multiply/mask_multiply.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void forward(const float* x, float m, float* y, int64_t channels) {
#pragma omp simd
  for (int64_t c = 0; c < channels; ++c) y[c] = m * x[c];
}

NRAM_MULTIVERSION
float backward(const float* dy, const float* x, float m, float* dx, int64_t channels) {
  float dm = 0;
#pragma omp simd reduction(+ : dm)
  for (int64_t c = 0; c < channels; ++c) {
    dm += dy[c] * x[c];
    dx[c] = m * dy[c];
  }
  return dm;
}

}  // namespace

void mask_multiply_cpu(const Call& call) {
  const View &x = call.in(0), &m = call.in(1), &y = call.out(0);
  parallel_ranges(x.rows(), x.shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      forward(x.row<float>(r), *m.row<float>(r), y.row<float>(r), x.channels());
  });
}

void mask_multiply_gradient_cpu(const Call& call) {
  const View &dy = call.in(0), &x = call.in(1), &m = call.in(2);
  const View &dx = call.out(0), &dm = call.out(1);
  parallel_ranges(x.rows(), x.shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      *dm.row<float>(r) = backward(dy.row<float>(r), x.row<float>(r), *m.row<float>(r),
                                   dx.row<float>(r), x.channels());
    }
  });
}

}  // namespace nram::kernels
