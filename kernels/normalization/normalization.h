// Instance and batch normalisation without affine parameters, with LeakyReLU (paper, eq. 3):
//   mean_c = sum_r x_rc / R,  variance_c = sum_r (x_rc - mean_c)^2 / R,
//   xhat = (x - mean) * inverse_deviation,  inverse_deviation = 1 / sqrt(variance + epsilon),
//   y = xhat where xhat > 0, slope * xhat elsewhere; slope 1 leaves xhat as it is.
// r runs over the R pixels of one sample (instance) or of all samples (batch).
// x, y [N,H,W,C]; mean, inverse_deviation [N,C] (instance) or [1,C] (batch).
// Backward, through the statistics, with g = dy where xhat > 0, slope * dy elsewhere:
//   dx = inverse_deviation * (g - sum_r g / R - xhat * sum_r (g * xhat) / R).
#pragma once

#include "kernels/common/call.h"
#include "kernels/common/cuda_channel_tiles.h"

namespace nram::kernels {

enum class NormalizationScope : int32_t { kInstance, kBatch };

struct NormalizationAttributes {
  NormalizationScope scope;
  float epsilon;
  float slope;
};

// inputs: x; outputs: y, mean, inverse_deviation.
void normalization_reference(const Call& call);
void normalization_cpu(const Call& call);
void normalization_cuda(const Call& call);
// inputs: dy, x, mean, inverse_deviation; outputs: dx.
void normalization_gradient_reference(const Call& call);
void normalization_gradient_cpu(const Call& call);
void normalization_gradient_cuda(const Call& call);
// Bytes of workspace of both cpu kernels.
size_t normalization_workspace(const Shape& x, NormalizationScope scope);
// The same of both cuda kernels.
inline size_t normalization_cuda_workspace(const Shape& x, NormalizationScope scope) {
  return ChannelTilePlan(x, scope == NormalizationScope::kBatch).partial_bytes();
}

}  // namespace nram::kernels
