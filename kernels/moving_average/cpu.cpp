#include "kernels/common/simd.h"
#include "kernels/moving_average/moving_average.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void average(const float* state, const float* value, float* next, int64_t count, float kept,
             float added) {
#pragma omp simd
  for (int64_t c = 0; c < count; ++c) next[c] = kept * state[c] + added * value[c];
}

NRAM_MULTIVERSION
void average_variance(const float* state, const float* inverse_deviation, float* next,
                      int64_t count, float kept, float added, float epsilon) {
#pragma omp simd
  for (int64_t c = 0; c < count; ++c) {
    const float variance = 1 / (inverse_deviation[c] * inverse_deviation[c]) - epsilon;
    next[c] = kept * state[c] + added * variance;
  }
}

}  // namespace

void moving_average_cpu(const Call& call) {
  const auto attributes = call.get<MovingAverageAttributes>();
  const float kept = 1 - attributes.momentum, added = attributes.momentum * attributes.scale;
  const float *state = call.in(0).as<float>(), *value = call.in(1).as<float>();
  float* next = call.out(0).as<float>();
  const int64_t count = call.in(0).shape.count();
  if (attributes.value == AveragedValue::kItself) {
    average(state, value, next, count, kept, added);
  } else {
    average_variance(state, value, next, count, kept, added, attributes.epsilon);
  }
}

}  // namespace nram::kernels
