#include "engine/ops/gram.h"

#include "kernels/gram/gram.h"

namespace nram {
namespace {

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 1 && inputs[0].shape.rank() == 4, "gram takes features [N,H,W,C]");
  const Shape& f = inputs[0].shape;
  // A sum over all pixels: of bfloat16 too in float32.
  const DType dtype = inputs[0].dtype == DType::kBFloat16 ? DType::kFloat32 : inputs[0].dtype;
  return {{{f[0], f[3], f[3]}, dtype}};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 2 && inputs[1].shape.rank() == 4 &&
                 inputs[0] == infer(inputs.subspan(1), {})[0],
             "gram_gradient takes dG [N,C,C] and features [N,H,W,C]");
  return {inputs[1]};
}

void gradient(GradientContext& context) {
  context.set(0,
              context.graph().append(kGramGradient, {context.output_gradient(), context.input(0)}));
}

Cost cost_on(const Shape& f, Specs inputs, Specs outputs) {
  Cost cost = streaming_cost(inputs, outputs, 0);
  cost.flops = 2.0 * static_cast<double>(f.count()) * static_cast<double>(f[3]);
  return cost;
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return cost_on(inputs[0].shape, inputs, outputs);
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  return cost_on(inputs[1].shape, inputs, outputs);
}

size_t workspace(Target target, Specs inputs, Specs, const Attributes&) {
  if (target == Target::kReference) return 0;
  if (target == Target::kCuda) return kernels::gram_cuda_workspace(inputs[0].shape);
  return kernels::gram_cpu_workspace(inputs[0].shape);
}

size_t gradient_workspace(Target target, Specs inputs, Specs, const Attributes&) {
  if (target == Target::kReference) return 0;
  if (target == Target::kCuda) return kernels::gram_gradient_cuda_workspace(inputs[1].shape);
  return kernels::gram_gradient_cpu_workspace(inputs[1].shape);
}

std::vector<Sample> with_features(bool gradient) {
  std::vector<Sample> samples;
  const auto add = [&](const char* name, const Shape& f, bool benchmark) {
    Sample sample{name, {f}};
    if (gradient) sample.inputs.insert(sample.inputs.begin(), Shape{f[0], f[3], f[3]});
    sample.benchmark = benchmark;
    samples.push_back(sample);
  };
  add("odd", {2, 3, 5, 7}, false);
  add("one channel", {1, 4, 3, 1}, false);
  add("whole vectors", {2, 9, 6, 64}, false);
  add("three tiles, several sums", {1, 20, 21, 136}, false);
  add("relu1_2", {1, 256, 176, 64}, true);
  add("relu4_3", {1, 32, 22, 512}, true);
  return samples;
}

std::vector<Sample> samples() { return with_features(false); }
std::vector<Sample> gradient_samples() { return with_features(true); }

}  // namespace

const Op kGram = {
    .name = "gram",
    .summary = "G = F^T F / (C H W) of each sample (eq. 4), F [N,H,W,C], G [N,C,C]",
    .infer = infer,
    .run = {kernels::gram_reference, kernels::gram_cpu, NRAM_CUDA_KERNEL(kernels::gram_cuda)},
    .workspace = workspace,
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance_tf32 = 5e-3,
    .bfloat16_inputs = 0b1,
};

const Op kGramGradient = {
    .name = "gram_gradient",
    .summary = "dF = F (dG + dG^T) / (C H W), dG [N,C,C], F and dF [N,H,W,C]",
    .infer = infer_gradient,
    .run = {kernels::gram_gradient_reference, kernels::gram_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::gram_gradient_cuda)},
    .workspace = gradient_workspace,
    .cost = gradient_cost,
    .samples = gradient_samples,
    .tolerance_tf32 = 5e-3,
    .tolerance_bfloat16 = 3e-2,
    .bfloat16_inputs = 0b10,
};

Variable gram(Variable features) { return features.graph().append(kGram, {features}); }

}  // namespace nram
