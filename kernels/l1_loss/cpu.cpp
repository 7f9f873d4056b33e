#include <cmath>

#include "kernels/common/simd.h"
#include "kernels/common/sum.h"
#include "kernels/l1_loss/l1_loss.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
double sum_of_distances(const float* a, const float* b, int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(std::fabs(a[i] - b[i]));
  return sum;
}

NRAM_MULTIVERSION
void backward(const float* a, const float* b, float* da, int64_t count, float factor) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float magnitude = a[i] == b[i] ? 0.0f : factor;
    da[i] = a[i] < b[i] ? -magnitude : magnitude;
  }
}

}  // namespace

void l1_loss_cpu(const Call& call) {
  const int64_t count = call.in(0).shape.count();
  const float* a = call.in(0).as<float>();
  const float* b = call.in(1).as<float>();
  const double sum = sum_of_blocks(call, count, [&](int64_t begin, int64_t length) {
    return sum_of_distances(a + begin, b + begin, length);
  });
  *call.out(0).as<float>() = static_cast<float>(sum / static_cast<double>(count));
}

void l1_loss_gradient_cpu(const Call& call) {
  const double count = static_cast<double>(call.in(1).shape.count());
  const auto factor = static_cast<float>(*call.in(0).as<float>() / count);
  for_each_span<float, 3>({&call.in(1), &call.in(2), &call.out(0)}, [&](auto p, int64_t length) {
    backward(p[0], p[1], p[2], length, factor);
  });
}

}  // namespace nram::kernels
