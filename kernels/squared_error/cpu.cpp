#include "kernels/common/simd.h"
#include "kernels/common/sum.h"
#include "kernels/squared_error/squared_error.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
double sum_of_squares(const float* a, const float* b, int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) {
    const auto difference = static_cast<double>(a[i] - b[i]);
    sum += difference * difference;
  }
  return sum;
}

NRAM_MULTIVERSION
void backward(const float* a, const float* b, float* da, int64_t count, float factor) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) da[i] = factor * (a[i] - b[i]);
}

}  // namespace

void squared_error_cpu(const Call& call) {
  const int64_t count = call.in(0).shape.count();
  const float* a = call.in(0).as<float>();
  const float* b = call.in(1).as<float>();
  const double sum = sum_of_blocks(call, count, [&](int64_t begin, int64_t length) {
    return sum_of_squares(a + begin, b + begin, length);
  });
  *call.out(0).as<float>() = static_cast<float>(call.get<SquaredErrorAttributes>().scale * sum);
}

void squared_error_gradient_cpu(const Call& call) {
  const double scale = call.get<SquaredErrorAttributes>().scale;
  const auto factor = static_cast<float>(2 * scale * *call.in(0).as<float>());
  for_each_span<float, 3>({&call.in(1), &call.in(2), &call.out(0)}, [&](auto p, int64_t length) {
    backward(p[0], p[1], p[2], length, factor);
  });
}

}  // namespace nram::kernels
