#include "engine/ops/losses.h"

#include "kernels/binary_cross_entropy/binary_cross_entropy.h"
#include "kernels/common/reductions.h"
#include "kernels/common/sum.h"
#include "kernels/l1_loss/l1_loss.h"
#include "kernels/least_squares/least_squares.h"
#include "kernels/squared_error/squared_error.h"
#include "kernels/weighted_sum/weighted_sum.h"

namespace nram {
namespace {

using kernels::BinaryCrossEntropyAttributes;
using kernels::LeastSquaresAttributes;
using kernels::SquaredErrorAttributes;
using kernels::WeightedSumAttributes;

// A loss of one tensor or of two of one shape: a scalar, float32 also of bfloat16 tensors.
template <size_t kInputs>
std::vector<TensorSpec> infer_loss(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == kInputs, "this loss takes ", kInputs, " inputs, not ", inputs.size());
  NRAM_CHECK(inputs[0].shape.count() > 0, "a loss of no elements");
  NRAM_CHECK(inputs[0] == inputs[kInputs - 1], "a loss compares tensors of one shape, not ",
             inputs[0].shape, " and ", inputs[kInputs - 1].shape);
  return {{Shape{}, accumulator_of(inputs[0].dtype)}};
}

// Its gradient: the scalar's gradient, then the loss's inputs.
template <size_t kInputs>
std::vector<TensorSpec> infer_loss_gradient(Specs inputs, const Attributes& attributes) {
  NRAM_CHECK(inputs.size() == kInputs + 1, "this loss's gradient takes ", kInputs + 1,
             " inputs, not ", inputs.size());
  const auto loss = infer_loss<kInputs>(inputs.subspan(1), attributes);
  NRAM_CHECK(inputs[0] == loss[0], "a loss's gradient starts from a scalar, not from ",
             inputs[0].shape);
  return {inputs[1]};
}

size_t workspace(Target target, Specs inputs, Specs, const Attributes&) {
  const int64_t count = inputs[0].shape.count();
  if (target == Target::kCuda) return static_cast<size_t>(sum_blocks(count)) * sizeof(float);
  return target == Target::kCpu ? sum_workspace_bytes(count) : 0;
}

template <int kFlops>
Cost loss_cost(Specs inputs, Specs outputs, const Attributes&) {
  Cost cost = streaming_cost(inputs, outputs, 0);
  cost.flops = kFlops * static_cast<double>(inputs[0].shape.count());
  return cost;
}

template <int kFlops>
Cost loss_gradient_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, kFlops);
}

// The gradients of a loss that is symmetric in its two inputs.
void symmetric_gradient(GradientContext& context, const Op& op, const Attributes& attributes) {
  const Variable g = context.output_gradient();
  for (int i = 0; i < 2; ++i) {
    if (!context.needs(i)) continue;
    context.set(
        i, context.graph().append(op, {g, context.input(i), context.input(1 - i)}, attributes));
  }
}

void l1_gradient(GradientContext& context) { symmetric_gradient(context, kL1LossGradient, {}); }

void squared_error_gradient(GradientContext& context) {
  symmetric_gradient(context, kSquaredErrorGradient, context.attributes<SquaredErrorAttributes>());
}

template <class LossAttributes, const Op& kGradient>
void logit_gradient(GradientContext& context) {
  context.set(0, context.graph().append(kGradient, {context.output_gradient(), context.input(0)},
                                        context.attributes<LossAttributes>()));
}

std::vector<Sample> l1_samples() {
  return {
      {"odd", {{2, 3, 5, 7}, {2, 3, 5, 7}}},
      {"blocks", {{3, 83, 47}, {3, 83, 47}}},
      {"images", {{8, 256, 176, 3}, {8, 256, 176, 3}}, {}, {Fill::kImage, Fill::kImage}, {}, true}};
}

std::vector<Sample> l1_gradient_samples() {
  return {{"odd", {{}, {2, 3, 5, 7}, {2, 3, 5, 7}}},
          {"images",
           {{}, {8, 256, 176, 3}, {8, 256, 176, 3}},
           {},
           {Fill::kPositive, Fill::kImage, Fill::kImage},
           {},
           true}};
}

std::vector<Sample> squared_error_samples() {
  return {{"odd", {{3, 5, 5}, {3, 5, 5}}, SquaredErrorAttributes{0.5}},
          {"blocks", {{3, 83, 47}, {3, 83, 47}}, SquaredErrorAttributes{1.0 / 3}},
          {"gram", {{2, 512, 512}, {2, 512, 512}}, SquaredErrorAttributes{0.125}, {}, {}, true}};
}

