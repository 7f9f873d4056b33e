#include "engine/ops/multiply.h"

#include "kernels/multiply/multiply.h"

namespace nram {
namespace {

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 2 && inputs[0] == inputs[1],
             "multiply takes two tensors of one shape");
  return {inputs[0]};
}

void gradient(GradientContext& context) {
  const Variable dy = context.output_gradient();
  if (context.needs(0)) context.set(0, multiply(dy, context.input(1)));
  if (context.needs(1)) context.set(1, multiply(dy, context.input(0)));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 1);
}

std::vector<Sample> samples() {
  return {
      {"odd", {{2, 3, 5, 7}, {2, 3, 5, 7}}},
      {"scalar", {{}, {}}},
      {"feature map", {{1, 64, 44, 256}, {1, 64, 44, 256}}, {}, {}, {}, true},
  };
}

}  // namespace

const Op kMultiply = {
    .name = "multiply",
    .summary = "y = a * b, element by element; a, b, y of one shape",
    .infer = infer,
    .run = {kernels::multiply_reference, kernels::multiply_cpu,
            NRAM_CUDA_KERNEL(kernels::multiply_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 4e-2,
    .bfloat16_inputs = 0b11,
    .in_place_inputs = 0b11,
    .pitched = true,
};

Variable multiply(Variable a, Variable b) { return a.graph().append(kMultiply, {a, b}); }

}  // namespace nram
