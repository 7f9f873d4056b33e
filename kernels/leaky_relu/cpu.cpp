#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/leaky_relu/leaky_relu.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void forward(const float* x, float* y, int64_t count, float slope) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

NRAM_MULTIVERSION
void backward(const float* dy, const float* y, float* dx, int64_t count, float slope) {
  for (int64_t i = 0; i < count; ++i) dx[i] = y[i] > 0 ? dy[i] : slope * dy[i];
}

}  // namespace

void leaky_relu_cpu(const Call& call) {
  const float slope = call.get<LeakyReluAttributes>().slope;
  for_each_span<float, 2>({&call.in(0), &call.out(0)},
                          [&](auto p, int64_t count) { forward(p[0], p[1], count, slope); });
}

void leaky_relu_gradient_cpu(const Call& call) {
  const float slope = call.get<LeakyReluAttributes>().slope;
  for_each_span<float, 3>({&call.in(0), &call.in(1), &call.out(0)},
                          [&](auto p, int64_t count) { backward(p[0], p[1], p[2], count, slope); });
}

}  // namespace nram::kernels
