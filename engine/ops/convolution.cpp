#include "engine/ops/convolution.h"

#include "engine/ops/convolution_samples.h"
#include "engine/ops/leaky_relu.h"
#include "kernels/channel_sum/channel_sum.h"
#include "kernels/common/reductions.h"
#include "kernels/leaky_relu/leaky_relu.h"

namespace nram {
namespace {

using kernels::ConvolutionGeometry;
using kernels::ConvolutionPass;
using kernels::geometry_of;
using kernels::LeakyReluAttributes;

// Winograd's transforms lose about a digit: largest error over root mean square measured at the
// model's sizes 1.7e-5 (rms error 1.6e-6), direct 1e-6.
constexpr double kWinogradTolerance = 3e-5;
// Both operands rounded to 11 bits, 2^-12 at most each: measured up to 2.2e-3 on random operands.
constexpr double kTf32Tolerance = 4e-3;
// The result's own rounding: half a unit of the last place, 2^-8 at most, of values of up to six
// times the root mean square.
constexpr double kBfloat16Tolerance = 2.4e-2;

// H' and W' of `input` under a kernel, checked.
Shape output_shape(const char* op, const Shape& input, int64_t kernel_height, int64_t kernel_width,
                   int64_t output_channels, const ConvolutionAttributes& a) {
  NRAM_CHECK(a.stride >= 1 && a.padding >= 0, op, " has stride ", a.stride, " and padding ",
             a.padding);
  NRAM_CHECK(a.slope >= 0 && a.slope <= 1, op, "'s slope lies in [0, 1], not ", a.slope);
  NRAM_CHECK(
      a.padding_mode == PaddingMode::kZeros || (a.padding < input[1] && a.padding < input[2]), op,
      " reflects ", a.padding, " pixels of an image that has only ", input);
  const int64_t height = input[1] + 2 * a.padding - kernel_height;
  const int64_t width = input[2] + 2 * a.padding - kernel_width;
  NRAM_CHECK(height >= 0 && width >= 0, op, ": a kernel of ", kernel_height, " x ", kernel_width,
             " does not fit into ", input);
  return {input[0], height / a.stride + 1, width / a.stride + 1, output_channels};
}

// Weights [O,kh,kw,C] with `channels` on axis `axis`, and an optional bias of `outputs` values.
void check_inputs(const char* op, Specs inputs, int axis, int bias_axis) {
  NRAM_CHECK(inputs.size() == 2 || inputs.size() == 3, op,
             " takes x, weights and maybe a bias, not ", inputs.size(), " inputs");
  const Shape &x = inputs[0].shape, &w = inputs[1].shape;
  NRAM_CHECK(x.rank() == 4 && w.rank() == 4 && x[3] == w[axis], op, ": weights ", w,
             " do not fit x ", x);
  for (const TensorSpec& spec : inputs) {
    NRAM_CHECK(spec.dtype == inputs[0].dtype, op, " takes tensors of one type");
  }
  if (inputs.size() == 3) {
    NRAM_CHECK(inputs[2].shape == Shape({w[bias_axis]}), op, ": bias ", inputs[2].shape,
               " does not fit weights ", w);
  }
}

std::vector<TensorSpec> infer_convolution(Specs inputs, const Attributes& attributes) {
  check_inputs("convolution", inputs, 3, 0);
  const Shape& w = inputs[1].shape;
  return {{output_shape("convolution", inputs[0].shape, w[1], w[2], w[0],
                        attributes.as<ConvolutionAttributes>()),
           inputs[0].dtype}};
}

std::vector<TensorSpec> infer_transposed(Specs inputs, const Attributes& attributes) {
  check_inputs("transposed_convolution", inputs, 0, 3);
  const auto a = attributes.as<TransposedConvolutionAttributes>();
  const Shape &x = inputs[0].shape, &w = inputs[1].shape;
  const Shape y = {x[0], a.height, a.width, w[3]};
  NRAM_CHECK(output_shape("transposed_convolution", y, w[1], w[2], w[0], a.convolution) == x,
             "transposed_convolution: an output of ", y, " does not belong to an input of ", x);
  return {{y, inputs[0].dtype}};
}

std::vector<TensorSpec> infer_weight_gradient(Specs inputs, const Attributes& attributes) {
  const char* const op = "convolution_weight_gradient";
  NRAM_CHECK(inputs.size() == 2 && inputs[0].dtype == inputs[1].dtype &&
                 inputs[0].shape.rank() == 4 && inputs[1].shape.rank() == 4,
             op, " takes x [N,H,W,C] and dy [N,H',W',O]");
  const auto a = attributes.as<ConvolutionWeightGradientAttributes>();
  const Shape &x = inputs[0].shape, &dy = inputs[1].shape;
  NRAM_CHECK(a.kernel_height > 0 && a.kernel_width > 0, op, " needs the kernel's size");
  NRAM_CHECK(output_shape(op, x, a.kernel_height, a.kernel_width, dy[3], a.convolution) == dy, op,
             ": dy ", dy, " does not belong to x ", x);
  // Gradients of parameters are float32 whatever the activations are.
  return {{{dy[3], a.kernel_height, a.kernel_width, x[3]}, accumulator_of(inputs[0].dtype)}};
}

ConvolutionGeometry geometry_of_convolution(Specs inputs, Specs outputs, const Attributes& a) {
  const Shape& w = inputs[1].shape;
  return geometry_of(inputs[0].shape, outputs[0].shape, w[1], w[2], a.as<ConvolutionAttributes>());
}

ConvolutionGeometry geometry_of_transposed(Specs inputs, Specs outputs, const Attributes& a) {
  const Shape& w = inputs[1].shape;
  return geometry_of(outputs[0].shape, inputs[0].shape, w[1], w[2],
                     a.as<TransposedConvolutionAttributes>().convolution);
}

ConvolutionGeometry geometry_of_weight_gradient(Specs inputs, Specs, const Attributes& a) {
  const auto gradient = a.as<ConvolutionWeightGradientAttributes>();
  return geometry_of(inputs[0].shape, inputs[1].shape, gradient.kernel_height,
                     gradient.kernel_width, gradient.convolution);
}

size_t convolution_workspace(Target target, Specs inputs, Specs outputs, const Attributes& a) {
  if (target == Target::kReference) return 0;
  const ConvolutionGeometry g = geometry_of_convolution(inputs, outputs, a);
  if (target == Target::kCuda) {
    return kernels::convolution_cuda_workspace(ConvolutionPass::kForward, g, inputs[0].dtype);
  }
  return kernels::convolution_cpu_workspace(g, inputs.size() == 3,
                                            a.as<ConvolutionAttributes>().slope);
}

size_t transposed_workspace(Target target, Specs inputs, Specs outputs, const Attributes& a) {
  if (target == Target::kReference) return 0;
  const ConvolutionGeometry g = geometry_of_transposed(inputs, outputs, a);
  if (target == Target::kCuda) {
    return kernels::convolution_cuda_workspace(ConvolutionPass::kData, g, inputs[0].dtype);
  }
  return kernels::transposed_convolution_cpu_workspace(g);
}

size_t weight_gradient_workspace(Target target, Specs inputs, Specs outputs, const Attributes& a) {
  if (target == Target::kReference) return 0;
  const ConvolutionGeometry g = geometry_of_weight_gradient(inputs, outputs, a);
  if (target == Target::kCuda) {
    return kernels::convolution_cuda_workspace(ConvolutionPass::kWeights, g, inputs[0].dtype);
  }
  return kernels::convolution_weight_gradient_cpu_workspace(g);
}

// Two operations for each product, the zeros of the border included.
template <ConvolutionGeometry (*kGeometry)(Specs, Specs, const Attributes&)>
Cost convolution_cost(Specs inputs, Specs outputs, const Attributes& attributes) {
  const ConvolutionGeometry g = kGeometry(inputs, outputs, attributes);
  Cost cost = streaming_cost(inputs, outputs, 0);
  cost.flops = 2.0 * static_cast<double>(g.output_count()) *
               static_cast<double>(g.kernel_height * g.kernel_width * g.channels);
  return cost;
}

// The gradient of an output before its LeakyReLU.
Variable gradient_before_slope(GradientContext& context, float slope) {
  if (slope == 1) return context.output_gradient();
  return context.graph().append(kLeakyReluGradient, {context.output_gradient(), context.output()},
                                LeakyReluAttributes{slope});
}

ConvolutionWeightGradientAttributes weight_attributes(const ConvolutionAttributes& linear,
                                                      const Shape& weights) {
  return {linear, static_cast<int32_t>(weights[1]), static_cast<int32_t>(weights[2])};
}

TransposedConvolutionAttributes transposed_attributes(const ConvolutionAttributes& linear,
                                                      const Shape& x) {
  return {linear, static_cast<int32_t>(x[1]), static_cast<int32_t>(x[2])};
}

void convolution_gradient(GradientContext& context) {
  auto linear = context.attributes<ConvolutionAttributes>();
  const Variable dy = gradient_before_slope(context, linear.slope);
  linear.slope = 1;
  const Variable x = context.input(0), w = context.input(1);
  if (context.needs(0)) {
    context.set(0, transposed_convolution(dy, w, {}, transposed_attributes(linear, x.shape())));
  }
  if (context.needs(1)) {
    context.set(1, convolution_weight_gradient(x, dy, weight_attributes(linear, w.shape())));
  }
  if (context.input_count() == 3 && context.needs(2)) context.set(2, channel_sum(dy));
}

void transposed_gradient(GradientContext& context) {
  auto linear = context.attributes<TransposedConvolutionAttributes>().convolution;
  const Variable dy = gradient_before_slope(context, linear.slope);
  linear.slope = 1;
  const Variable x = context.input(0), w = context.input(1);
  if (context.needs(0)) context.set(0, convolution(dy, w, {}, linear));
  if (context.needs(1)) {
    context.set(1, convolution_weight_gradient(dy, x, weight_attributes(linear, w.shape())));
  }
  if (context.input_count() == 3 && context.needs(2)) context.set(2, channel_sum(dy));
}

void weight_gradient_gradient(GradientContext& context) {
  const auto linear = context.attributes<ConvolutionWeightGradientAttributes>().convolution;
  const Variable ddw = context.output_gradient();
  const Variable x = context.input(0), dy = context.input(1);
  if (context.needs(0)) {
    context.set(0, transposed_convolution(dy, ddw, {}, transposed_attributes(linear, x.shape())));
  }
  if (context.needs(1)) context.set(1, convolution(x, ddw, {}, linear));
}

std::vector<TensorSpec> infer_channel_sum(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 1 && inputs[0].shape.rank() >= 1, "channel_sum takes one tensor");
  return {{{inputs[0].shape.channels()}, accumulator_of(inputs[0].dtype)}};
}

size_t channel_sum_workspace(Target target, Specs inputs, Specs, const Attributes&) {
  const Shape& x = inputs[0].shape;
  if (target == Target::kCpu) return kernels::channel_sum_cpu_workspace(x);
  return target == Target::kCuda ? column_sum_workspace(x.rows(), x.channels()) : 0;
}

Cost channel_sum_cost(Specs inputs, Specs outputs, const Attributes&) {
  Cost cost = streaming_cost(inputs, outputs, 0);
  cost.flops = static_cast<double>(inputs[0].shape.count());
  return cost;
}

std::vector<Sample> channel_sum_samples() {
  std::vector<Sample> samples = {{"odd", {{2, 3, 5, 7}}},
                                 {"one channel", {{3, 31, 17, 1}}},
                                 {"three channels", {{2, 64, 48, 3}}},
                                 {"many channels", {{2, 9, 7, 130}}},
                                 {"vector", {{33}}},
                                 {"feature map", {{1, 64, 44, 256}}}};
  samples.back().benchmark = true;
  return samples;
}

}  // namespace

