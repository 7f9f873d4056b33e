#include "engine/ops/concatenate.h"

#include "kernels/concatenate/concatenate.h"

namespace nram {
namespace {

using kernels::SliceAttributes;

Shape with_channels(const Shape& shape, int64_t channels) {
  Shape result = shape;
  result[shape.rank() - 1] = channels;
  return result;
}

std::vector<TensorSpec> infer_concatenate(Specs inputs, const Attributes&) {
  NRAM_CHECK(!inputs.empty() && inputs.size() <= 16, "concatenate takes 1 to 16 parts, not ",
             inputs.size());
  int64_t channels = 0;
  for (const TensorSpec& part : inputs) {
    NRAM_CHECK(part.shape.rank() >= 1, "concatenate takes no scalars");
    NRAM_CHECK(part.dtype == inputs[0].dtype &&
                   with_channels(part.shape, 0) == with_channels(inputs[0].shape, 0),
               "concatenate's parts differ in more than channels: ", part.shape, " and ",
               inputs[0].shape);
    channels += part.shape.channels();
  }
  return {{with_channels(inputs[0].shape, channels), inputs[0].dtype}};
}

void concatenate_gradient(GradientContext& context) {
  int64_t begin = 0;
  for (int i = 0; i < context.input_count(); ++i) {
    const int64_t channels = context.input(i).shape().channels();
    if (context.needs(i)) context.set(i, slice(context.output_gradient(), begin, channels));
    begin += channels;
  }
}

std::vector<Sample> concatenate_samples() {
  return {{"two", {{2, 3, 5, 7}, {2, 3, 5, 4}}}, {"three", {{3, 1}, {3, 2}, {3, 5}}}};
}

std::vector<TensorSpec> infer_slice(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == 1 && inputs[0].shape.rank() >= 1, "slice takes one tensor");
  const SliceAttributes slice = attributes.as<SliceAttributes>();
  NRAM_CHECK(slice.begin >= 0 && slice.channels > 0 &&
                 slice.begin + slice.channels <= inputs[0].shape.channels(),
             "slice takes channels [", slice.begin, ", ", slice.begin + slice.channels, ") of ",
             inputs[0].shape);
  return {{with_channels(inputs[0].shape, slice.channels), inputs[0].dtype}};
}

void slice_gradient(GradientContext& context) {
  const SliceAttributes slice = context.attributes<SliceAttributes>();
  const Shape& shape = context.input(0).shape();
  const int64_t after = shape.channels() - slice.begin - slice.channels;
  const DType dtype = context.input(0).dtype();
  std::vector<Variable> parts;
  if (slice.begin > 0) {
    parts.push_back(context.graph().constant(with_channels(shape, slice.begin), 0, dtype));
  }
  parts.push_back(context.output_gradient());
  if (after > 0) parts.push_back(context.graph().constant(with_channels(shape, after), 0, dtype));
  context.set(0, concatenate(parts));
}

std::vector<Sample> slice_samples() {
  return {{"middle", {{2, 3, 5, 7}}, SliceAttributes{2, 3}},
          {"start", {{4, 6}}, SliceAttributes{0, 1}}};
}

std::vector<TensorSpec> infer_copy(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 1, "copy takes one tensor");
  return {inputs[0]};
}

void copy_gradient(GradientContext& context) { context.set(0, context.output_gradient()); }

std::vector<Sample> copy_samples() {
  return {{"odd", {{2, 3, 5, 7}}},
          {"scalar", {{}}},
          {"feature map", {{1, 64, 44, 256}}, {}, {}, {}, true}};
}

// A slice reads only its own channels.
Cost cost(Specs, Specs outputs, const Attributes&) { return streaming_cost(outputs, outputs, 0); }

}  // namespace

const Op kConcatenate = {
    .name = "concatenate",
    .summary = "y [..., C_0 + C_1 + ...] = the parts [..., C_i] side by side",
    .infer = infer_concatenate,
    .run = {kernels::concatenate_reference, kernels::concatenate_cpu,
            NRAM_CUDA_KERNEL(kernels::concatenate_cuda)},
    .gradient = concatenate_gradient,
    .cost = cost,
    .samples = concatenate_samples,
    .tolerance = 0,
    .tolerance_bfloat16 = 0,
    .bfloat16_inputs = 0xFFFF,
    .pitched = true,
};

const Op kSlice = {
    .name = "slice",
    .summary = "y [..., channels] = x [..., begin : begin + channels]",
    .infer = infer_slice,
    .run = {kernels::slice_reference, kernels::slice_cpu, NRAM_CUDA_KERNEL(kernels::slice_cuda)},
    .gradient = slice_gradient,
    .cost = cost,
    .samples = slice_samples,
    .tolerance = 0,
    .tolerance_bfloat16 = 0,
    .bfloat16_inputs = 0b1,
    .pitched = true,
};

const Op kCopy = {
    .name = "copy",
    .summary = "y = x; any shape",
    .infer = infer_copy,
    .run = {kernels::copy_reference, kernels::copy_cpu, NRAM_CUDA_KERNEL(kernels::copy_cuda)},
    .gradient = copy_gradient,
    .cost = cost,
    .samples = copy_samples,
    .tolerance = 0,
    .tolerance_bfloat16 = 0,
    .bfloat16_inputs = 0b1,
    .pitched = true,
};

Variable concatenate(const std::vector<Variable>& parts) {
  NRAM_CHECK(!parts.empty(), "concatenate takes at least one part");
  return parts[0].graph().append(kConcatenate, parts);
}

Variable slice(Variable x, int64_t begin, int64_t channels) {
  return x.graph().append(kSlice, {x}, SliceAttributes{begin, channels});
}

Variable copy(Variable x) { return x.graph().append(kCopy, {x}); }

}  // namespace nram
