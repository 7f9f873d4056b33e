// The networks of one training run or of one weights file, and their files.
#pragma once

#include <optional>

#include "model/discriminator.h"
#include "model/generator.h"
#include "model/vgg16.h"

namespace nram {

// All that a training step needs. The discriminators and VGG-16 may have another norm or origin
// than the generator's file says, so that each is described by itself.
struct Networks {
  ModelConfig model;
  DiscriminatorConfig shape_config;
  DiscriminatorConfig appearance_config;
  ParameterStore generator;
  ParameterStore shape;
  ParameterStore appearance;
  ParameterStore vgg;

  // Zeroed parameters for training on a device.
  Networks(Device& device, const ModelConfig& model);
  Networks(Device& device, const ModelConfig& model, const DiscriminatorConfig& shape_config,
           const DiscriminatorConfig& appearance_config);
  // Weights from a seed: N(0, 0.02); VGG-16 with He's deviation.
  void initialize(uint64_t seed) const;
};

// Reads VGG-16 from a safetensors file with torchvision's names, with or without "vgg16." before
// them; tensors after relu4_3 are left out.
void load_vgg16(const ParameterStore& vgg, const WeightsFile& file);

// A discriminator's width and norm from its tensors in a file.
DiscriminatorConfig discriminator_config_of(const WeightsFile& file,
                                            const DiscriminatorConfig& expected);

// The generator of a weights file, ready for inference: batch norm is folded away. `config`
// receives the architecture as it is after folding.
ParameterStore load_generator(Device& device, const WeightsFile& file, ModelConfig& config);

}  // namespace nram
