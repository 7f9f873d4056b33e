// Instance and batch normalisation with LeakyReLU as graph ops; see
// kernels/normalization/normalization.h.
#pragma once

#include "engine/graph.h"
#include "kernels/normalization/normalization.h"

namespace nram {

extern const Op kNormalization;
extern const Op kNormalizationGradient;

using kernels::NormalizationAttributes;
using kernels::NormalizationScope;

// What normalisation yields; the statistics are [N,C] (instance) or [1,C] (batch) and have no
// gradient of their own.
struct Normalized {
  Variable y;
  Variable mean;
  Variable inverse_deviation;
};

// y = LeakyReLU((x - mean) / sqrt(variance + epsilon)) over H x W (instance) or N x H x W (batch),
// biased variance; x, y [N,H,W,C]; slope in [0, 1], where 1 stands for no LeakyReLU.
Normalized normalization(Variable x, NormalizationScope scope, float epsilon, float slope);

}  // namespace nram
