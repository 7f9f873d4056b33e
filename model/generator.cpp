#include "model/generator.h"

#include <cmath>

#include "engine/ops/attention.h"
#include "engine/ops/cast.h"
#include "engine/ops/concatenate.h"
#include "engine/ops/pose_maps.h"
#include "engine/ops/tanh.h"

namespace nram {
namespace {

// The two pose convolutions of module t: in -> middle -> C.
struct PoseWidths {
  int64_t in;
  int64_t middle;
};

PoseWidths pose_widths(const ModelConfig& config, int t) {
  const int64_t c = config.channels();
  const int64_t in = t == 0 ? c : 2 * c;
  return {in, config.pose_stream == PoseStream::kFull ? in : c};
}

std::string block_name(int t) { return text("generator.blocks.", t); }

struct Streams {
  Variable appearance;  // A  [N,H/4,W/4,C]
  Variable pose;        // P' [N,H/4,W/4,C or 2C]
  Variable mask;        // M  [N,H/4,W/4,1]
};

// One nested residual attention module (paper, section 3.1).
Streams attention_module(LayerBuilder& builder, const ModelConfig& config, int t,
                         const Streams& in) {
  const std::string name = block_name(t);
  const int64_t c = config.channels();
  const PoseWidths widths = pose_widths(config, t);
  Variable pose = convolution_block(builder, name + ".pose.conv0", in.pose,
                                    {widths.in, widths.middle}, Activation::kLeakyRelu);
  pose = convolution_block(builder, name + ".pose.conv1", pose, {widths.middle, c},
                           Activation::kLeakyRelu);
  const Variable logits = plain_convolution(builder, name + ".mask", pose, {c, 1, 1});
  Variable residual = convolution_block(builder, name + ".appearance.conv0", in.appearance, {c, c},
                                        Activation::kLeakyRelu);
  residual =
      convolution_block(builder, name + ".appearance.conv1", residual, {c, c}, Activation::kNone);
  const Graph::Scope scope(builder.parameters.graph(), name + ".attention");
  const Attended attended = attention(in.appearance, residual, logits, config.inner_skip);
  return {attended.output, concatenate({pose, attended.output}), attended.mask};
}

}  // namespace

std::vector<ParameterSpec> generator_specs(const ModelConfig& config) {
  validate(config);
  std::vector<ParameterSpec> specs;
  const int64_t ngf = config.ngf;
  const int64_t c = config.channels();
  add_encoder_specs(specs, "generator.appearance_encoder", 3, ngf, config.norm);
  add_encoder_specs(specs, "generator.pose_encoder", 2 * kKeypointCount, ngf, config.norm);
  for (int t = 0; t < config.blocks; ++t) {
    const PoseWidths widths = pose_widths(config, t);
    const std::string name = block_name(t);
    add_block_specs(specs, name + ".pose.conv0", {widths.in, widths.middle}, config.norm);
    add_block_specs(specs, name + ".pose.conv1", {widths.middle, c}, config.norm);
    add_plain_specs(specs, name + ".mask", {c, 1, 1});
    add_block_specs(specs, name + ".appearance.conv0", {c, c}, config.norm);
    add_block_specs(specs, name + ".appearance.conv1", {c, c}, config.norm);
  }
  add_block_specs(specs, "generator.decoder.deconv0", {c, 2 * ngf, 3, 2, true}, config.norm);
  add_block_specs(specs, "generator.decoder.deconv1", {2 * ngf, ngf, 3, 2, true}, config.norm);
  add_plain_specs(specs, "generator.decoder.conv", {ngf, 3, 7});
  return specs;
}

GeneratorOutput generator(ParameterBinding& parameters, const ModelConfig& config, Mode mode,
                          Variable source, Variable heatmaps) {
  LayerBuilder builder{parameters, config.norm, mode};
  const int64_t ngf = config.ngf;
  const int64_t c = config.channels();
  Streams streams;
  streams.appearance = encoder(builder, "generator.appearance_encoder", source, ngf);
  streams.pose = encoder(builder, "generator.pose_encoder", heatmaps, ngf);
  GeneratorOutput output;
  for (int t = 0; t < config.blocks; ++t) {
    streams = attention_module(builder, config, t, streams);
    output.masks.push_back(streams.mask);
  }
  Variable x = convolution_block(builder, "generator.decoder.deconv0", streams.appearance,
                                 {c, 2 * ngf, 3, 2, true}, Activation::kLeakyRelu);
  x = convolution_block(builder, "generator.decoder.deconv1", x, {2 * ngf, ngf, 3, 2, true},
                        Activation::kLeakyRelu);
  x = plain_convolution(builder, "generator.decoder.conv", x, {ngf, 3, 7});
  const Graph::Scope scope(parameters.graph(), "generator.decoder.tanh");
  output.image = tanh(cast(x, DType::kFloat32));
  return output;
}

Variable pose_heatmaps(Variable keypoints, const ModelConfig& config) {
  const double sigma = kHeatmapSigma * config.height / kHeatmapRows;
  const Graph::Scope scope(keypoints.graph(), "heatmaps");
  return heatmaps(keypoints, config.height, config.width, static_cast<float>(sigma));
}

ParameterStore fold_batch_norm(const ParameterStore& store, const ModelConfig& config) {
  NRAM_CHECK(config.norm == Norm::kBatch, "only norm batch is folded");
  ModelConfig folded_config = config;
  folded_config.norm = Norm::kNone;
  ParameterStore folded(store.device(), generator_specs(folded_config), false);
  const std::string weight_suffix = ".weight";
  for (size_t i = 0; i < folded.specs().size(); ++i) {
    const ParameterSpec& spec = folded.specs()[i];
    if (!spec.name.ends_with(weight_suffix)) continue;
    const std::string layer = spec.name.substr(0, spec.name.size() - weight_suffix.size());
    const int bias_index = folded.index(layer + ".bias");
    std::vector<float> weight = store.read(store.index(spec.name));
    bool has_norm = false;
    for (const ParameterSpec& other : store.specs()) {
      has_norm = has_norm || other.name == layer + ".running_mean";
    }
    if (!has_norm) {
      folded.write(static_cast<int>(i), weight);
      folded.write(bias_index, store.read(store.index(layer + ".bias")));
      continue;
    }
    const std::vector<float> mean = store.read(store.index(layer + ".running_mean"));
    const std::vector<float> variance = store.read(store.index(layer + ".running_var"));
    const bool transposed = layer.find("deconv") != std::string::npos;
    const size_t outputs = mean.size();
    const size_t spatial = static_cast<size_t>(spec.file_shape[2] * spec.file_shape[3]);
    const size_t inner = transposed ? spatial : weight.size() / outputs;
    std::vector<float> bias(outputs);
    std::vector<double> scale(outputs);
    for (size_t o = 0; o < outputs; ++o) {
      scale[o] = 1.0 / std::sqrt(static_cast<double>(variance[o]) + kNormEpsilon);
      bias[o] = static_cast<float>(-mean[o] * scale[o]);
    }
    for (size_t k = 0; k < weight.size(); ++k) {
      weight[k] = static_cast<float>(weight[k] * scale[k / inner % outputs]);
    }
    folded.write(static_cast<int>(i), weight);
    folded.write(bias_index, bias);
  }
  return folded;
}

}  // namespace nram
