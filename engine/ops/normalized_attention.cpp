#include "engine/ops/normalized_attention.h"

#include "engine/ops/attention_common.h"
#include "kernels/normalized_attention/normalized_attention.h"

namespace nram {
namespace {

using kernels::NormalizedAttentionAttributes;

// Of bfloat16 too in float32: differences of large numbers follow from them.
TensorSpec statistic_of(const TensorSpec& a) {
  return {{a.shape[0], a.shape[3]}, a.dtype == DType::kBFloat16 ? DType::kFloat32 : a.dtype};
}

std::vector<TensorSpec> infer(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == 3, "normalized_attention takes A, B and logits, not ", inputs.size(),
             " inputs");
  check_attention("normalized_attention", inputs[0], inputs[1], inputs[2]);
  NRAM_CHECK(inputs[0].shape.count() > 0, "normalized_attention takes no empty A, such as ",
             inputs[0].shape);
  const float epsilon = attributes.as<NormalizedAttentionAttributes>().epsilon;
  NRAM_CHECK(epsilon > 0, "normalized_attention's epsilon is positive, not ", epsilon);
  return {inputs[0], inputs[2], statistic_of(inputs[0]), statistic_of(inputs[0])};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 6 && inputs[0] == inputs[1],
             "normalized_attention_gradient takes dA', A of its shape, B, M and the statistics");
  check_attention("normalized_attention_gradient", inputs[1], inputs[2], inputs[3]);
  const TensorSpec statistic = statistic_of(inputs[1]);
  NRAM_CHECK(inputs[4] == statistic && inputs[5] == statistic,
             "normalized_attention_gradient takes statistics of shape ", statistic.shape, ", not ",
             inputs[4].shape, " and ", inputs[5].shape);
  return {inputs[1], inputs[2], inputs[3]};
}

size_t workspace(Target target, Specs inputs, Specs, const Attributes&) {
  if (target == Target::kReference) return 0;
  if (target == Target::kCuda) return kernels::normalized_attention_cuda_workspace(inputs[0].shape);
  return kernels::normalized_attention_workspace(inputs[0].shape);
}

void gradient(GradientContext& context) {
  NRAM_CHECK(!context.output_gradient(2) && !context.output_gradient(3),
             "no gradient flows through normalized_attention's mean and inverse deviation");
  std::vector<Variable> gradients(3);
  if (context.output_gradient(0)) {
    gradients =
        context.graph().append_all(kNormalizedAttentionGradient,
                                   {context.output_gradient(0), context.input(0), context.input(1),
                                    context.output(1), context.output(2), context.output(3)},
                                   context.attributes<NormalizedAttentionAttributes>());
  }
  gradients[2] = with_mask_gradient(context, gradients[2]);
  for (int i = 0; i < 3; ++i) context.set(i, gradients[static_cast<size_t>(i)]);
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 10);
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 17);
}

Sample sample_of(const std::string& name, const Shape& a, int32_t inner_skip,
                 bool benchmark = false) {
  return {name,
          {a, a, {a[0], a[1], a[2], 1}},
          NormalizedAttentionAttributes{inner_skip, 1e-5f},
          {},
          {},
          benchmark};
}

std::vector<Sample> samples() {
  return {
      sample_of("odd", {2, 3, 5, 7}, 1),
      sample_of("odd, no inner skip", {3, 5, 3, 7}, 0),
      sample_of("two pixels", {3, 2, 1, 33}, 1),
      sample_of("many channels", {1, 3, 2, 300}, 1),
      sample_of("feature map", {1, 64, 44, 256}, 1, true),
      sample_of("small maps", {8, 16, 16, 64}, 1, true),
  };
}

std::vector<Sample> gradient_samples() {
  std::vector<Sample> all = samples();
  all.push_back(sample_of("several chunks", {1, 9, 14, 530}, 1));
  for (Sample& sample : all) {
    const Shape a = sample.inputs[0], statistic = {a[0], a[3]};
    sample.inputs = {a, a, a, sample.inputs[2], statistic, statistic};
    sample.fills = {Fill::kNormal, Fill::kNormal, Fill::kNormal,
                    Fill::kImage,  Fill::kNormal, Fill::kPositive};
  }
  return all;
}

}  // namespace

const Op kNormalizedAttention = {
    .name = "normalized_attention",
    .summary =
        "attention of A and the instance normalisation of B; A, B, A' [N,H,W,C], logits, M "
        "[N,H,W,1], mean, inverse_deviation [N,C]",
    .infer = infer,
    .run = {kernels::normalized_attention_reference, kernels::normalized_attention_cpu,
            NRAM_CUDA_KERNEL(kernels::normalized_attention_cuda)},
    .workspace = workspace,
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance_bfloat16 = 3e-2,
    .bfloat16_inputs = 0b111,
    .in_place_inputs = 0b11,
    .pitched = true,
};

const Op kNormalizedAttentionGradient = {
    .name = "normalized_attention_gradient",
    .summary =
        "gradients of normalized_attention through its statistics: dA', A, B, M, mean, "
        "inverse_deviation -> dA, dB, dlogits",
    .infer = infer_gradient,
    .run = {kernels::normalized_attention_gradient_reference,
            kernels::normalized_attention_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::normalized_attention_gradient_cuda)},
    .workspace = workspace,
    .cost = gradient_cost,
    .samples = gradient_samples,
    .tolerance_bfloat16 = 3e-2,
    .bfloat16_inputs = 0b1111,
    .in_place_inputs = 0b10,
    .pitched = true,
};

Attended normalized_attention(Variable a, Variable b, Variable logits, bool inner_skip,
                              float epsilon) {
  const std::vector<Variable> outputs = a.graph().append_all(
      kNormalizedAttention, {a, b, logits}, NormalizedAttentionAttributes{inner_skip, epsilon});
  return {outputs[0], outputs[1]};
}

}  // namespace nram
