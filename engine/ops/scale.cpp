#include "engine/ops/scale.h"

#include "kernels/scale/scale.h"

namespace nram {
namespace {

using kernels::ScaleAttributes;

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 1, "scale takes x, not ", inputs.size(), " inputs");
  return {inputs[0]};
}

void gradient(GradientContext& context) {
  context.set(0, scale(context.output_gradient(), context.attributes<ScaleAttributes>().factor));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 1);
}

std::vector<Sample> samples() {
  return {
      {"odd", {{2, 3, 5, 7}}, ScaleAttributes{-0.7f}},
      {"scalar", {{}}, ScaleAttributes{10.0f}},
      {"feature map", {{1, 64, 44, 256}}, ScaleAttributes{0.5f}, {}, {}, true},
  };
}

}  // namespace

const Op kScale = {
    .name = "scale",
    .summary = "y = factor * x, any shape",
    .infer = infer,
    .run = {kernels::scale_reference, kernels::scale_cpu, NRAM_CUDA_KERNEL(kernels::scale_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 2e-2,
    .bfloat16_inputs = 0b1,
    .in_place_inputs = 0b1,
    .pitched = true,
};

Variable scale(Variable x, float factor) {
  return x.graph().append(kScale, {x}, ScaleAttributes{factor});
}

}  // namespace nram
