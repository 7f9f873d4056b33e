#include "engine/ops/ssim.h"

#include "kernels/ssim/ssim.h"

namespace nram {
namespace {

void check_images(const TensorSpec& a, const TensorSpec& b, const TensorSpec& range) {
  NRAM_CHECK(a == b && a.shape.rank() == 4, "ssim compares images of one shape [N,H,W,C], not ",
             a.shape, " and ", b.shape);
  NRAM_CHECK(a.shape[1] >= kernels::kSsimTaps && a.shape[2] >= kernels::kSsimTaps,
             "ssim needs images of at least 11 x 11, not ", a.shape);
  const DType dtype = a.dtype == DType::kBFloat16 ? DType::kFloat32 : a.dtype;
  NRAM_CHECK(range.shape == Shape{a.shape[0]} && range.dtype == dtype, "ssim's range is [N], not ",
             range.shape);
}

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 3, "ssim takes a, b and range, not ", inputs.size(), " inputs");
  check_images(inputs[0], inputs[1], inputs[2]);
  return {inputs[2]};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 4, "ssim_gradient takes dy, a, b and range");
  check_images(inputs[1], inputs[2], inputs[3]);
  NRAM_CHECK(inputs[0] == inputs[3], "ssim_gradient's dy is [N]");
  return {inputs[1]};
}

void gradient(GradientContext& context) {
  for (int i = 0; i < 2; ++i) {
    if (!context.needs(i)) continue;
    context.set(i,
                context.graph().append(kSsimGradient, {context.output_gradient(), context.input(i),
                                                       context.input(1 - i), context.input(2)}));
  }
}

size_t workspace(Target target, Specs inputs, Specs, const Attributes&) {
  if (target == Target::kReference) return 0;
  if (target == Target::kCuda) return kernels::ssim_cuda_workspace(inputs[0].shape);
  return kernels::ssim_cpu_workspace(inputs[0].shape);
}

size_t gradient_workspace(Target target, Specs inputs, Specs, const Attributes&) {
  if (target == Target::kReference) return 0;
  if (target == Target::kCuda) return kernels::ssim_gradient_cuda_workspace(inputs[1].shape);
  return kernels::ssim_gradient_cpu_workspace(inputs[1].shape);
}

// Five moments by two passes of 11 taps.
Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  Cost cost = streaming_cost(inputs, outputs, 0);
  cost.flops = 240.0 * static_cast<double>(inputs[0].shape.count());
  return cost;
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  Cost cost = streaming_cost(inputs, outputs, 0);
  cost.flops = 400.0 * static_cast<double>(inputs[1].shape.count());
  return cost;
}

std::vector<Sample> samples() {
  const std::vector<Fill> fills = {Fill::kImage, Fill::kImage, Fill::kPositive};
  return {
      {"odd", {{2, 13, 12, 3}, {2, 13, 12, 3}, {2}}, {}, fills, {0, 1}},
      {"two groups of channels", {{1, 12, 30, 19}, {1, 12, 30, 19}, {1}}, {}, fills, {0, 1}},
      {"one window", {{1, 11, 11, 1}, {1, 11, 11, 1}, {1}}, {}, fills, {0, 1}},
      {"image", {{1, 256, 176, 3}, {1, 256, 176, 3}, {1}}, {}, fills, {0, 1}, true},
  };
}

std::vector<Sample> gradient_samples() {
  const std::vector<Fill> fills = {Fill::kNormal, Fill::kImage, Fill::kImage, Fill::kPositive};
  return {
      {"odd", {{2}, {2, 13, 12, 3}, {2, 13, 12, 3}, {2}}, {}, fills},
      {"two groups of channels", {{1}, {1, 12, 30, 19}, {1, 12, 30, 19}, {1}}, {}, fills},
      {"image", {{1}, {1, 256, 176, 3}, {1, 256, 176, 3}, {1}}, {}, fills, {}, true},
  };
}

}  // namespace

const Op kSsim = {
    .name = "ssim",
    .summary = "y [N] = mean structural similarity of a, b [N,H,W,C] with value range [N] (eq. 6)",
    .infer = infer,
    .run = {kernels::ssim_reference, kernels::ssim_cpu, NRAM_CUDA_KERNEL(kernels::ssim_cuda)},
    .workspace = workspace,
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .bfloat16_inputs = 0b11,
};

const Op kSsimGradient = {
    .name = "ssim_gradient",
    .summary = "da [N,H,W,C] from dy [N], a, b and range",
    .infer = infer_gradient,
    .run = {kernels::ssim_gradient_reference, kernels::ssim_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::ssim_gradient_cuda)},
    .workspace = gradient_workspace,
    .cost = gradient_cost,
    .samples = gradient_samples,
    .tolerance = 1e-5,
    // Rounding of the result, whose largest values are 15 times its root mean square.
    .tolerance_bfloat16 = 5e-2,
    .bfloat16_inputs = 0b110,
};

Variable ssim(Variable a, Variable b, Variable range) {
  return a.graph().append(kSsim, {a, b, range});
}

}  // namespace nram
