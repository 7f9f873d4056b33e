#include "engine/ops/resize.h"

#include <omp.h>

#include "kernels/resize/resize.h"

namespace nram {
namespace {

using kernels::ResizeAttributes;

std::vector<TensorSpec> infer(Specs inputs, const Attributes& attributes) {
  const auto [height, width] = attributes.as<ResizeAttributes>();
  NRAM_CHECK(inputs.size() == 1 && inputs[0].shape.rank() == 4 && inputs[0].shape.count() > 0,
             "resize takes images [N,H,W,C]");
  NRAM_CHECK(height > 0 && width > 0, "resize to no pixels: ", height, " x ", width);
  const Shape& shape = inputs[0].shape;
  return {{{shape[0], height, width, shape[3]}, inputs[0].dtype}};
}

size_t workspace(Target target, Specs inputs, Specs outputs, const Attributes&) {
  if (target != Target::kCpu) return 0;
  return kernels::resize_workspace(inputs[0].shape, outputs[0].shape, omp_get_max_threads());
}

size_t gradient_workspace(Target target, Specs inputs, Specs, const Attributes&) {
  if (target != Target::kCpu) return 0;
  return kernels::resize_workspace(inputs[0].shape, inputs[0].shape, omp_get_max_threads());
}

void gradient(GradientContext& context) {
  const Shape& x = context.input(0).shape();
  context.set(0, context.graph().append(
                     kResizeGradient, {context.output_gradient()},
                     ResizeAttributes{static_cast<int32_t>(x[1]), static_cast<int32_t>(x[2])}));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 8);
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  Cost cost = streaming_cost(inputs, outputs, 0);
  cost.flops = 8 * static_cast<double>(inputs[0].shape.count());
  return cost;
}

std::vector<Sample> samples() {
  return {{"up", {{2, 5, 7, 3}}, ResizeAttributes{13, 8}},
          {"down", {{1, 17, 11, 5}}, ResizeAttributes{6, 4}},
          {"mixed", {{2, 3, 9, 1}}, ResizeAttributes{7, 2}},
          {"same", {{1, 4, 3, 2}}, ResizeAttributes{4, 3}},
          {"one pixel", {{1, 1, 1, 3}}, ResizeAttributes{3, 2}},
          {"images", {{8, 256, 176, 3}}, ResizeAttributes{299, 299}, {Fill::kImage}, {}, true}};
}

}  // namespace

const Op kResize = {
    .name = "resize",
    .summary = "bilinear resize of x [N,H,W,C] (align_corners = false, no antialiasing)",
    .infer = infer,
    .run = {kernels::resize_reference, kernels::resize_cpu, NRAM_CUDA_KERNEL(kernels::resize_cuda)},
    .workspace = workspace,
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 2e-6,
    .tolerance_bfloat16 = 2e-2,
    .bfloat16_inputs = 0b1,
};

// The attributes name x's size, so that inference and samples read as those of the resize back.
const Op kResizeGradient = {
    .name = "resize_gradient",
    .summary = "dx of a bilinear resize of x to dy's height and width",
    .infer = infer,
    .run = {kernels::resize_gradient_reference, kernels::resize_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::resize_gradient_cuda)},
    .workspace = gradient_workspace,
    .cost = gradient_cost,
    .samples = samples,
    .tolerance = 2e-6,
    .tolerance_bfloat16 = 2e-2,
    .bfloat16_inputs = 0b1,
};

Variable resize(Variable x, int64_t height, int64_t width) {
  return x.graph().append(
      kResize, {x}, ResizeAttributes{static_cast<int32_t>(height), static_cast<int32_t>(width)});
}

}  // namespace nram
