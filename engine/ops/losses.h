// Losses as graph ops, each a scalar; formulas and gradients in kernels/<name>/<name>.h.
#pragma once

#include "engine/graph.h"

namespace nram {

extern const Op kL1Loss;
extern const Op kL1LossGradient;
extern const Op kSquaredError;
extern const Op kSquaredErrorGradient;
extern const Op kBinaryCrossEntropy;
extern const Op kBinaryCrossEntropyGradient;
extern const Op kLeastSquares;
extern const Op kLeastSquaresGradient;
extern const Op kWeightedSum;

// mean |a - b|; a and b of one shape.
Variable l1_loss(Variable a, Variable b);
// scale * sum (a - b)^2; a and b of one shape.
Variable squared_error(Variable a, Variable b, double scale);
// Mean binary cross-entropy of logits against `target` in [0, 1]: 1 real, 0 not real.
Variable binary_cross_entropy(Variable logits, float target);
// mean (x - target)^2.
Variable least_squares(Variable x, float target);
// sum_i weights[i] * terms[i] of 1 to 16 scalars.
Variable weighted_sum(const std::vector<Variable>& terms, const std::vector<double>& weights);

}  // namespace nram
