#include "engine/ops/moving_average.h"

#include <algorithm>

#include "kernels/moving_average/moving_average.h"

namespace nram {
namespace {

using kernels::AveragedValue;
using kernels::MovingAverageAttributes;

std::vector<TensorSpec> infer(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == 2, "moving_average takes state and value, not ", inputs.size(),
             " inputs");
  const Shape &state = inputs[0].shape, &value = inputs[1].shape;
  NRAM_CHECK(state.rank() == 1 && inputs[1].dtype == inputs[0].dtype &&
                 (value == state || value == Shape({1, state[0]})),
             "moving_average takes state [C] and value [C] or [1,C], not ", state, " and ", value);
  const float momentum = attributes.as<MovingAverageAttributes>().momentum;
  NRAM_CHECK(momentum >= 0 && momentum <= 1, "moving_average's momentum lies in [0, 1], not ",
             momentum);
  return {inputs[0]};
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 3);
}

std::vector<Sample> samples() {
  return {
      {"mean", {{7}, {1, 7}}, MovingAverageAttributes{0.1f, 1, 0, AveragedValue::kItself}},
      {"one channel", {{1}, {1}}, MovingAverageAttributes{0.5f, 2, 0, AveragedValue::kItself}},
      {"variance",
       {{33}, {1, 33}},
       MovingAverageAttributes{0.1f, 1.25f, 1e-5f, AveragedValue::kVarianceOfInverseDeviation},
       {Fill::kPositive, Fill::kPositive}},
  };
}

}  // namespace

const Op kMovingAverage = {
    .name = "moving_average",
    .summary =
        "state = (1 - momentum) * state + momentum * scale * value, in place, value possibly "
        "1 / value^2 - epsilon; state [C], value [C] or [1,C]",
    .infer = infer,
    .run = {kernels::moving_average_reference, kernels::moving_average_cpu,
            NRAM_CUDA_KERNEL(kernels::moving_average_cuda)},
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .updates = {0},
};

Variable moving_average(Variable state, Variable value, float momentum) {
  return state.graph().append(kMovingAverage, {state, value},
                              MovingAverageAttributes{momentum, 1, 0, AveragedValue::kItself});
}

Variable moving_variance(Variable state, Variable inverse_deviation, float momentum, float epsilon,
                         int64_t count) {
  const double unbiased =
      static_cast<double>(count) / static_cast<double>(std::max<int64_t>(1, count - 1));
  return state.graph().append(
      kMovingAverage, {state, inverse_deviation},
      MovingAverageAttributes{momentum, static_cast<float>(unbiased), epsilon,
                              AveragedValue::kVarianceOfInverseDeviation});
}

}  // namespace nram
