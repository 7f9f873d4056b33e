// Two-dimensional convolution in NHWC and its two adjoints; weights are OHWI.
//   convolution            y[n,i,j,o] = f(b[o] + sum_{u,v,c} x[n, i s + u - p, j s + v - p, c]
//   w[o,u,v,c]) transposed convolution y[n,a,b,c] = f(b[c] + sum over the (i,j,o,u,v) above that
//   read x[n,a,b,c]
//                                         of x[n,i,j,o] w[o,u,v,c])
//   weight gradient        dw[o,u,v,c] = sum_{n,i,j} x[n, i s + u - p, j s + v - p, c] dy[n,i,j,o]
// with stride s, padding p on every side and f the LeakyReLU of the given slope (1: none). Outside
// of the image x is zero or mirrored at the border pixel (reflect, p < height and width); the
// transposed convolution is the exact adjoint in both modes: it adds mirrored pixels back to where
// they were read from.
#pragma once

#include <string>

#include "kernels/common/call.h"

namespace nram::kernels {

enum class PaddingMode : int32_t { kZeros, kReflect };

struct ConvolutionAttributes {
  int32_t stride = 1;
  int32_t padding = 0;
  PaddingMode padding_mode = PaddingMode::kZeros;
  float slope = 1;  // LeakyReLU of the output, in [0, 1]: 1 for none, 0 for ReLU
};

// Output size given, because several sizes convolve to the same one when the stride is not 1.
struct TransposedConvolutionAttributes {
  ConvolutionAttributes convolution;
  int32_t height = 0;
  int32_t width = 0;
};

struct ConvolutionWeightGradientAttributes {
  ConvolutionAttributes convolution;  // the slope is not used
  int32_t kernel_height = 0;
  int32_t kernel_width = 0;
};

// The sizes of one convolution, named from the view of the forward pass whichever pass runs.
struct ConvolutionGeometry {
  int64_t batch = 0, height = 0, width = 0, channels = 0;
  int64_t output_height = 0, output_width = 0, output_channels = 0;
  int64_t kernel_height = 0, kernel_width = 0;
  int64_t stride = 1, padding = 0;
  PaddingMode padding_mode = PaddingMode::kZeros;

  auto operator<=>(const ConvolutionGeometry&) const = default;
  int64_t input_count() const { return batch * height * width * channels; }
  int64_t output_count() const { return batch * output_height * output_width * output_channels; }
  int64_t weight_count() const { return output_channels * kernel_height * kernel_width * channels; }
  // The same convolution on an input that already carries its border.
  ConvolutionGeometry padded() const;
};

// `input` is [N,H,W,C], `output` [N,H',W',O].
ConvolutionGeometry geometry_of(const Shape& input, const Shape& output, int64_t kernel_height,
                                int64_t kernel_width, const ConvolutionAttributes& attributes);

// inputs: x, w[O,kh,kw,C], optional b[O]; outputs: y.
void convolution_reference(const Call& call);
void convolution_cpu(const Call& call);
size_t convolution_cpu_workspace(const ConvolutionGeometry& geometry, bool bias, float slope);
// inputs: x[N,H',W',O], w[O,kh,kw,C], optional b[C]; outputs: y[N,H,W,C].
void transposed_convolution_reference(const Call& call);
void transposed_convolution_cpu(const Call& call);
size_t transposed_convolution_cpu_workspace(const ConvolutionGeometry& geometry);
// inputs: x[N,H,W,C], dy[N,H',W',O]; outputs: dw[O,kh,kw,C].
void convolution_weight_gradient_reference(const Call& call);
void convolution_weight_gradient_cpu(const Call& call);
size_t convolution_weight_gradient_cpu_workspace(const ConvolutionGeometry& geometry);

// Whether the cpu kernels may use Winograd's algorithm where it is faster (3x3, stride 1): on
// unless the environment has NRAM_WINOGRAD=0. Ask for it before programs are compiled: workspaces
// depend on it.
bool winograd_allowed();
void allow_winograd(bool allowed);

// Whether the cpu kernels add up in double, as the reference does, and round once: off unless
// switched on, as it takes several times as long. For comparisons with other implementations: at
// full size outputs are ten times nearer to those in double precision. Ask for it before programs
// are compiled.
bool double_sums();
void use_double_sums(bool use);

// What the cpu kernels run for a geometry, for reports: "onednn jit:avx512_core nhwc".
enum class ConvolutionPass { kForward, kData, kWeights };
std::string convolution_cpu_implementation(ConvolutionPass pass,
                                           const ConvolutionGeometry& geometry, bool bias,
                                           float slope);

// The cuda kernels (implicit_gemm.h, product_plan.h); the same inputs and outputs as above. Tensors
// are float32, or all bfloat16 but for a weight gradient's output, which is float32.
void convolution_cuda(const Call& call);
void transposed_convolution_cuda(const Call& call);
void convolution_weight_gradient_cuda(const Call& call);
size_t convolution_cuda_workspace(ConvolutionPass pass, const ConvolutionGeometry& geometry,
                                  DType dtype);

}  // namespace nram::kernels
