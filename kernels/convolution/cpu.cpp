#include "kernels/convolution/border.h"
#include "kernels/convolution/convolution.h"
#include "kernels/vendor/onednn.h"

namespace nram::kernels {
namespace {

onednn::Convolution problem_of(onednn::Pass pass, const ConvolutionGeometry& geometry,
                               bool bias = false, float slope = 1) {
  const ConvolutionGeometry g =
      geometry.padding_mode == PaddingMode::kReflect ? geometry.padded() : geometry;
  onednn::Convolution problem;
  problem.pass = pass;
  problem.batch = g.batch;
  problem.height = g.height;
  problem.width = g.width;
  problem.channels = g.channels;
  problem.output_height = g.output_height;
  problem.output_width = g.output_width;
  problem.output_channels = g.output_channels;
  problem.kernel_height = g.kernel_height;
  problem.kernel_width = g.kernel_width;
  problem.stride = g.stride;
  problem.padding = g.padding;
  problem.bias = bias;
  problem.slope = slope;
  return problem;
}

// Bytes of the input with its reflected border, which heads the workspace; 0 without a border.
size_t border_bytes(const ConvolutionGeometry& g) {
  if (g.padding_mode != PaddingMode::kReflect) return 0;
  return (static_cast<size_t>(g.padded().input_count()) * sizeof(float) + 63) / 64 * 64;
}

void check_workspace(const Call& call, size_t needed) {
  NRAM_CHECK(call.workspace_bytes >= needed, "the workspace has ", call.workspace_bytes,
             " bytes, not ", needed, ": was the number of threads changed after compiling?");
}

// The input as the convolution reads it: with its border when that is reflected.
void* bordered_input(const ConvolutionGeometry& g, const Call& call) {
  if (border_bytes(g) == 0) return call.in(0).data;
  reflect_border(g, call.in(0).as<float>(), static_cast<float*>(call.workspace));
  return call.workspace;
}

}  // namespace

size_t convolution_cpu_workspace(const ConvolutionGeometry& g, bool bias, float slope) {
  return border_bytes(g) + onednn::workspace(problem_of(onednn::Pass::kForward, g, bias, slope));
}

size_t transposed_convolution_cpu_workspace(const ConvolutionGeometry& g) {
  return border_bytes(g) + onednn::workspace(problem_of(onednn::Pass::kData, g));
}

size_t convolution_weight_gradient_cpu_workspace(const ConvolutionGeometry& g) {
  return border_bytes(g) + onednn::workspace(problem_of(onednn::Pass::kWeights, g));
}

void convolution_cpu(const Call& call) {
  const auto attributes = call.get<ConvolutionAttributes>();
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const ConvolutionGeometry g = geometry_of(x.shape, y.shape, w.shape[1], w.shape[2], attributes);
  const bool bias = call.input_count == 3;
  check_workspace(call, convolution_cpu_workspace(g, bias, attributes.slope));
  onednn::run(problem_of(onednn::Pass::kForward, g, bias, attributes.slope),
              {.x = bordered_input(g, call),
               .weights = w.data,
               .bias = bias ? call.in(2).data : nullptr,
               .y = y.data,
               .workspace = static_cast<char*>(call.workspace) + border_bytes(g)});
}

void transposed_convolution_cpu(const Call& call) {
  const auto attributes = call.get<TransposedConvolutionAttributes>().convolution;
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const ConvolutionGeometry g = geometry_of(y.shape, x.shape, w.shape[1], w.shape[2], attributes);
  check_workspace(call, transposed_convolution_cpu_workspace(g));
  const size_t border = border_bytes(g);
  onednn::run(problem_of(onednn::Pass::kData, g),
              {.x = border > 0 ? call.workspace : y.data,
               .weights = w.data,
               .y = x.data,
               .workspace = static_cast<char*>(call.workspace) + border});
  if (border > 0) fold_border(g, static_cast<const float*>(call.workspace), y.as<float>());
  add_bias_leaky_relu(y.as<float>(), call.input_count == 3 ? call.in(2).as<float>() : nullptr,
                      y.rows(), y.channels(), attributes.slope);
}

void convolution_weight_gradient_cpu(const Call& call) {
  const auto attributes = call.get<ConvolutionWeightGradientAttributes>();
  const View &x = call.in(0), &dy = call.in(1), &dw = call.out(0);
  const ConvolutionGeometry g = geometry_of(x.shape, dy.shape, attributes.kernel_height,
                                            attributes.kernel_width, attributes.convolution);
  check_workspace(call, convolution_weight_gradient_cpu_workspace(g));
  onednn::run(problem_of(onednn::Pass::kWeights, g),
              {.x = bordered_input(g, call),
               .weights = dw.data,
               .y = dy.data,
               .workspace = static_cast<char*>(call.workspace) + border_bytes(g)});
}

std::string convolution_cpu_implementation(ConvolutionPass pass, const ConvolutionGeometry& g,
                                           bool bias, float slope) {
  if (pass == ConvolutionPass::kForward) {
    return onednn::implementation(problem_of(onednn::Pass::kForward, g, bias, slope));
  }
  return onednn::implementation(
      problem_of(pass == ConvolutionPass::kData ? onednn::Pass::kData : onednn::Pass::kWeights, g));
}

}  // namespace nram::kernels
