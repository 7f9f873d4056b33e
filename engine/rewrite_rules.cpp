#include <array>

#include "engine/ops/attention.h"
#include "engine/ops/convolution.h"
#include "engine/ops/leaky_relu.h"
#include "engine/ops/normalization.h"
#include "engine/ops/normalized_attention.h"
#include "engine/rewrite.h"
#include "kernels/attention/attention.h"
#include "kernels/leaky_relu/leaky_relu.h"
#include "kernels/normalized_attention/normalized_attention.h"

namespace nram {
namespace {

float slope_of(const Node& node) {
  return node.attributes.as<kernels::LeakyReluAttributes>().slope;
}

// convolution [+ bias], leaky_relu -> convolution with its slope. The gradient needs only the
// output's sign.
bool fuse_convolution_activation(Rewriter& rewriter, int i) {
  if (!rewriter.is(i, "leaky_relu")) return false;
  const Node activation = rewriter.node(i);
  const Variable raw = activation.inputs[0];
  if (!rewriter.is(raw.node(), "convolution") || rewriter.only_user(raw.node(), 0) == nullptr) {
    return false;
  }
  const Node convolution = rewriter.node(raw.node());
  auto attributes = convolution.attributes.as<ConvolutionAttributes>();
  if (attributes.slope != 1.0f) return false;
  attributes.slope = slope_of(activation);
  rewriter.replace(i, kConvolution, convolution.inputs, attributes);
  return true;
}

// normalization, leaky_relu -> normalization with its slope.
bool fuse_normalization_activation(Rewriter& rewriter, int i) {
  if (!rewriter.is(i, "leaky_relu")) return false;
  const Node activation = rewriter.node(i);
  const Variable raw = activation.inputs[0];
  if (!rewriter.is(raw.node(), "normalization") || raw.output() != 0 ||
      rewriter.only_user(raw.node(), 0) == nullptr) {
    return false;
  }
  const Node normalization = rewriter.node(raw.node());
  auto attributes = normalization.attributes.as<NormalizationAttributes>();
  const bool statistics_later = rewriter.used_only_after(rewriter.variable(raw.node(), 1), i) &&
                                rewriter.used_only_after(rewriter.variable(raw.node(), 2), i);
  if (attributes.slope != 1.0f || !statistics_later) return false;
  attributes.slope = slope_of(activation);
  rewriter.replace(i, kNormalization, normalization.inputs, attributes);
  for (const int output : {1, 2}) {
    rewriter.redirect(rewriter.variable(raw.node(), output), rewriter.variable(i, output));
  }
  return true;
}

// leaky_relu_gradient, normalization_gradient -> normalization_gradient with the slope, which finds
// the sign from x. The activation must be that of the same normalization.
bool fuse_normalization_gradient(Rewriter& rewriter, int i) {
  if (!rewriter.is(i, "normalization_gradient")) return false;
  const Node gradient = rewriter.node(i);
  const Variable dy = gradient.inputs[0];
  if (!rewriter.is(dy.node(), "leaky_relu_gradient") ||
      rewriter.only_user(dy.node(), 0) == nullptr) {
    return false;
  }
  const Node activation = rewriter.node(dy.node());
  const Node& forward = rewriter.node(activation.inputs[1].node());
  auto attributes = gradient.attributes.as<NormalizationAttributes>();
  if (forward.op != &kNormalization || !(forward.inputs[0] == gradient.inputs[1]) ||
      attributes.slope != 1.0f) {
    return false;
  }
  attributes.slope = slope_of(activation);
  rewriter.replace(
      i, kNormalizationGradient,
      {activation.inputs[0], gradient.inputs[1], gradient.inputs[2], gradient.inputs[3]},
      attributes);
  return true;
}

// The one user of `output` with the given name, and whether there are no others but `also`.
int other_user(const Rewriter& rewriter, Variable variable, int also) {
  int found = -1;
  for (const Rewriter::User& user : rewriter.users(variable.node(), variable.output())) {
    if (user.node == also) continue;
    if (found >= 0 || user.node < 0) return -2;
    found = user.node;
  }
  return found;
}

// normalization, attention -> normalized_attention; and in training their two gradients likewise,
// so that neither the normalised residual nor its gradient goes through memory.
bool fuse_normalized_attention(Rewriter& rewriter, int i) {
  if (!rewriter.is(i, "attention")) return false;
  const Node attention = rewriter.node(i);
  const Variable normalized = attention.inputs[1];
  if (!rewriter.is(normalized.node(), "normalization") || normalized.output() != 0) return false;
  const Node normalization = rewriter.node(normalized.node());
  const auto norm = normalization.attributes.as<NormalizationAttributes>();
  if (norm.slope != 1.0f || norm.scope != NormalizationScope::kInstance) return false;
  const int backward = other_user(rewriter, normalized, i);
  if (backward == -2) return false;
  int norm_backward = -1;
  if (backward >= 0) {
    if (!rewriter.is(backward, "attention_gradient")) return false;
    const Rewriter::User* user = rewriter.only_user(backward, 1);
    if (user == nullptr || user->input != 0 || !rewriter.is(user->node, "normalization_gradient")) {
      return false;
    }
    norm_backward = user->node;
  }
  for (const int output : {1, 2}) {
    if (!rewriter.used_only_after(rewriter.variable(normalized.node(), output), i)) return false;
  }
  kernels::NormalizedAttentionAttributes attributes{};
  attributes.inner_skip = attention.attributes.as<kernels::AttentionAttributes>().inner_skip;
  attributes.epsilon = norm.epsilon;
  const Variable a = attention.inputs[0];
  const Variable raw = normalization.inputs[0];
  rewriter.replace(i, kNormalizedAttention, {a, raw, attention.inputs[2]}, attributes);
  for (const int output : {1, 2}) {
    rewriter.redirect(rewriter.variable(normalized.node(), output),
                      rewriter.variable(i, output + 1));
  }
  if (backward < 0) return true;
  const Variable dy = rewriter.node(backward).inputs[0];
  rewriter.replace(
      backward, kNormalizedAttentionGradient,
      {dy, a, raw, rewriter.variable(i, 1), rewriter.variable(i, 2), rewriter.variable(i, 3)},
      attributes);
  rewriter.redirect(rewriter.variable(norm_backward, 0), rewriter.variable(backward, 1));
  return true;
}

}  // namespace

const std::vector<RewriteRule>& rewrite_rules() {
  static const std::vector<RewriteRule> rules = {
      {"convolution + leaky_relu", fuse_convolution_activation},
      {"normalization + leaky_relu", fuse_normalization_activation},
      {"normalization_gradient of leaky_relu_gradient", fuse_normalization_gradient},
      {"normalization + attention", fuse_normalized_attention},
  };
  return rules;
}

}  // namespace nram