std::vector<Sample> squared_error_gradient_samples() {
  return {
      {"odd", {{}, {3, 5, 5}, {3, 5, 5}}, SquaredErrorAttributes{0.5}},
      {"gram", {{}, {2, 512, 512}, {2, 512, 512}}, SquaredErrorAttributes{0.125}, {}, {}, true}};
}

template <class LossAttributes>
std::vector<Sample> logit_samples() {
  return {{"real", {{2, 5, 3, 1}}, LossAttributes{1}},
          {"not real", {{2, 5, 3, 1}}, LossAttributes{0}},
          {"blocks", {{11701}}, LossAttributes{1}},
          {"logits", {{8, 64, 44, 1}}, LossAttributes{1}, {}, {}, true}};
}

template <class LossAttributes>
std::vector<Sample> logit_gradient_samples() {
  return {{"real", {{}, {2, 5, 3, 1}}, LossAttributes{1}},
          {"not real", {{}, {2, 5, 3, 1}}, LossAttributes{0}},
          {"logits", {{}, {8, 64, 44, 1}}, LossAttributes{0}, {}, {}, true}};
}

std::vector<TensorSpec> infer_binary_cross_entropy(Specs inputs, const Attributes& attributes) {
  const float target = attributes.as<BinaryCrossEntropyAttributes>().target;
  NRAM_CHECK(target >= 0 && target <= 1, "binary_cross_entropy's target lies in [0, 1], not ",
             target);
  return infer_loss<1>(inputs, attributes);
}

std::vector<TensorSpec> infer_weighted_sum(Specs inputs, const Attributes&) {
  NRAM_CHECK(!inputs.empty() && inputs.size() <= kernels::kMostWeightedTerms,
             "weighted_sum takes 1 to ", kernels::kMostWeightedTerms, " scalars, not ",
             inputs.size());
  for (const TensorSpec& input : inputs) {
    NRAM_CHECK(input.shape.rank() == 0 && input.dtype == inputs[0].dtype,
               "weighted_sum takes scalars, not ", input.shape);
  }
  return {inputs[0]};
}

void weighted_sum_gradient(GradientContext& context) {
  const auto attributes = context.attributes<WeightedSumAttributes>();
  for (int i = 0; i < context.input_count(); ++i) {
    if (!context.needs(i)) continue;
    context.set(i, weighted_sum({context.output_gradient()}, {attributes.weights[i]}));
  }
}

Cost weighted_sum_cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 2 * static_cast<double>(inputs.size()));
}

std::vector<Sample> weighted_sum_samples() {
  return {{"one", {{}}, WeightedSumAttributes{{-1.5}}},
          {"four", {{}, {}, {}, {}}, WeightedSumAttributes{{2.5, 2.5, 10, 1}}}};
}

}  // namespace

const Op kL1Loss = {
    .name = "l1_loss",
    .summary = "mean |a - b|, a scalar; a, b of one shape",
    .infer = infer_loss<2>,
    .run = {kernels::l1_loss_reference, kernels::l1_loss_cpu,
            NRAM_CUDA_KERNEL(kernels::l1_loss_cuda)},
    .workspace = workspace,
    .gradient = l1_gradient,
    .cost = loss_cost<3>,
    .samples = l1_samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 1e-6,
    .bfloat16_inputs = 0b11,
};

const Op kL1LossGradient = {
    .name = "l1_loss_gradient",
    .summary = "da = g * sign(a - b) / count; g a scalar, a, b, da of one shape",
    .infer = infer_loss_gradient<2>,
    .run = {kernels::l1_loss_gradient_reference, kernels::l1_loss_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::l1_loss_gradient_cuda)},
    .cost = loss_gradient_cost<2>,
    .samples = l1_gradient_samples,
    .tolerance = 1e-6,
    .bfloat16_inputs = 0b110,
};

const Op kSquaredError = {
    .name = "squared_error",
    .summary = "scale * sum (a - b)^2, a scalar; a, b of one shape",
    .infer = infer_loss<2>,
    .run = {kernels::squared_error_reference, kernels::squared_error_cpu,
            NRAM_CUDA_KERNEL(kernels::squared_error_cuda)},
    .workspace = workspace,
    .gradient = squared_error_gradient,
    .cost = loss_cost<3>,
    .samples = squared_error_samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 1e-6,
    .bfloat16_inputs = 0b11,
};

const Op kSquaredErrorGradient = {
    .name = "squared_error_gradient",
    .summary = "da = 2 * scale * g * (a - b); g a scalar, a, b, da of one shape",
    .infer = infer_loss_gradient<2>,
    .run = {kernels::squared_error_gradient_reference, kernels::squared_error_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::squared_error_gradient_cuda)},
    .cost = loss_gradient_cost<2>,
    .samples = squared_error_gradient_samples,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 2e-2,
    .bfloat16_inputs = 0b110,
};

