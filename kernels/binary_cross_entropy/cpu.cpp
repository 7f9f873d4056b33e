#include <algorithm>
#include <cmath>

#include "kernels/binary_cross_entropy/binary_cross_entropy.h"
#include "kernels/common/sum.h"

namespace nram::kernels {
namespace {

// Logits are few (a map of one channel), so that the library's exp and log1p are no bottleneck.
double sum_of_losses(const float* x, int64_t count, float target) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const float tail = std::log1p(std::exp(-std::fabs(x[i])));
    sum += static_cast<double>(std::max(x[i], 0.0f) - target * x[i] + tail);
  }
  return sum;
}

// sigmoid(x) - t as (1 - t) sigmoid(x) - t sigmoid(-x), which does not cancel where x fits t.
void backward(const float* x, float* dx, int64_t count, float target, float factor) {
  const float rising = factor * (1 - target);
  const float falling = factor * target;
  for (int64_t i = 0; i < count; ++i) {
    const float e = std::exp(-std::fabs(x[i]));
    const float larger = 1 / (1 + e);
    const float smaller = e / (1 + e);
    dx[i] = x[i] >= 0 ? rising * larger - falling * smaller : rising * smaller - falling * larger;
  }
}

}  // namespace

void binary_cross_entropy_cpu(const Call& call) {
  const float target = call.get<BinaryCrossEntropyAttributes>().target;
  const int64_t count = call.in(0).shape.count();
  const float* x = call.in(0).as<float>();
  const double sum = sum_of_blocks(call, count, [&](int64_t begin, int64_t length) {
    return sum_of_losses(x + begin, length, target);
  });
  *call.out(0).as<float>() = static_cast<float>(sum / static_cast<double>(count));
}

void binary_cross_entropy_gradient_cpu(const Call& call) {
  const float target = call.get<BinaryCrossEntropyAttributes>().target;
  const double count = static_cast<double>(call.in(1).shape.count());
  const auto factor = static_cast<float>(*call.in(0).as<float>() / count);
  for_each_span<float, 2>({&call.in(1), &call.out(0)}, [&](auto p, int64_t length) {
    backward(p[0], p[1], length, target, factor);
  });
}

}  // namespace nram::kernels
