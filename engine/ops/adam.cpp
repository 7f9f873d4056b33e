#include "engine/ops/adam.h"

#include "kernels/adam/adam.h"

namespace nram {
namespace {

using kernels::AdamAttributes;

std::vector<TensorSpec> infer(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == 5 || inputs.size() == 6,
             "adam takes parameters, gradients, two moments, a step and perhaps a guard");
  for (size_t i = 1; i < 4; ++i) {
    NRAM_CHECK(inputs[i] == inputs[0], "adam's parameters ", inputs[0].shape,
               ", gradients and moments ", inputs[i].shape, " differ");
  }
  NRAM_CHECK(inputs[4].shape == Shape({4}), "adam's step has 4 numbers, not ", inputs[4].shape);
  NRAM_CHECK(inputs.size() == 5 || inputs[5].shape.rank() == 0, "adam's guard is a scalar, not ",
             inputs[5].shape);
  const auto [beta1, beta2, epsilon] = attributes.as<AdamAttributes>();
  NRAM_CHECK(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0,
             "adam's betas lie in [0, 1) and its epsilon is positive, not ", beta1, ", ", beta2,
             ", ", epsilon);
  return {inputs[0], inputs[2], inputs[3]};
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 13);
}

std::vector<Sample> samples() {
  const AdamAttributes attributes = {0.5, 0.999, 1e-8};
  const std::vector<Fill> fills = {Fill::kNormal,   Fill::kNormal,   Fill::kNormal,
                                   Fill::kPositive, Fill::kPositive, Fill::kPositive};
  return {
      {"odd", {{1237}, {1237}, {1237}, {1237}, {4}}, attributes, fills},
      {"guarded", {{33}, {33}, {33}, {33}, {4}, {}}, attributes, fills},
      {"million", {{1048579}, {1048579}, {1048579}, {1048579}, {4}}, attributes, fills, {}, true}};
}

}  // namespace

const Op kAdam = {
    .name = "adam",
    .summary =
        "one Adam step on p, g, m, v of one shape, in place; nothing where a guard is not "
        "finite",
    .infer = infer,
    .run = {kernels::adam_reference, kernels::adam_cpu, NRAM_CUDA_KERNEL(kernels::adam_cuda)},
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-5,
    .updates = {0, 2, 3},
};

std::vector<Variable> adam(Variable parameters, Variable gradients, Variable first_moment,
                           Variable second_moment, Variable step, const AdamOptions& options,
                           Variable guard) {
  std::vector<Variable> inputs = {parameters, gradients, first_moment, second_moment, step};
  if (guard) inputs.push_back(guard);
  return parameters.graph().append_all(
      kAdam, inputs, AdamAttributes{options.beta1, options.beta2, options.epsilon});
}

}  // namespace nram
