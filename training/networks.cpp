#include "training/networks.h"

#include <algorithm>
#include <cmath>

namespace nram {

Networks::Networks(Device& device, const ModelConfig& model)
    : Networks(device, model, shape_discriminator(model), appearance_discriminator(model)) {}

Networks::Networks(Device& device, const ModelConfig& model,
                   const DiscriminatorConfig& shape_config,
                   const DiscriminatorConfig& appearance_config)
    : model(model),
      shape_config(shape_config),
      appearance_config(appearance_config),
      generator(device, generator_specs(model), true),
      shape(device, discriminator_specs(shape_config), true),
      appearance(device, discriminator_specs(appearance_config), true),
      vgg(device, vgg16_specs(), false) {}

void Networks::initialize(uint64_t seed) const {
  generator.initialize(seed);
  shape.initialize(seed);
  appearance.initialize(seed);
  vgg.initialize(seed);
}

void load_vgg16(const ParameterStore& vgg, const WeightsFile& file) {
  const std::string prefix = "vgg16.";
  for (size_t i = 0; i < vgg.specs().size(); ++i) {
    const ParameterSpec& spec = vgg.specs()[i];
    const std::string bare = spec.name.substr(prefix.size());
    const std::string& name = file.find(spec.name) != nullptr ? spec.name : bare;
    NRAM_USER_CHECK(file.find(name) != nullptr, file.path(), ": there is no tensor ", bare,
                    "; give VGG-16 weights with torchvision's names (features.0.weight, ...)");
    const std::vector<float> values = file.read_float(name, spec.file_shape);
    NRAM_USER_CHECK(
        std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }),
        file.path(), ": tensor ", name,
        " holds a value that is not finite; download the file again");
    vgg.write(static_cast<int>(i), values);
  }
}

DiscriminatorConfig discriminator_config_of(const WeightsFile& file,
                                            const DiscriminatorConfig& expected) {
  DiscriminatorConfig config = expected;
  const std::string stem = config.name + ".encoder.conv0.";
  const TensorInfo* weight = file.find(stem + "weight");
  NRAM_USER_CHECK(weight != nullptr && weight->shape.size() == 4, file.path(),
                  ": there is no convolution weight ", stem,
                  "weight; give a file with generator and discriminators, as nram train writes");
  config.ngf = static_cast<int>(std::clamp<int64_t>(weight->shape[0], 1, 1024));
  config.norm = file.find(stem + "running_mean") != nullptr ? Norm::kBatch
                : file.find(stem + "bias") != nullptr       ? Norm::kNone
                                                            : Norm::kInstance;
  return config;
}

ParameterStore load_generator(Device& device, const WeightsFile& file, ModelConfig& config) {
  config = config_of(file);
  ParameterStore store(device, generator_specs(config), false);
  store.load(file);
  if (config.norm != Norm::kBatch) return store;
  ParameterStore folded = fold_batch_norm(store, config);
  config.norm = Norm::kNone;
  return folded;
}

}  // namespace nram
