#include "model/layers.h"

#include "engine/ops/convolution.h"
#include "engine/ops/leaky_relu.h"
#include "engine/ops/moving_average.h"
#include "engine/ops/normalization.h"

namespace nram {
namespace {

constexpr float kBatchNormMomentum = 0.1f;

std::vector<int64_t> weight_shape(const LayerShape& s) {
  return {s.transposed ? s.inputs : s.outputs, s.transposed ? s.outputs : s.inputs, s.kernel,
          s.kernel};
}

Variable raw_convolution(LayerBuilder& builder, const std::string& name, Variable x,
                         const LayerShape& shape) {
  x = builder.parameters.activation(x);
  const Variable weight = builder.parameters.weight(name + ".weight");
  std::optional<Variable> bias;
  if (builder.parameters.has(name + ".bias")) bias = builder.parameters.weight(name + ".bias");
  ConvolutionAttributes attributes{};
  attributes.stride = shape.stride;
  attributes.padding = shape.kernel / 2;
  attributes.padding_mode = shape.kernel == 7 ? PaddingMode::kReflect : PaddingMode::kZeros;
  attributes.slope = 1;
  if (!shape.transposed) return convolution(x, weight, bias, attributes);
  TransposedConvolutionAttributes transposed{};
  transposed.convolution = attributes;
  transposed.height = static_cast<int32_t>(shape.stride * x.shape()[1]);
  transposed.width = static_cast<int32_t>(shape.stride * x.shape()[2]);
  return transposed_convolution(x, weight, bias, transposed);
}

// Normalises by the batch and moves the running statistics towards it.
Variable batch_norm(LayerBuilder& builder, const std::string& name, Variable x) {
  const Normalized normalized = normalization(x, NormalizationScope::kBatch, kNormEpsilon, 1.0f);
  const int64_t count = x.shape().rows();
  moving_average(builder.parameters(name + ".running_mean"), normalized.mean, kBatchNormMomentum);
  moving_variance(builder.parameters(name + ".running_var"), normalized.inverse_deviation,
                  kBatchNormMomentum, kNormEpsilon, count);
  return normalized.y;
}

}  // namespace

void add_block_specs(std::vector<ParameterSpec>& specs, const std::string& name,
                     const LayerShape& shape, Norm norm) {
  specs.push_back({name + ".weight", weight_shape(shape)});
  if (norm == Norm::kNone) specs.push_back({name + ".bias", {shape.outputs}, Initializer::kZero});
  if (norm == Norm::kBatch) {
    specs.push_back({name + ".running_mean", {shape.outputs}, Initializer::kZero, false});
    specs.push_back({name + ".running_var", {shape.outputs}, Initializer::kOne, false});
  }
}

void add_plain_specs(std::vector<ParameterSpec>& specs, const std::string& name,
                     const LayerShape& shape) {
  specs.push_back({name + ".weight", weight_shape(shape)});
  specs.push_back({name + ".bias", {shape.outputs}, Initializer::kZero});
}

Variable plain_convolution(LayerBuilder& builder, const std::string& name, Variable x,
                           const LayerShape& shape) {
  const Graph::Scope scope(builder.parameters.graph(), name);
  return raw_convolution(builder, name, x, shape);
}

Variable convolution_block(LayerBuilder& builder, const std::string& name, Variable x,
                           const LayerShape& shape, Activation activation) {
  const Graph::Scope scope(builder.parameters.graph(), name);
  Variable y = raw_convolution(builder, name, x, shape);
  if (builder.norm == Norm::kInstance) {
    y = normalization(y, NormalizationScope::kInstance, kNormEpsilon, 1.0f).y;
  } else if (builder.norm == Norm::kBatch) {
    NRAM_CHECK(builder.mode == Mode::kTraining,
               "batch norm is folded into the convolutions before inference");
    y = batch_norm(builder, name, y);
  }
  return activation == Activation::kLeakyRelu ? leaky_relu(y, kLeakySlope) : y;
}

void add_encoder_specs(std::vector<ParameterSpec>& specs, const std::string& name, int64_t inputs,
                       int64_t ngf, Norm norm) {
  add_block_specs(specs, name + ".conv0", {inputs, ngf, 7}, norm);
  add_block_specs(specs, name + ".conv1", {ngf, 2 * ngf, 3, 2}, norm);
  add_block_specs(specs, name + ".conv2", {2 * ngf, 4 * ngf, 3, 2}, norm);
}

Variable encoder(LayerBuilder& builder, const std::string& name, Variable x, int64_t ngf) {
  const int64_t inputs = x.shape().channels();
  x = convolution_block(builder, name + ".conv0", x, {inputs, ngf, 7}, Activation::kLeakyRelu);
  x = convolution_block(builder, name + ".conv1", x, {ngf, 2 * ngf, 3, 2}, Activation::kLeakyRelu);
  return convolution_block(builder, name + ".conv2", x, {2 * ngf, 4 * ngf, 3, 2},
                           Activation::kLeakyRelu);
}

}  // namespace nram
