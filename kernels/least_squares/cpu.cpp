#include "kernels/common/simd.h"
#include "kernels/common/sum.h"
#include "kernels/least_squares/least_squares.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
double sum_of_squares(const float* x, int64_t count, float target) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) {
    const auto difference = static_cast<double>(x[i] - target);
    sum += difference * difference;
  }
  return sum;
}

NRAM_MULTIVERSION
void backward(const float* x, float* dx, int64_t count, float target, float factor) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) dx[i] = factor * (x[i] - target);
}

}  // namespace

void least_squares_cpu(const Call& call) {
  const float target = call.get<LeastSquaresAttributes>().target;
  const int64_t count = call.in(0).shape.count();
  const float* x = call.in(0).as<float>();
  const double sum = sum_of_blocks(call, count, [&](int64_t begin, int64_t length) {
    return sum_of_squares(x + begin, length, target);
  });
  *call.out(0).as<float>() = static_cast<float>(sum / static_cast<double>(count));
}

void least_squares_gradient_cpu(const Call& call) {
  const float target = call.get<LeastSquaresAttributes>().target;
  const double count = static_cast<double>(call.in(1).shape.count());
  const auto factor = static_cast<float>(2 * *call.in(0).as<float>() / count);
  for_each_span<float, 2>({&call.in(1), &call.out(0)}, [&](auto p, int64_t length) {
    backward(p[0], p[1], length, target, factor);
  });
}

}  // namespace nram::kernels
