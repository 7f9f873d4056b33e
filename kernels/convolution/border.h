// Passes over NHWC maps around a convolution: reflected borders and their adjoint, bias with
// LeakyReLU. All float32, dense, parallel over rows.
#pragma once

#include "kernels/convolution/convolution.h"

namespace nram::kernels {

// The pixel that a reflected border shows at position i of an axis.
inline int64_t mirrored(int64_t i, int64_t size) {
  return i < 0 ? -i : i < size ? i : 2 * (size - 1) - i;
}

// padded[n, a, b, c] = x[n, mirrored a - p, mirrored b - p, c]; padded is [N, H + 2p, W + 2p, C].
void reflect_border(const ConvolutionGeometry& geometry, const float* x, float* padded);
// The adjoint: x[n, a, b, c] = sum of all pixels of `padded` that reflect_border fills from it.
void fold_border(const ConvolutionGeometry& geometry, const float* padded, float* x);

// y[r, c] = f(y[r, c] + bias[c]) in place; `bias` may be null.
void add_bias_leaky_relu(float* y, const float* bias, int64_t rows, int64_t channels, float slope);

}  // namespace nram::kernels
