// What is minimised (paper, section 3.3; MODEL: losses): conditional GAN with two discriminators,
// L1 and Gram style losses, all means over the batch.
#pragma once

#include <string>

#include "training/networks.h"

namespace nram {

enum class GanLoss { kBce, kLsgan };
const char* name_of(GanLoss gan);
GanLoss parse_gan_loss(const std::string& name);

struct ObjectiveConfig {
  GanLoss gan = GanLoss::kBce;
  // A weight of 0 leaves that part of the networks out of the step altogether.
  double lambda_gan = 5;
  double lambda_l1 = 10;
  double lambda_style = 1;
  double lambda_ssim = 0;  // of 1 - SSIM: not in the paper, off by default
};

// A batch of training pairs on the device.
struct PairVariables {
  Variable source;            // [N,H,W,3] in [-1, 1]
  Variable target;            // [N,H,W,3]
  Variable keypoints_source;  // [N,18,2]: y, x; -1 missing
  Variable keypoints_target;  // [N,18,2]
};

// Scalars, unweighted; parts that were left out are invalid.
struct LossVariables {
  Variable gan;
  Variable l1;
  Variable style;
  Variable ssim;  // 1 - SSIM
  Variable discriminator_shape;
  Variable discriminator_appearance;
  Variable generator_total;  // the weighted sum that the generator minimises
};

struct ObjectiveVariables {
  GeneratorOutput output;
  LossVariables losses;
};

// Appends the forward passes, the losses, and the gradients of all three networks (assigned to
// their stores). The fake goes through each discriminator once, for both losses.
ObjectiveVariables append_objective(Graph& graph, const Networks& networks,
                                    const ObjectiveConfig& config, const PairVariables& pair);

}  // namespace nram
