#include "engine/ops/sigmoid.h"

#include "kernels/sigmoid/sigmoid.h"

namespace nram {
namespace {

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 1, "sigmoid takes x, not ", inputs.size(), " inputs");
  return {inputs[0]};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 2 && inputs[0] == inputs[1],
             "sigmoid_gradient takes dy and y of one shape");
  return {inputs[0]};
}

void gradient(GradientContext& context) {
  context.set(
      0, context.graph().append(kSigmoidGradient, {context.output_gradient(), context.output()}));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 20);
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 3);
}

std::vector<Sample> samples() {
  return {
      {"odd", {{3, 5, 3, 7}}},
      {"one pixel", {{1, 1, 1, 1}}},
      {"scalar", {{}}},
      {"image", {{1, 256, 176, 3}}, {}, {}, {}, true},
  };
}

std::vector<Sample> gradient_samples() {
  return {
      {"odd", {{3, 5, 3, 7}, {3, 5, 3, 7}}, {}, {Fill::kNormal, Fill::kImage}},
      {"vector", {{33}, {33}}, {}, {Fill::kNormal, Fill::kImage}},
      {"image", {{1, 256, 176, 3}, {1, 256, 176, 3}}, {}, {Fill::kNormal, Fill::kImage}, {}, true},
  };
}

}  // namespace

const Op kSigmoid = {
    .name = "sigmoid",
    .summary = "y = 1 / (1 + e^-x), any shape",
    .infer = infer,
    .run = {kernels::sigmoid_reference, kernels::sigmoid_cpu,
            NRAM_CUDA_KERNEL(kernels::sigmoid_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .bfloat16_inputs = 0b1,
    .in_place_inputs = 0b1,
    .pitched = true,
};

const Op kSigmoidGradient = {
    .name = "sigmoid_gradient",
    .summary = "dx = dy * y * (1 - y); dy, y, dx of one shape",
    .infer = infer_gradient,
    .run = {kernels::sigmoid_gradient_reference, kernels::sigmoid_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::sigmoid_gradient_cuda)},
    .cost = gradient_cost,
    .samples = gradient_samples,
    .tolerance_bfloat16 = 3e-2,
    .bfloat16_inputs = 0b11,
    .in_place_inputs = 0b11,
    .pitched = true,
};

Variable sigmoid(Variable x) { return x.graph().append(kSigmoid, {x}); }

}  // namespace nram
