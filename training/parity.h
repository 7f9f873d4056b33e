// Numbers to compare with another implementation: a few training steps on one batch, every
// intermediate that matters written to a file.
#pragma once

#include <string>

#include "training/objective.h"

namespace nram {

struct ParityOptions {
  std::string weights;  // generator.*, discriminator_*.*, vgg16.features.*
  std::string inputs;   // source, target [N,H,W,3]; keypoints_source, keypoints_target [N,18,2]
  int steps = 1;
  std::string output;
  DeviceOptions device = "cpu";
  bool inner_skip = true;  // the one switch that tensors' shapes do not tell
  // The cpu's convolutions sum in double here, so that what remains is the rounding of what is
  // stored. Either of these has them as training does: sums in float32; Winograd as well.
  bool float_sums = false;
  bool winograd = false;
  ObjectiveConfig objective;
};

// Reads the architecture from the tensors' shapes, runs the steps with MODEL's defaults and writes
// `fake` [N,H,W,3] and `mask.t` [N,H/4,W/4,1] of step 0, `gradient.generator.*` of step 0,
// `loss.k.{gan,l1,style,discriminator_shape,discriminator_appearance}` [1] (unweighted) and
// `after.generator.*`, `after.discriminator_*.*` after the last step. User errors name file and
// tensor.
void run_parity(const ParityOptions& options);

}  // namespace nram
