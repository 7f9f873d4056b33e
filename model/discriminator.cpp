#include "model/discriminator.h"

#include "engine/ops/add.h"
#include "engine/ops/cast.h"
#include "engine/ops/concatenate.h"

namespace nram {
namespace {

constexpr int kResidualBlocks = 3;

std::string residual_name(const DiscriminatorConfig& config, int i) {
  return text(config.name, ".residual.", i);
}

}  // namespace

DiscriminatorConfig shape_discriminator(const ModelConfig& config) {
  return {"discriminator_shape", kKeypointCount, config.ngf, config.norm};
}

DiscriminatorConfig appearance_discriminator(const ModelConfig& config) {
  return {"discriminator_appearance", 3, config.ngf, config.norm};
}

std::vector<ParameterSpec> discriminator_specs(const DiscriminatorConfig& config) {
  std::vector<ParameterSpec> specs;
  const int64_t c = 4 * config.ngf;
  add_encoder_specs(specs, config.name + ".encoder", 3 + config.condition_channels, config.ngf,
                    config.norm);
  for (int i = 0; i < kResidualBlocks; ++i) {
    add_block_specs(specs, residual_name(config, i) + ".conv0", {c, c}, config.norm);
    add_block_specs(specs, residual_name(config, i) + ".conv1", {c, c}, config.norm);
  }
  add_plain_specs(specs, config.name + ".head", {c, 1, 3});
  return specs;
}

Variable discriminator(ParameterBinding& parameters, const DiscriminatorConfig& config,
                       Variable image, Variable condition) {
  LayerBuilder builder{parameters, config.norm, Mode::kTraining};
  const int64_t c = 4 * config.ngf;
  Variable x;
  {
    const Graph::Scope scope(parameters.graph(), config.name + ".input");
    x = concatenate({image, condition});
  }
  x = encoder(builder, config.name + ".encoder", x, config.ngf);
  for (int i = 0; i < kResidualBlocks; ++i) {
    const std::string name = residual_name(config, i);
    Variable branch =
        convolution_block(builder, name + ".conv0", x, {c, c}, Activation::kLeakyRelu);
    branch = convolution_block(builder, name + ".conv1", branch, {c, c}, Activation::kNone);
    const Graph::Scope scope(parameters.graph(), name + ".add");
    x = add({x, branch});
  }
  x = plain_convolution(builder, config.name + ".head", x, {c, 1, 3});
  const Graph::Scope scope(parameters.graph(), config.name + ".head");
  return cast(x, DType::kFloat32);
}

}  // namespace nram