const Op kConvolution = {
    .name = "convolution",
    .summary =
        "y = f(x * w + b), x [N,H,W,C], w [O,kh,kw,C], b [O] or none, y [N,H',W',O]; f: LeakyReLU",
    .infer = infer_convolution,
    .run = {kernels::convolution_reference, kernels::convolution_cpu,
            NRAM_CUDA_KERNEL(kernels::convolution_cuda)},
    .workspace = convolution_workspace,
    .gradient = convolution_gradient,
    .cost = convolution_cost<geometry_of_convolution>,
    .samples = convolution_samples,
    .tolerance = kWinogradTolerance,
    .tolerance_tf32 = kTf32Tolerance,
    .tolerance_bfloat16 = kBfloat16Tolerance,
    .bfloat16_inputs = 0b111,
};

const Op kTransposedConvolution = {
    .name = "transposed_convolution",
    .summary =
        "y = f(adjoint of x * w + b), x [N,H',W',O], w [O,kh,kw,C], b [C] or none, y [N,H,W,C]",
    .infer = infer_transposed,
    .run = {kernels::transposed_convolution_reference, kernels::transposed_convolution_cpu,
            NRAM_CUDA_KERNEL(kernels::transposed_convolution_cuda)},
    .workspace = transposed_workspace,
    .gradient = transposed_gradient,
    .cost = convolution_cost<geometry_of_transposed>,
    .samples = transposed_convolution_samples,
    .tolerance = kWinogradTolerance,
    .tolerance_tf32 = kTf32Tolerance,
    .tolerance_bfloat16 = kBfloat16Tolerance,
    .bfloat16_inputs = 0b111,
};

