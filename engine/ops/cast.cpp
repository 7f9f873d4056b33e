#include "engine/ops/cast.h"

#include "kernels/cast/cast.h"

namespace nram {
namespace {

using kernels::CastAttributes;

std::vector<TensorSpec> infer(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == 1, "cast takes one tensor, not ", inputs.size());
  if (inputs[0].dtype == DType::kFloat64) return {inputs[0]};
  const auto to = static_cast<DType>(attributes.as<CastAttributes>().to);
  for (const DType dtype : {inputs[0].dtype, to}) {
    NRAM_CHECK(dtype == DType::kFloat32 || dtype == DType::kBFloat16,
               "cast knows float32 and bfloat16, not ", dtype);
  }
  return {{inputs[0].shape, to}};
}

void gradient(GradientContext& context) {
  context.set(0, cast(context.output_gradient(), context.input(0).dtype()));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 0);
}

std::vector<Sample> samples() {
  const CastAttributes narrow = {static_cast<int32_t>(DType::kBFloat16)};
  const CastAttributes same = {static_cast<int32_t>(DType::kFloat32)};
  return {{"narrow", {{2, 3, 5, 7}}, narrow},
          {"same", {{33}}, same},
          {"million", {{1048579}}, narrow, {}, {}, true}};
}

}  // namespace

const Op kCast = {
    .name = "cast",
    .summary = "x as float32 or bfloat16 (to nearest even, NaN kept); any shape",
    .infer = infer,
    .run = {kernels::cast_reference, kernels::cast_cpu, NRAM_CUDA_KERNEL(kernels::cast_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 0,
    .tolerance_bfloat16 = 0,
    .bfloat16_inputs = 0b1,
    .pitched = true,
};

Variable cast(Variable x, DType to) {
  if (x.dtype() == to) return x;
  return x.graph().append(kCast, {x}, CastAttributes{static_cast<int32_t>(to)});
}

}  // namespace nram
