// state = (1 - momentum) state + momentum scale f(value), f the identity or 1 / value^2 - epsilon.
// Threads: a channel each. Moves three numbers a channel: bound by the launch.
#include "kernels/moving_average/attributes.h"

namespace nram::device {

extern "C" __global__ void __launch_bounds__(256)
    moving_average(kernels::MovingAverageAttributes attributes, int count, const float* state,
                   const float* values, float* next) {
  const int channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel >= count) return;
  float value = values[channel];
  if (attributes.value == kernels::AveragedValue::kVarianceOfInverseDeviation) {
    value = 1 / (value * value) - attributes.epsilon;
  }
  next[channel] =
      (1 - attributes.momentum) * state[channel] + attributes.momentum * attributes.scale * value;
}

}  // namespace nram::device
