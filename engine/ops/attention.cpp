#include "engine/ops/attention.h"

#include "engine/ops/attention_common.h"
#include "kernels/attention/attention.h"

namespace nram {
namespace {

using kernels::AttentionAttributes;

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 3, "attention takes A, B and logits, not ", inputs.size(), " inputs");
  check_attention("attention", inputs[0], inputs[1], inputs[2]);
  return {inputs[0], inputs[2]};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 4 && inputs[0] == inputs[1],
             "attention_gradient takes dA', A of its shape, B and M");
  check_attention("attention_gradient", inputs[1], inputs[2], inputs[3]);
  return {inputs[1], inputs[2], inputs[3]};
}

void gradient(GradientContext& context) {
  std::vector<Variable> gradients(3);
  if (context.output_gradient(0)) {
    gradients = context.graph().append_all(
        kAttentionGradient,
        {context.output_gradient(0), context.input(0), context.input(1), context.output(1)},
        context.attributes<AttentionAttributes>());
  }
  gradients[2] = with_mask_gradient(context, gradients[2]);
  for (int i = 0; i < 3; ++i) context.set(i, gradients[static_cast<size_t>(i)]);
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 3);
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 5);
}

std::vector<Sample> samples() {
  const auto sample = [](const std::string& name, const Shape& a, int32_t inner_skip,
                         bool benchmark = false) {
    return Sample{name,     {a, a, {a[0], a[1], a[2], 1}}, AttentionAttributes{inner_skip}, {}, {},
                  benchmark};
  };
  return {
      sample("odd", {2, 3, 5, 7}, 1),
      sample("odd, no inner skip", {3, 5, 3, 7}, 0),
      sample("one pixel", {3, 1, 1, 33}, 1),
      sample("one channel", {1, 9, 11, 1}, 1),
      sample("feature map", {1, 64, 44, 256}, 1, true),
      sample("small maps", {8, 16, 16, 64}, 1, true),
  };
}

std::vector<Sample> gradient_samples() {
  std::vector<Sample> all = samples();
  for (Sample& sample : all) {
    sample.inputs.insert(sample.inputs.begin(), sample.inputs[0]);
    sample.fills = {Fill::kNormal, Fill::kNormal, Fill::kNormal, Fill::kImage};
  }
  return all;
}

}  // namespace

const Op kAttention = {
    .name = "attention",
    .summary =
        "A' = A + M * R, M = sigmoid(logits), R = B + A or B; A, B, A' [N,H,W,C], logits, M "
        "[N,H,W,1] (section 3.1)",
    .infer = infer,
    .run = {kernels::attention_reference, kernels::attention_cpu,
            NRAM_CUDA_KERNEL(kernels::attention_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 2e-6,
    .tolerance_bfloat16 = 3e-2,
    .bfloat16_inputs = 0b111,
    .in_place_inputs = 0b11,
    .pitched = true,
};

const Op kAttentionGradient = {
    .name = "attention_gradient",
    .summary = "gradients of attention: dA', A, B [N,H,W,C], M [N,H,W,1] -> dA, dB, dlogits",
    .infer = infer_gradient,
    .run = {kernels::attention_gradient_reference, kernels::attention_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::attention_gradient_cuda)},
    .cost = gradient_cost,
    .samples = gradient_samples,
    .tolerance_bfloat16 = 3e-2,
    .bfloat16_inputs = 0b1111,
    .in_place_inputs = 0b111,
    .pitched = true,
};

Attended attention(Variable a, Variable b, Variable logits, bool inner_skip) {
  const std::vector<Variable> outputs =
      a.graph().append_all(kAttention, {a, b, logits}, AttentionAttributes{inner_skip});
  return {outputs[0], outputs[1]};
}

}  // namespace nram
