#include "kernels/vendor/cuda_problem.h"

#include <algorithm>

#include "kernels/common/launch.h"
#include "kernels/vendor/cuda_selection.h"

namespace nram::vendor {
namespace {

using kernels::ConvolutionAttributes;
using kernels::ConvolutionGeometry;
using kernels::ConvolutionPass;

// What libraries read and write 16 bytes at a time.
constexpr int64_t kAlignment = 16;

bool aligned(const View& view) { return reinterpret_cast<uintptr_t>(view.data) % kAlignment == 0; }

bool aligned(const Call& call) {
  const auto all = [](const View* views, int count) {
    return std::all_of(views, views + count, [](const View& view) { return aligned(view); });
  };
  return all(call.inputs, call.input_count) && all(call.outputs, call.output_count);
}

ConvolutionGeometry geometry_of_pass(const Call& call, ConvolutionPass pass, float& slope) {
  const auto with = [&](const View& x, const View& y, int64_t kernel_height, int64_t kernel_width,
                        const ConvolutionAttributes& attributes) {
    slope = attributes.slope;
    return kernels::geometry_of(x.shape, y.shape, kernel_height, kernel_width, attributes);
  };
  if (pass == ConvolutionPass::kWeights) {
    const auto a = call.get<kernels::ConvolutionWeightGradientAttributes>();
    return with(call.in(0), call.in(1), a.kernel_height, a.kernel_width, a.convolution);
  }
  const Shape& w = call.in(1).shape;
  if (pass == ConvolutionPass::kForward) {
    return with(call.in(0), call.out(0), w[1], w[2], call.get<ConvolutionAttributes>());
  }
  return with(call.out(0), call.in(0), w[1], w[2],
              call.get<kernels::TransposedConvolutionAttributes>().convolution);
}

const char* name_of(ConvolutionPass pass) {
  constexpr const char* kNames[] = {"forward", "data", "weights"};
  return kNames[static_cast<int>(pass)];
}

Facts facts_of(const cudnn::Convolution& p) {
  const ConvolutionGeometry& g = p.geometry;
  const bool reflect = g.padding_mode == kernels::PaddingMode::kReflect;
  return Facts()
      .add("convolution", name_of(p.pass))
      .add("batch", g.batch)
      .add("image", text(g.height, "x", g.width, "x", g.channels))
      .add("output", text(g.output_height, "x", g.output_width, "x", g.output_channels))
      .add("kernel", text(g.kernel_height, "x", g.kernel_width))
      .add("stride", g.stride)
      .add("padding", text(g.padding, reflect ? " reflected" : ""))
      .add("dtype", p.dtype)
      .add("weights", p.weight_dtype)
      .add("tf32", p.tf32)
      .add("bias", p.bias)
      .add("slope", p.slope)
      .add("pitches", text(p.x_pitch, "/", p.y_pitch))
      .add("alignment", p.alignment);
}

Facts facts_of(const GramProblem& p) {
  return Facts()
      .add("gram", p.gradient ? "gradient" : "forward")
      .add("features", text(p.batch, "x", p.rows, "x", p.channels))
      .add("dtype", p.dtype)
      .add("matrices", p.matrix_dtype)
      .add("tf32", p.tf32)
      .add("pitches", text(p.feature_pitch, "/", p.result_pitch))
      .add("alignment", p.alignment);
}

}  // namespace

std::optional<Problem> convolution_problem(const Call& call, ConvolutionPass pass) {
  cudnn::Convolution problem;
  problem.pass = pass;
  problem.geometry = geometry_of_pass(call, pass, problem.slope);
  if (problem.geometry.padding_mode != kernels::PaddingMode::kZeros || !aligned(call)) return {};
  const bool weights = pass == ConvolutionPass::kWeights;
  if (weights) problem.slope = 1;
  problem.dtype = call.in(0).dtype;
  problem.weight_dtype = weights ? call.out(0).dtype : call.in(1).dtype;
  problem.tf32 = problem.dtype == DType::kFloat32 && call.launcher->tf32();
  problem.bias = !weights && call.input_count == 3;
  if (problem.bias && call.in(2).dtype != problem.weight_dtype) return {};
  if (!weights && call.out(0).dtype != problem.dtype) return {};
  const View& y = weights ? call.in(1) : call.out(0);
  const bool data = pass == ConvolutionPass::kData;
  problem.x_pitch = data ? y.pitch : call.in(0).pitch;
  problem.y_pitch = data ? call.in(0).pitch : y.pitch;
  problem.alignment = kAlignment;
  return problem;
}

std::optional<Problem> gram_problem(const Call& call, bool gradient) {
  const View& features = call.in(gradient ? 1 : 0);
  const View& matrices = gradient ? call.in(0) : call.out(0);
  GramProblem problem;
  problem.gradient = gradient;
  problem.batch = features.shape[0];
  problem.rows = features.shape[1] * features.shape[2];
  problem.channels = features.shape[3];
  problem.dtype = features.dtype;
  problem.matrix_dtype = matrices.dtype;
  problem.tf32 = problem.dtype == DType::kFloat32 && call.launcher->tf32();
  problem.feature_pitch = features.pitch;
  problem.result_pitch = call.out(0).pitch;
  problem.alignment = kAlignment;
  // The gradient multiplies features with matrices, which must then be of one type.
  if (gradient && (problem.matrix_dtype != problem.dtype || call.out(0).dtype != problem.dtype)) {
    return {};
  }
  const int64_t vector = kAlignment / size_of(problem.dtype);
  const bool rows_aligned = problem.feature_pitch % vector == 0 &&
                            problem.result_pitch % vector == 0 && problem.channels % vector == 0;
  if (!rows_aligned || !matrices.dense() || !aligned(call)) return {};
  return problem;
}

std::string describe(const Problem& problem) {
  return std::visit([](const auto& p) { return facts_of(p).add("deterministic", true).text(); },
                    problem);
}

double tolerance(const Problem& problem) {
  return std::visit(
      [](const auto& p) {
        if (p.dtype == DType::kBFloat16) return 3e-2;
        return p.tf32 ? 1e-2 : 2e-4;  // float32: as far off as Winograd's algorithm
      },
      problem);
}

}  // namespace nram::vendor
