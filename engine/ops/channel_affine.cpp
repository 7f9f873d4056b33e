#include "engine/ops/channel_affine.h"

#include "kernels/channel_affine/channel_affine.h"

namespace nram {
namespace {

using kernels::ChannelAffineAttributes;

std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 1 && inputs[0].shape.rank() >= 1 &&
                 inputs[0].shape.channels() <= kernels::kMostAffineChannels,
             "channel_affine takes one tensor of at most ", kernels::kMostAffineChannels,
             " channels");
  return {inputs[0]};
}

void gradient(GradientContext& context) {
  auto attributes = context.attributes<ChannelAffineAttributes>();
  for (float& offset : attributes.offset) offset = 0;
  context.set(0, context.graph().append(kChannelAffine, {context.output_gradient()}, attributes));
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 2);
}

std::vector<Sample> samples() {
  const ChannelAffineAttributes rgb = {{2.2f, 2.3f, 2.1f}, {0.1f, 0.2f, 0.4f}};
  const ChannelAffineAttributes eight = {{1, -2, 3, -4, 5, -6, 7, -8}, {8, 7, 6, 5, 4, 3, 2, 1}};
  return {{"odd", {{2, 5, 7, 3}}, rgb},
          {"eight", {{3, 8}}, eight},
          {"images", {{8, 256, 176, 3}}, rgb, {Fill::kImage}, {}, true}};
}

}  // namespace

const Op kChannelAffine = {
    .name = "channel_affine",
    .summary = "y = x * scale[c] + offset[c] of up to 8 channels c; any shape",
    .infer = infer,
    .run = {kernels::channel_affine_reference, kernels::channel_affine_cpu,
            NRAM_CUDA_KERNEL(kernels::channel_affine_cuda)},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 2e-2,
    .bfloat16_inputs = 0b1,
    .in_place_inputs = 0b1,
    .pitched = true,
};

Variable channel_affine(Variable x, const std::vector<float>& scale,
                        const std::vector<float>& offset) {
  const auto channels = static_cast<size_t>(x.shape().channels());
  NRAM_CHECK(channels <= kernels::kMostAffineChannels && scale.size() == channels &&
                 offset.size() == channels,
             "channel_affine takes as many factors as channels: ", channels, ", at most ",
             kernels::kMostAffineChannels);
  ChannelAffineAttributes attributes{};
  for (size_t c = 0; c < channels; ++c) {
    attributes.scale[c] = scale[c];
    attributes.offset[c] = offset[c];
  }
  return x.graph().append(kChannelAffine, {x}, attributes);
}

}  // namespace nram
