#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/common/vector_math.h"
#include "kernels/sigmoid/sigmoid.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void forward(const float* x, float* y, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) y[i] = vector_sigmoid(x[i]);
}

NRAM_MULTIVERSION
void backward(const float* dy, const float* y, float* dx, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) dx[i] = dy[i] * (y[i] * (1.0f - y[i]));
}

}  // namespace

void sigmoid_cpu(const Call& call) {
  for_each_span<float, 2>({&call.in(0), &call.out(0)},
                          [](auto p, int64_t count) { forward(p[0], p[1], count); });
}

void sigmoid_gradient_cpu(const Call& call) {
  for_each_span<float, 3>({&call.in(0), &call.in(1), &call.out(0)},
                          [](auto p, int64_t count) { backward(p[0], p[1], p[2], count); });
}

}  // namespace nram::kernels
