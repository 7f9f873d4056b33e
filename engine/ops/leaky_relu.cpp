#include "engine/ops/leaky_relu.h"

#include "kernels/leaky_relu/leaky_relu.h"

namespace nram {
namespace {

using kernels::LeakyReluAttributes;

std::vector<TensorSpec> infer(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == 1, "leaky_relu takes x, not ", inputs.size(), " inputs");
  const float slope = attributes.as<LeakyReluAttributes>().slope;
  NRAM_CHECK(slope >= 0 && slope <= 1, "leaky_relu's slope lies in [0, 1], not ", slope);
  return {inputs[0]};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 2 && inputs[0] == inputs[1],
             "leaky_relu_gradient takes dy and y of one shape");
  return {inputs[0]};
}

void gradient(GradientContext& context) {
  context.set(
      0, context.graph().append(kLeakyReluGradient, {context.output_gradient(), context.output()},
                                context.attributes<LeakyReluAttributes>()));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 1);
}

std::vector<Sample> samples() {
  return {
      {"odd", {{2, 3, 5, 7}}, LeakyReluAttributes{0.01f}, {Fill::kAwayFromZero}},
      {"vector", {{33}}, LeakyReluAttributes{0.2f}, {Fill::kAwayFromZero}},
      {"feature map", {{1, 64, 44, 256}}, LeakyReluAttributes{0.01f}, {}, {}, true},
  };
}

std::vector<Sample> gradient_samples() {
  return {
      {"odd", {{2, 3, 5, 7}, {2, 3, 5, 7}}, LeakyReluAttributes{0.01f}},
      {"feature map",
       {{1, 64, 44, 256}, {1, 64, 44, 256}},
       LeakyReluAttributes{0.01f},
       {},
       {},
       true},
  };
}

}  // namespace

const Op kLeakyRelu = {
    .name = "leaky_relu",
    .summary = "y = x where x > 0, slope * x elsewhere (eq. 3); any shape",
    .infer = infer,
    .run = {kernels::leaky_relu_reference, kernels::leaky_relu_cpu,
            NRAM_CUDA_KERNEL(kernels::leaky_relu_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .bfloat16_inputs = 0b1,
    .in_place_inputs = 0b1,
    .pitched = true,
};

const Op kLeakyReluGradient = {
    .name = "leaky_relu_gradient",
    .summary = "dx = dy where y > 0, slope * dy elsewhere; dy, y, dx of one shape",
    .infer = infer_gradient,
    .run = {kernels::leaky_relu_gradient_reference, kernels::leaky_relu_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::leaky_relu_gradient_cuda)},
    .cost = cost,
    .samples = gradient_samples,
    .tolerance = 1e-6,
    .bfloat16_inputs = 0b11,
    .in_place_inputs = 0b11,
    .pitched = true,
};

Variable leaky_relu(Variable x, float slope) {
  return x.graph().append(kLeakyRelu, {x}, LeakyReluAttributes{slope});
}

}  // namespace nram
