#include "engine/ops/mask_multiply.h"

#include "kernels/mask_multiply/mask_multiply.h"

namespace nram {
namespace {

void check(const TensorSpec& x, const TensorSpec& m) {
  const Shape& shape = x.shape;
  NRAM_CHECK(shape.rank() == 4 && m.dtype == x.dtype &&
                 m.shape == Shape({shape[0], shape[1], shape[2], 1}),
             "mask_multiply takes x [N,H,W,C] and a mask [N,H,W,1], not ", shape, " and ", m.shape);
}

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 2, "mask_multiply takes x and m, not ", inputs.size(), " inputs");
  check(inputs[0], inputs[1]);
  return {inputs[0]};
}

std::vector<TensorSpec> infer_gradient(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 3 && inputs[0] == inputs[1],
             "mask_multiply_gradient takes dy, x of dy's shape, and m");
  check(inputs[1], inputs[2]);
  return {inputs[1], inputs[2]};
}

void gradient(GradientContext& context) {
  const std::vector<Variable> gradients = context.graph().append_all(
      kMaskMultiplyGradient, {context.output_gradient(), context.input(0), context.input(1)});
  context.set(0, gradients[0]);
  context.set(1, gradients[1]);
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 1);
}

Cost gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 3);
}

std::vector<Sample> samples() {
  return {
      {"odd", {{2, 3, 5, 7}, {2, 3, 5, 1}}},
      {"one pixel", {{3, 1, 1, 33}, {3, 1, 1, 1}}},
      {"one channel", {{1, 4, 3, 1}, {1, 4, 3, 1}}},
      {"feature map", {{1, 64, 44, 256}, {1, 64, 44, 1}}, {}, {}, {}, true},
  };
}

std::vector<Sample> gradient_samples() {
  return {
      {"odd", {{2, 3, 5, 7}, {2, 3, 5, 7}, {2, 3, 5, 1}}},
      {"one pixel", {{3, 1, 1, 33}, {3, 1, 1, 33}, {3, 1, 1, 1}}},
      {"one channel", {{1, 4, 3, 1}, {1, 4, 3, 1}, {1, 4, 3, 1}}},
      {"feature map", {{1, 64, 44, 256}, {1, 64, 44, 256}, {1, 64, 44, 1}}, {}, {}, {}, true},
  };
}

}  // namespace

const Op kMaskMultiply = {
    .name = "mask_multiply",
    .summary = "y = m * x; x, y [N,H,W,C], m [N,H,W,1]",
    .infer = infer,
    .run = {kernels::mask_multiply_reference, kernels::mask_multiply_cpu,
            NRAM_CUDA_KERNEL(kernels::mask_multiply_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 4e-2,
    .bfloat16_inputs = 0b11,
    .in_place_inputs = 0b1,
    .pitched = true,
};

const Op kMaskMultiplyGradient = {
    .name = "mask_multiply_gradient",
    .summary =
        "dx = m * dy, dm = sum over channels of x * dy; dy, x, dx [N,H,W,C], m, dm [N,H,W,1]",
    .infer = infer_gradient,
    .run = {kernels::mask_multiply_gradient_reference, kernels::mask_multiply_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::mask_multiply_gradient_cuda)},
    .cost = gradient_cost,
    .samples = gradient_samples,
    .tolerance_bfloat16 = 4e-2,
    .bfloat16_inputs = 0b111,
    .in_place_inputs = 0b11,
    .pitched = true,
};

Variable mask_multiply(Variable x, Variable m) { return x.graph().append(kMaskMultiply, {x, m}); }

}  // namespace nram
