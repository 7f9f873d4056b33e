#include "kernels/moving_average/moving_average.h"

namespace nram::kernels {

void moving_average_reference(const Call& call) {
  const auto attributes = call.get<MovingAverageAttributes>();
  const double momentum = attributes.momentum;
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const T *state = call.in(0).as<T>(), *values = call.in(1).as<T>();
    T* next = call.out(0).as<T>();
    for (int64_t c = 0; c < call.in(0).shape.count(); ++c) {
      double value = values[c];
      if (attributes.value == AveragedValue::kVarianceOfInverseDeviation) {
        value = 1 / (value * value) - static_cast<double>(attributes.epsilon);
      }
      next[c] = static_cast<T>((1 - momentum) * state[c] + momentum * attributes.scale * value);
    }
  });
}

}  // namespace nram::kernels
