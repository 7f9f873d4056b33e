#include <array>

#include "engine/op.h"
#include "engine/ops/adam.h"
#include "engine/ops/add.h"
#include "engine/ops/attention.h"
#include "engine/ops/cast.h"
#include "engine/ops/channel_affine.h"
#include "engine/ops/concatenate.h"
#include "engine/ops/convolution.h"
#include "engine/ops/gram.h"
#include "engine/ops/leaky_relu.h"
#include "engine/ops/losses.h"
#include "engine/ops/mask_multiply.h"
#include "engine/ops/max_pool.h"
#include "engine/ops/moving_average.h"
#include "engine/ops/multiply.h"
#include "engine/ops/normalization.h"
#include "engine/ops/normalized_attention.h"
#include "engine/ops/pose_maps.h"
#include "engine/ops/resize.h"
#include "engine/ops/scale.h"
#include "engine/ops/sigmoid.h"
#include "engine/ops/ssim.h"
#include "engine/ops/tanh.h"

namespace nram {

// One line a row; keep the includes above and the rows below in alphabetical order.
std::span<const Op* const> op_table() {
  // clang-format off
  static const std::array table = {
      &kAdam,
      &kAdd,
      &kAttention,
      &kAttentionGradient,
      &kBinaryCrossEntropy,
      &kBinaryCrossEntropyGradient,
      &kCast,
      &kChannelAffine,
      &kChannelSum,
      &kConcatenate,
      &kConvolution,
      &kConvolutionWeightGradient,
      &kCopy,
      &kGram,
      &kGramGradient,
      &kHeatmaps,
      &kL1Loss,
      &kL1LossGradient,
      &kLeakyRelu,
      &kLeakyReluGradient,
      &kLeastSquares,
      &kLeastSquaresGradient,
      &kMaskMultiply,
      &kMaskMultiplyGradient,
      &kMaxPool,
      &kMaxPoolGradient,
      &kMovingAverage,
      &kMultiply,
      &kNormalization,
      &kNormalizationGradient,
      &kNormalizedAttention,
      &kNormalizedAttentionGradient,
      &kPartAffinityFields,
      &kResize,
      &kResizeGradient,
      &kScale,
      &kSigmoid,
      &kSigmoidGradient,
      &kSlice,
      &kSquaredError,
      &kSquaredErrorGradient,
      &kSsim,
      &kSsimGradient,
      &kTanh,
      &kTanhGradient,
      &kTransposedConvolution,
      &kWeightedSum,
  };
  // clang-format on
  return table;
}

const Op* find_op(const std::string& name) {
  for (const Op* op : op_table()) {
    if (name == op->name) return op;
  }
  return nullptr;
}

const char* name_of(Target target) {
  return target == Target::kReference ? "reference" : target == Target::kCpu ? "cpu" : "cuda";
}

Cost streaming_cost(Specs inputs, Specs outputs, double flops_per_element) {
  Cost cost;
  for (const TensorSpec& spec : inputs) cost.bytes += static_cast<double>(spec.bytes());
  for (const TensorSpec& spec : outputs) cost.bytes += static_cast<double>(spec.bytes());
  cost.flops = flops_per_element * static_cast<double>(outputs[0].shape.count());
  return cost;
}

}  // namespace nram
