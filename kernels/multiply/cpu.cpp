#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/multiply/multiply.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void multiply(const float* a, const float* b, float* y, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) y[i] = a[i] * b[i];
}

}  // namespace

void multiply_cpu(const Call& call) {
  for_each_span<float, 3>({&call.in(0), &call.in(1), &call.out(0)},
                          [](auto p, int64_t count) { multiply(p[0], p[1], p[2], count); });
}

}  // namespace nram::kernels
