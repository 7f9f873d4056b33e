// Bilinear resize as PyTorch's interpolate(align_corners=False) without antialiasing: output pixel
// i lies at max(0, (i + 0.5) * size_in / size_out - 0.5) of the input and is interpolated between
// its two neighbours there, the last one repeated. [N,H,W,C] -> [N,height,width,C].
// Backward: the transposed interpolation; dx has the shape that the attributes name.
#pragma once

#include <algorithm>

#include "kernels/common/call.h"

namespace nram::kernels {

struct ResizeAttributes {
  int32_t height;
  int32_t width;
};

// Along one axis: the output is (1 - weight) * in[low] + weight * in[high].
struct ResizeTap {
  int64_t low;
  int64_t high;
  double weight;
};

inline ResizeTap resize_tap(int64_t output, int64_t size_in, int64_t size_out) {
  const double ratio = static_cast<double>(size_in) / static_cast<double>(size_out);
  const double position = std::max(0.0, (static_cast<double>(output) + 0.5) * ratio - 0.5);
  const auto low = std::min(static_cast<int64_t>(position), size_in - 1);
  return {low, std::min(low + 1, size_in - 1), position - static_cast<double>(low)};
}

// Bytes of the cpu kernels' workspace: the taps of y's rows and columns, and a row of `source`, the
// tensor that the kernel reads, for each of `threads`.
size_t resize_workspace(const Shape& source, const Shape& y, int threads);

// inputs: x; outputs: y.
void resize_reference(const Call& call);
void resize_cpu(const Call& call);
void resize_cuda(const Call& call);
// inputs: dy; outputs: dx. The attributes give the size of x.
void resize_gradient_reference(const Call& call);
void resize_gradient_cpu(const Call& call);
void resize_gradient_cuda(const Call& call);

}  // namespace nram::kernels
