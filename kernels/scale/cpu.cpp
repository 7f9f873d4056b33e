#include "kernels/scale/scale.h"

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void scale(const float* x, float* y, int64_t count, float factor) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) y[i] = factor * x[i];
}

}  // namespace

void scale_cpu(const Call& call) {
  const float factor = call.get<ScaleAttributes>().factor;
  for_each_span<float, 2>({&call.in(0), &call.out(0)},
                          [&](auto p, int64_t count) { scale(p[0], p[1], count, factor); });
}

}  // namespace nram::kernels