const Op kConvolutionWeightGradient = {
    .name = "convolution_weight_gradient",
    .summary = "dw = sum over pixels of x times dy, x [N,H,W,C], dy [N,H',W',O], dw [O,kh,kw,C]",
    .infer = infer_weight_gradient,
    .run = {kernels::convolution_weight_gradient_reference,
            kernels::convolution_weight_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::convolution_weight_gradient_cuda)},
    .workspace = weight_gradient_workspace,
    .gradient = weight_gradient_gradient,
    .cost = convolution_cost<geometry_of_weight_gradient>,
    .samples = convolution_weight_gradient_samples,
    .tolerance_tf32 = kTf32Tolerance,
    .bfloat16_inputs = 0b11,
};

const Op kChannelSum = {
    .name = "channel_sum",
    .summary = "y[c] = sum of x[...,c] over all rows; the gradient of a bias",
    .infer = infer_channel_sum,
    .run = {kernels::channel_sum_reference, kernels::channel_sum_cpu,
            NRAM_CUDA_KERNEL(kernels::channel_sum_cuda)},
    .workspace = channel_sum_workspace,
    .cost = channel_sum_cost,
    .samples = channel_sum_samples,
    .bfloat16_inputs = 0b1,
    .pitched = true,
};

Variable convolution(Variable x, Variable weights, std::optional<Variable> bias,
                     const ConvolutionAttributes& attributes) {
  std::vector<Variable> inputs = {x, weights};
  if (bias) inputs.push_back(*bias);
  return x.graph().append(kConvolution, inputs, attributes);
}

Variable transposed_convolution(Variable x, Variable weights, std::optional<Variable> bias,
                                const TransposedConvolutionAttributes& attributes) {
  std::vector<Variable> inputs = {x, weights};
  if (bias) inputs.push_back(*bias);
  return x.graph().append(kTransposedConvolution, inputs, attributes);
}

Variable convolution_weight_gradient(Variable x, Variable dy,
                                     const ConvolutionWeightGradientAttributes& attributes) {
  return x.graph().append(kConvolutionWeightGradient, {x, dy}, attributes);
}

Variable channel_sum(Variable x) { return x.graph().append(kChannelSum, {x}); }

}  // namespace nram
