#include "engine/ops/max_pool.h"

#include "kernels/max_pool/max_pool.h"

namespace nram {
namespace {

TensorSpec pooled(const TensorSpec& x) {
  const Shape& shape = x.shape;
  NRAM_CHECK(shape.rank() == 4 && shape[1] >= 2 && shape[2] >= 2,
             "max_pool takes x [N,H,W,C] of at least 2 x 2 pixels, not ", shape);
  return {{shape[0], shape[1] / 2, shape[2] / 2, shape[3]}, x.dtype};
}

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 1, "max_pool takes x, not ", inputs.size(), " inputs");
  return {pooled(inputs[0])};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 2 && inputs[0] == pooled(inputs[1]),
             "max_pool_gradient takes dy [N,H/2,W/2,C] and x [N,H,W,C]");
  return {inputs[1]};
}

void gradient(GradientContext& context) {
  context.set(
      0, context.graph().append(kMaxPoolGradient, {context.output_gradient(), context.input(0)}));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 3);
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 1);
}

std::vector<Sample> samples() {
  return {
      {"odd", {{2, 5, 7, 7}}, {}, {Fill::kDistinct}},
      {"one window", {{3, 2, 2, 1}}, {}, {Fill::kDistinct}},
      {"one line too many", {{1, 3, 4, 33}}, {}, {Fill::kDistinct}},
      {"VGG", {{1, 128, 88, 128}}, {}, {}, {}, true},
  };
}

std::vector<Sample> gradient_samples() {
  return {
      {"odd", {{2, 2, 3, 7}, {2, 5, 7, 7}}},
      {"one window", {{3, 1, 1, 1}, {3, 2, 2, 1}}},
      {"one line too many", {{1, 1, 2, 33}, {1, 3, 4, 33}}},
      {"VGG", {{1, 64, 44, 128}, {1, 128, 88, 128}}, {}, {}, {}, true},
  };
}

}  // namespace

const Op kMaxPool = {
    .name = "max_pool",
    .summary = "maximum over 2 x 2 pixels, stride 2; x [N,H,W,C], y [N,H/2,W/2,C] rounded down",
    .infer = infer,
    .run = {kernels::max_pool_reference, kernels::max_pool_cpu,
            NRAM_CUDA_KERNEL(kernels::max_pool_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 0,
    .bfloat16_inputs = 0b1,
    .pitched = true,
};

const Op kMaxPoolGradient = {
    .name = "max_pool_gradient",
    .summary = "dx = dy at the first maximum of each window, 0 elsewhere; dy as y, x, dx [N,H,W,C]",
    .infer = infer_gradient,
    .run = {kernels::max_pool_gradient_reference, kernels::max_pool_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::max_pool_gradient_cuda)},
    .cost = gradient_cost,
    .samples = gradient_samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 0,
    .bfloat16_inputs = 0b11,
    .pitched = true,
};

Variable max_pool(Variable x) { return x.graph().append(kMaxPool, {x}); }

}  // namespace nram
