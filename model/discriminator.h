// The two conditional discriminators (paper, section 3.2): one net on the image beside the target
// pose's heatmaps, one on the image beside the source image.
#pragma once

#include "model/layers.h"

namespace nram {

struct DiscriminatorConfig {
  std::string name;            // "discriminator_shape" or "discriminator_appearance"
  int64_t condition_channels;  // 18 heatmaps, or the 3 channels of an image
  int ngf = 64;
  Norm norm = Norm::kInstance;
};

DiscriminatorConfig shape_discriminator(const ModelConfig& config);
DiscriminatorConfig appearance_discriminator(const ModelConfig& config);

std::vector<ParameterSpec> discriminator_specs(const DiscriminatorConfig& config);

// image [N,H,W,3] and condition [N,H,W,condition_channels] -> logits [N,H/4,W/4,1] that the image
// is real.
Variable discriminator(ParameterBinding& parameters, const DiscriminatorConfig& config,
                       Variable image, Variable condition);

}  // namespace nram
