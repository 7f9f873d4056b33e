// The generator (paper, section 3): an appearance stream and a pose stream through nested residual
// attention modules, then a decoder.
#pragma once

#include "model/layers.h"

namespace nram {

std::vector<ParameterSpec> generator_specs(const ModelConfig& config);

struct GeneratorOutput {
  Variable image;               // [N,H,W,3] in [-1, 1]
  std::vector<Variable> masks;  // one [N,H/4,W/4,1] in (0, 1) for each module
};

// source [N,H,W,3] in [-1, 1]; heatmaps [N,H,W,36]: the source pose's 18 maps, then the target
// pose's.
GeneratorOutput generator(ParameterBinding& parameters, const ModelConfig& config, Mode mode,
                          Variable source, Variable heatmaps);

// Keypoints [N,18,2] (y, x in pixels of the H x W image, -1 missing) -> heatmaps [N,H,W,18] (eq.
// 1).
Variable pose_heatmaps(Variable keypoints, const ModelConfig& config);

// Norm batch for inference: the running statistics folded into weights and biases, which gives the
// store of the same architecture with norm none.
ParameterStore fold_batch_norm(const ParameterStore& store, const ModelConfig& config);

}  // namespace nram
