// Convolution, its two adjoints and bias gradients as graph ops; see
// kernels/convolution/convolution.h and kernels/channel_sum/channel_sum.h.
#pragma once

#include <optional>

#include "engine/graph.h"
#include "kernels/convolution/convolution.h"

namespace nram {

using kernels::ConvolutionAttributes;
using kernels::ConvolutionWeightGradientAttributes;
using kernels::PaddingMode;
using kernels::TransposedConvolutionAttributes;

extern const Op kChannelSum;
extern const Op kConvolution;
extern const Op kConvolutionWeightGradient;
extern const Op kTransposedConvolution;

// x [N,H,W,C], weights [O,kh,kw,C], bias [O] -> [N,H',W',O] with H' = (H + 2p - kh) / s + 1.
Variable convolution(Variable x, Variable weights, std::optional<Variable> bias,
                     const ConvolutionAttributes& attributes);

// x [N,H',W',O], weights [O,kh,kw,C], bias [C] -> [N,H,W,C]: the data gradient of `convolution`.
// PyTorch's output padding is H - ((H' - 1) s - 2p + kh).
Variable transposed_convolution(Variable x, Variable weights, std::optional<Variable> bias,
                                const TransposedConvolutionAttributes& attributes);

// x [N,H,W,C], dy [N,H',W',O] -> dw [O,kh,kw,C].
Variable convolution_weight_gradient(Variable x, Variable dy,
                                     const ConvolutionWeightGradientAttributes& attributes);

// x [...,C] -> [C].
Variable channel_sum(Variable x);

}  // namespace nram