const Op kBinaryCrossEntropy = {
    .name = "binary_cross_entropy",
    .summary = "mean (softplus(x) - target * x) of logits x of any shape, a scalar",
    .infer = infer_binary_cross_entropy,
    .run = {kernels::binary_cross_entropy_reference, kernels::binary_cross_entropy_cpu,
            NRAM_CUDA_KERNEL(kernels::binary_cross_entropy_cuda)},
    .workspace = workspace,
    .gradient = logit_gradient<BinaryCrossEntropyAttributes, kBinaryCrossEntropyGradient>,
    .cost = loss_cost<40>,
    .samples = logit_samples<BinaryCrossEntropyAttributes>,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 1e-6,
    .bfloat16_inputs = 0b1,
};

const Op kBinaryCrossEntropyGradient = {
    .name = "binary_cross_entropy_gradient",
    .summary = "dx = g * (sigmoid(x) - target) / count; g a scalar, x, dx of one shape",
    .infer = infer_loss_gradient<1>,
    .run = {kernels::binary_cross_entropy_gradient_reference,
            kernels::binary_cross_entropy_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::binary_cross_entropy_gradient_cuda)},
    .cost = loss_gradient_cost<20>,
    .samples = logit_gradient_samples<BinaryCrossEntropyAttributes>,
    .tolerance = 1e-6,
    .bfloat16_inputs = 0b10,
};

const Op kLeastSquares = {
    .name = "least_squares",
    .summary = "mean (x - target)^2 of logits x of any shape, a scalar",
    .infer = infer_loss<1>,
    .run = {kernels::least_squares_reference, kernels::least_squares_cpu,
            NRAM_CUDA_KERNEL(kernels::least_squares_cuda)},
    .workspace = workspace,
    .gradient = logit_gradient<LeastSquaresAttributes, kLeastSquaresGradient>,
    .cost = loss_cost<3>,
    .samples = logit_samples<LeastSquaresAttributes>,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 1e-6,
    .bfloat16_inputs = 0b1,
};

const Op kLeastSquaresGradient = {
    .name = "least_squares_gradient",
    .summary = "dx = 2 * g * (x - target) / count; g a scalar, x, dx of one shape",
    .infer = infer_loss_gradient<1>,
    .run = {kernels::least_squares_gradient_reference, kernels::least_squares_gradient_cpu,
            NRAM_CUDA_KERNEL(kernels::least_squares_gradient_cuda)},
    .cost = loss_gradient_cost<2>,
    .samples = logit_gradient_samples<LeastSquaresAttributes>,
    .tolerance = 1e-6,
    .tolerance_bfloat16 = 2e-2,
    .bfloat16_inputs = 0b10,
};

const Op kWeightedSum = {
    .name = "weighted_sum",
    .summary = "sum_i weights[i] * x_i of 1 to 16 scalars",
    .infer = infer_weighted_sum,
    .run = {kernels::weighted_sum_reference, kernels::weighted_sum_cpu,
            NRAM_CUDA_KERNEL(kernels::weighted_sum_cuda)},
    .gradient = weighted_sum_gradient,
    .cost = weighted_sum_cost,
    .samples = weighted_sum_samples,
    .tolerance = 1e-6,
};

Variable l1_loss(Variable a, Variable b) { return a.graph().append(kL1Loss, {a, b}); }

Variable squared_error(Variable a, Variable b, double scale) {
  return a.graph().append(kSquaredError, {a, b}, SquaredErrorAttributes{scale});
}

Variable binary_cross_entropy(Variable logits, float target) {
  return logits.graph().append(kBinaryCrossEntropy, {logits}, BinaryCrossEntropyAttributes{target});
}

Variable least_squares(Variable x, float target) {
  return x.graph().append(kLeastSquares, {x}, LeastSquaresAttributes{target});
}

Variable weighted_sum(const std::vector<Variable>& terms, const std::vector<double>& weights) {
  NRAM_CHECK(!terms.empty() && terms.size() == weights.size() &&
                 terms.size() <= kernels::kMostWeightedTerms,
             "weighted_sum takes 1 to ", kernels::kMostWeightedTerms, " terms and as many weights");
  WeightedSumAttributes attributes{};
  for (size_t i = 0; i < weights.size(); ++i) attributes.weights[i] = weights[i];
  return terms[0].graph().append(kWeightedSum, terms, attributes);
}

}  // namespace nram
