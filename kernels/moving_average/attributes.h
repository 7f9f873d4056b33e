// Host and device: the attributes of moving_average.
#pragma once

#include <cstdint>

namespace nram::kernels {

enum class AveragedValue : int32_t { kItself, kVarianceOfInverseDeviation };

struct MovingAverageAttributes {
  float momentum;
  float scale;
  float epsilon;  // of the normalisation
  AveragedValue value;
};

}  // namespace nram::kernels
