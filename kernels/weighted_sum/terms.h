// Host and device: the attributes of weighted_sum and its terms.
#pragma once

namespace nram::kernels {

constexpr int kMostWeightedTerms = 16;

struct WeightedSumAttributes {
  double weights[kMostWeightedTerms];
};

struct WeightedTerms {
  const float* data[kMostWeightedTerms];  // null past the terms in use
};

}  // namespace nram::kernels
