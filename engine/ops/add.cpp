#include "engine/ops/add.h"

#include "kernels/add/add.h"

namespace nram {
namespace {

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() >= 2 && inputs.size() <= kernels::kAddMostInputs,
             "add takes 2 to 8 terms, not ", inputs.size());
  for (const TensorSpec& term : inputs) {
    NRAM_CHECK(term == inputs[0], "add takes terms of one shape, not ", inputs[0].shape, " and ",
               term.shape);
  }
  return {inputs[0]};
}

void gradient(GradientContext& context) {
  for (int i = 0; i < context.input_count(); ++i) context.set(i, context.output_gradient());
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, static_cast<double>(inputs.size() - 1));
}

std::vector<Sample> samples() {
  const Shape odd = {2, 3, 5, 7};
  const Shape map = {1, 64, 44, 256};
  return {
      {"two, odd", {odd, odd}},
      {"three, odd", {odd, odd, odd}},
      {"five, vector", {{33}, {33}, {33}, {33}, {33}}},
      {"eight, odd", {odd, odd, odd, odd, odd, odd, odd, odd}},
      {"two, scalar", {{}, {}}},
      {"two, feature map", {map, map}, {}, {}, {}, true},
  };
}

}  // namespace

const Op kAdd = {
    .name = "add",
    .summary = "y = x_0 + x_1 + ... in this order; 2 to 8 terms of one shape",
    .infer = infer,
    .run = {kernels::add_reference, kernels::add_cpu, NRAM_CUDA_KERNEL(kernels::add_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 2e-2,
    .bfloat16_inputs = 0b11111111,
    .in_place_inputs = 0b11111111,
    .pitched = true,
};

Variable add(const std::vector<Variable>& terms) {
  NRAM_CHECK(!terms.empty(), "add takes 2 to 8 terms, not 0");
  return terms[0].graph().append(kAdd, terms);
}

}  // namespace nram
