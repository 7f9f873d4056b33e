#include "kernels/convolution/border.h"
#include "kernels/convolution/convolution.h"
#include "kernels/convolution/cpu_paths.h"
#include "kernels/convolution/winograd_kernels.h"

namespace nram::kernels {
namespace {

using onednn::Pass;

// The same convolution with zero padding: a reflected border becomes part of the image.
ConvolutionGeometry bordered(const ConvolutionGeometry& g) {
  return g.padding_mode == PaddingMode::kReflect ? g.padded() : g;
}

// Bytes of the bordered image, which heads the workspace; 0 where there is no need for one.
size_t border_bytes(const ConvolutionGeometry& g) {
  if (g.padding_mode != PaddingMode::kReflect) return 0;
  return round_to_line(static_cast<size_t>(g.padded().input_count()) * sizeof(float));
}

size_t weight_bytes(const ConvolutionGeometry& g) {
  return round_to_line(static_cast<size_t>(g.weight_count()) * sizeof(float));
}

// Whether dx is computed as a narrow convolution of dy.
bool narrow_data_takes(const ConvolutionGeometry& g) {
  return g.stride == 1 && g.kernel_height == g.kernel_width &&
         bordered(g).padding < g.kernel_height && narrow_takes(data_gradient_geometry(g));
}

void check_workspace(const Call& call, size_t needed) {
  NRAM_CHECK(call.workspace_bytes >= needed, "the workspace has ", call.workspace_bytes,
             " bytes, not ", needed,
             ": was the number of threads or the choice of algorithms changed after compiling?");
}

// The input as the convolution reads it: with its border when that is reflected.
void* bordered_input(const ConvolutionGeometry& g, const Call& call) {
  if (border_bytes(g) == 0) return call.in(0).data;
  reflect_border(g, call.in(0).as<float>(), static_cast<float*>(call.workspace));
  return call.workspace;
}

const float* bias_of(const Call& call) {
  return call.input_count == 3 ? call.in(2).as<float>() : nullptr;
}

}  // namespace

onednn::Convolution problem_of(Pass pass, const ConvolutionGeometry& g, bool bias, float slope) {
  NRAM_CHECK(g.padding_mode == PaddingMode::kZeros, "oneDNN pads with zeros only");
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

size_t convolution_cpu_workspace(const ConvolutionGeometry& g, bool bias, float slope) {
  if (double_sums()) return double_sums_workspace();
  if (narrow_takes(g)) return narrow_workspace(g);
  if (winograd_takes(Pass::kForward, g)) return winograd_workspace(Pass::kForward, g);
  return border_bytes(g) + onednn::workspace(problem_of(Pass::kForward, bordered(g), bias, slope));
}

void convolution_cpu(const Call& call) {
  const auto attributes = call.get<ConvolutionAttributes>();
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const ConvolutionGeometry g = geometry_of(x.shape, y.shape, w.shape[1], w.shape[2], attributes);
  const float* const bias = bias_of(call);
  const float slope = attributes.slope;
  check_workspace(call, convolution_cpu_workspace(g, bias != nullptr, slope));
  if (double_sums()) {
    run_double_sums_forward(g, x.as<float>(), w.as<float>(), {bias, slope}, y.as<float>(),
                            call.workspace);
    return;
  }
  if (narrow_takes(g)) {
    run_narrow(g, x.as<float>(), w.as<float>(), {bias, slope}, y.as<float>(), call.workspace);
    return;
  }
  onednn::ConvolutionMemory memory = {.x = x.data,
                                      .weights = w.data,
                                      .bias = const_cast<float*>(bias),
                                      .y = y.data,
                                      .workspace = call.workspace};
  if (winograd_takes(Pass::kForward, g)) {
    run_winograd(Pass::kForward, g, memory, {bias, slope});
    return;
  }
  memory.x = bordered_input(g, call);
  memory.workspace = static_cast<char*>(call.workspace) + border_bytes(g);
  onednn::run(problem_of(Pass::kForward, bordered(g), bias != nullptr, slope), memory);
}

size_t transposed_convolution_cpu_workspace(const ConvolutionGeometry& g) {
  if (double_sums()) return border_bytes(g) + double_sums_workspace();
  const ConvolutionGeometry inner = bordered(g);
  if (narrow_data_takes(g)) {
    return border_bytes(g) + weight_bytes(g) + narrow_workspace(data_gradient_geometry(g));
  }
  return border_bytes(g) + (winograd_takes(Pass::kData, inner)
                                ? winograd_workspace(Pass::kData, inner)
                                : onednn::workspace(problem_of(Pass::kData, inner)));
}

void transposed_convolution_cpu(const Call& call) {
  const auto attributes = call.get<TransposedConvolutionAttributes>().convolution;
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const ConvolutionGeometry g = geometry_of(y.shape, x.shape, w.shape[1], w.shape[2], attributes);
  check_workspace(call, transposed_convolution_cpu_workspace(g));
  const ConvolutionGeometry inner = bordered(g);
  const size_t border = border_bytes(g);
  char* const rest = static_cast<char*>(call.workspace) + border;
  void* const target = border > 0 ? call.workspace : y.data;
  const onednn::ConvolutionMemory memory = {
      .x = target, .weights = w.data, .bias = nullptr, .y = x.data, .workspace = rest};
  if (double_sums()) {
    const Epilogue epilogue = {bias_of(call), attributes.slope};
    run_double_sums_data(inner, x.as<float>(), w.as<float>(), border > 0 ? Epilogue{} : epilogue,
                         static_cast<float*>(target), rest);
    if (border == 0) return;
  } else if (narrow_data_takes(g)) {
    flip_weights(g, w.as<float>(), reinterpret_cast<float*>(rest));
    run_narrow(data_gradient_geometry(g), x.as<float>(), reinterpret_cast<float*>(rest), {},
               static_cast<float*>(target), rest + weight_bytes(g));
  } else if (winograd_takes(Pass::kData, inner)) {
    if (border == 0) {
      run_winograd(Pass::kData, inner, memory, {bias_of(call), attributes.slope});
      return;
    }
    run_winograd(Pass::kData, inner, memory, {});  // bias and slope come after the folding
  } else {
    onednn::run(problem_of(Pass::kData, inner), memory);
  }
  if (border > 0) fold_border(g, static_cast<const float*>(call.workspace), y.as<float>());
  add_bias_leaky_relu(y.as<float>(), bias_of(call), y.rows(), y.channels(), attributes.slope);
}

size_t convolution_weight_gradient_cpu_workspace(const ConvolutionGeometry& g) {
  if (double_sums()) return double_sums_workspace();
  if (winograd_takes(Pass::kWeights, g)) return winograd_workspace(Pass::kWeights, g);
  const ConvolutionGeometry inner = bordered(g);
  return border_bytes(g) + (swapped_weights_takes(inner)
                                ? swapped_weights_workspace(inner)
                                : onednn::workspace(problem_of(Pass::kWeights, inner)));
}

void convolution_weight_gradient_cpu(const Call& call) {
  const auto attributes = call.get<ConvolutionWeightGradientAttributes>();
  const View &x = call.in(0), &dy = call.in(1), &dw = call.out(0);
  const ConvolutionGeometry g = geometry_of(x.shape, dy.shape, attributes.kernel_height,
                                            attributes.kernel_width, attributes.convolution);
  check_workspace(call, convolution_weight_gradient_cpu_workspace(g));
  if (double_sums()) {
    run_double_sums_weights(g, x.as<float>(), dy.as<float>(), dw.as<float>(), call.workspace);
    return;
  }
  onednn::ConvolutionMemory memory = {
      .x = x.data, .weights = dw.data, .bias = nullptr, .y = dy.data, .workspace = call.workspace};
  if (winograd_takes(Pass::kWeights, g)) {
    run_winograd(Pass::kWeights, g, memory, {});
    return;
  }
  const ConvolutionGeometry inner = bordered(g);
  memory.x = bordered_input(g, call);
  memory.workspace = static_cast<char*>(call.workspace) + border_bytes(g);
  if (swapped_weights_takes(inner)) {
    run_swapped_weights(inner, static_cast<const float*>(memory.x), dy.as<float>(), dw.as<float>(),
                        memory.workspace);
  } else {
    onednn::run(problem_of(Pass::kWeights, inner), memory);
  }
}

std::string convolution_cpu_implementation(ConvolutionPass pass, const ConvolutionGeometry& g,
                                           bool bias, float slope) {
  if (double_sums()) return "double sums";
  const ConvolutionGeometry inner = bordered(g);
  const Pass passes[] = {Pass::kForward, Pass::kData, Pass::kWeights};
  const Pass which = passes[static_cast<int>(pass)];
  if (which == Pass::kForward ? narrow_takes(g) : which == Pass::kData && narrow_data_takes(g)) {
    return "narrow";
  }
  if (winograd_takes(which, which == Pass::kData ? inner : g)) {
    return text("winograd ", winograd::kernels().name);
  }
  onednn::Convolution problem = problem_of(which, inner);
  if (which == Pass::kForward) {
    problem.bias = bias;
    problem.slope = slope;
  }
  std::string prefix = "onednn ";
  if (which == Pass::kWeights && swapped_weights_takes(inner)) {
    problem = problem_of(which, data_gradient_geometry(inner).padded());
    prefix = "onednn, roles swapped, ";
  }
  return prefix + onednn::implementation(problem);
}

}  // namespace nram::kernels
