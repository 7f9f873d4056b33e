#include "engine/ops/normalization.h"

namespace nram {
namespace {

TensorSpec statistic_of(const TensorSpec& x, const Attributes& attributes) {
  const auto scope = attributes.as<NormalizationAttributes>().scope;
  const int64_t groups = scope == NormalizationScope::kInstance ? x.shape[0] : 1;
  // Of bfloat16 too in float32: differences of large numbers follow from them.
  return {{groups, x.shape[3]}, x.dtype == DType::kBFloat16 ? DType::kFloat32 : x.dtype};
}

void check(const TensorSpec& x, const NormalizationAttributes& attributes) {
  NRAM_CHECK(x.shape.rank() == 4, "normalization takes x [N,H,W,C], not ", x.shape);
  NRAM_CHECK(x.shape.count() > 0, "normalization takes no empty x, such as ", x.shape);
  NRAM_CHECK(attributes.epsilon > 0, "normalization's epsilon is positive, not ",
             attributes.epsilon);
  NRAM_CHECK(attributes.slope >= 0 && attributes.slope <= 1,
             "normalization's slope lies in [0, 1], not ", attributes.slope);
}

std::vector<TensorSpec> infer(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == 1, "normalization takes x, not ", inputs.size(), " inputs");
  check(inputs[0], attributes.as<NormalizationAttributes>());
  const TensorSpec statistic = statistic_of(inputs[0], attributes);
  return {inputs[0], statistic, statistic};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == 4 && inputs[0] == inputs[1],
             "normalization_gradient takes dy, x of dy's shape, mean and inverse deviation");
  check(inputs[1], attributes.as<NormalizationAttributes>());
  const TensorSpec statistic = statistic_of(inputs[1], attributes);
  NRAM_CHECK(inputs[2] == statistic && inputs[3] == statistic,
             "normalization_gradient takes statistics of shape ", statistic.shape, ", not ",
             inputs[2].shape, " and ", inputs[3].shape);
  return {inputs[1]};
}

size_t workspace(Target target, const TensorSpec& x, const Attributes& attributes) {
  const auto scope = attributes.as<NormalizationAttributes>().scope;
  if (target == Target::kReference) return 0;
  if (target == Target::kCuda) return kernels::normalization_cuda_workspace(x.shape, scope);
  return kernels::normalization_workspace(x.shape, scope);
}

void gradient(GradientContext& context) {
  NRAM_CHECK(!context.output_gradient(1) && !context.output_gradient(2),
             "no gradient flows through normalization's mean and inverse deviation");
  context.set(0, context.graph().append(kNormalizationGradient,
                                        {context.output_gradient(), context.input(0),
                                         context.output(1), context.output(2)},
                                        context.attributes<NormalizationAttributes>()));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 7);
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 13);
}

constexpr auto kInstance = NormalizationScope::kInstance;
constexpr auto kBatch = NormalizationScope::kBatch;

std::vector<Sample> samples() {
  return {
      {"instance, odd", {{2, 3, 5, 7}}, NormalizationAttributes{kInstance, 1e-5f, 0.01f}},
      {"instance, two pixels", {{3, 1, 2, 33}}, NormalizationAttributes{kInstance, 1e-5f, 1}},
      {"instance, many channels", {{1, 3, 2, 300}}, NormalizationAttributes{kInstance, 1e-5f, 0}},
      {"batch, odd", {{3, 5, 3, 7}}, NormalizationAttributes{kBatch, 1e-5f, 0.2f}},
      {"batch, one pixel each", {{3, 1, 1, 16}}, NormalizationAttributes{kBatch, 1e-5f, 1}},
      {"batch, positive",
       {{2, 5, 9, 20}},
       NormalizationAttributes{kBatch, 1e-5f, 1},
       {Fill::kPositive}},
      {"instance, feature map",
       {{1, 64, 44, 256}},
       NormalizationAttributes{kInstance, 1e-5f, 0.01f},
       {},
       {},
       true},
      {"instance, small maps",
       {{8, 16, 16, 64}},
       NormalizationAttributes{kInstance, 1e-5f, 0.01f},
       {},
       {},
       true},
      {"batch, feature map",
       {{8, 16, 16, 128}},
       NormalizationAttributes{kBatch, 1e-5f, 0.01f},
       {},
       {},
       true},
  };
}

std::vector<Sample> gradient_samples() {
  std::vector<Sample> all = samples();
  all.push_back({"instance, several chunks",
                 {{1, 11, 9, 700}},
                 NormalizationAttributes{kInstance, 1e-5f, 0.01f}});
  for (Sample& sample : all) {
    const Shape x = sample.inputs[0];
    const auto scope = sample.attributes.as<NormalizationAttributes>().scope;
    const Shape statistic = {scope == kInstance ? x[0] : 1, x[3]};
    sample.inputs = {x, x, statistic, statistic};
    sample.fills = {Fill::kNormal, Fill::kNormal, Fill::kNormal, Fill::kPositive};
  }
  return all;
}

}  // namespace

const Op kNormalization = {
    .name = "normalization",
    .summary =
        "y = LeakyReLU((x - mean) / sqrt(variance + epsilon)) per sample or over the batch; "
        "x, y [N,H,W,C], mean, inverse_deviation [N,C] or [1,C]",
    .infer = infer,
    .run = {kernels::normalization_reference, kernels::normalization_cpu,
            NRAM_CUDA_KERNEL(kernels::normalization_cuda)},
    .workspace =
        [](Target target, Specs inputs, Specs, const Attributes& attributes) {
          return workspace(target, inputs[0], attributes);
        },
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance_bfloat16 = 3e-2,
    .bfloat16_inputs = 0b1,
    .in_place_inputs = 0b1,
    .pitched = true,
};

const Op kNormalizationGradient = {
    .name = "normalization_gradient",
    .summary =
        "gradient of normalization through its statistics; dy, x, dx [N,H,W,C], mean, "
        "inverse_deviation [N,C] or [1,C]",
    .infer = infer_gradient,
    .run = {kernels::normalization_gradient_reference, kernels::normalization_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::normalization_gradient_cuda)},
    .workspace =
        [](Target target, Specs inputs, Specs, const Attributes& attributes) {
          return workspace(target, inputs[1], attributes);
        },
    .cost = gradient_cost,
    .samples = gradient_samples,
    .tolerance_bfloat16 = 3e-2,
    .bfloat16_inputs = 0b11,
    .in_place_inputs = 0b11,
    .pitched = true,
};

Normalized normalization(Variable x, NormalizationScope scope, float epsilon, float slope) {
  const std::vector<Variable> outputs =
      x.graph().append_all(kNormalization, {x}, NormalizationAttributes{scope, epsilon, slope});
  return {outputs[0], outputs[1], outputs[2]};
}

}  // namespace nram
