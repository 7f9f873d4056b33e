// Test and benchmark cases of the convolution rows: every kernel size, stride, padding, bias and
// slope that the model uses, at odd sizes and at the true ones.
#pragma once

#include <vector>

#include "engine/op.h"

namespace nram {

std::vector<Sample> convolution_samples();
std::vector<Sample> transposed_convolution_samples();
std::vector<Sample> convolution_weight_gradient_samples();

}  // namespace nram
