// Calls of the ops that libraries may run, on a launcher that has no GPU.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "kernels/common/launch.h"
#include "kernels/vendor/cuda_problem.h"

namespace nram::harness {

class HostLauncher : public Launcher {
 public:
  void fill(void* memory, uint8_t value, size_t bytes) override {
    std::memset(memory, value, bytes);
  }
  void copy(void* destination, const void* source, size_t bytes) override {
    std::memcpy(destination, source, bytes);
  }

 protected:
  void submit(const CudaKernel&, LaunchSize, LaunchSize, uint32_t, void**, const size_t*,
              size_t) override {
    throw_internal("nothing launches here", __FILE__, __LINE__);
  }
};

struct ProblemCall {
  enum class Op { kConvolution, kGram } op = Op::kConvolution;
  kernels::ConvolutionPass pass = kernels::ConvolutionPass::kForward;
  bool gradient = false;
  std::vector<View> inputs, outputs;
  Attributes attributes;
  std::vector<std::shared_ptr<std::vector<std::byte>>> memory;
  Call call;

  ProblemCall(std::vector<View> in, const View& out, const Attributes& with, Launcher* launcher)
      : inputs(std::move(in)), outputs{out}, attributes(with) {
    call.launcher = launcher;
  }
  std::optional<vendor::Problem> problem() {
    call.inputs = inputs.data();
    call.input_count = static_cast<int>(inputs.size());
    call.outputs = outputs.data();
    call.output_count = 1;
    call.attributes = &attributes;
    return op == Op::kGram ? vendor::gram_problem(call, gradient)
                           : vendor::convolution_problem(call, pass);
  }
  void give_memory() {
    const auto give = [&](View& view) {
      memory.push_back(std::make_shared<std::vector<std::byte>>(
          static_cast<size_t>(view.rows() * (view.pitch + 4) * 4)));
      view.data = memory.back()->data();
    };
    for (View& view : inputs) give(view);
    for (View& view : outputs) give(view);
    problem();
  }
};

inline View shape_only(const Shape& shape, DType dtype = DType::kFloat32) {
  return View(nullptr, shape, dtype);
}

// 3 x 3, padding 1, 7 x 6 pixels, 5 to 4 channels; forward and data with bias and slope 0.2.
inline ProblemCall convolution_call(kernels::ConvolutionPass pass, Launcher* launcher) {
  using kernels::ConvolutionPass;
  kernels::ConvolutionAttributes attributes;
  attributes.padding = 1;
  attributes.slope = pass == ConvolutionPass::kWeights ? 1.0f : 0.2f;
  const View x = shape_only({2, 7, 6, 5}), y = shape_only({2, 7, 6, 4}),
             w = shape_only({4, 3, 3, 5});
  ProblemCall call =
      pass == ConvolutionPass::kForward
          ? ProblemCall({x, w, shape_only({4})}, y, attributes, launcher)
      : pass == ConvolutionPass::kData
          ? ProblemCall({y, w, shape_only({5})}, x,
                        kernels::TransposedConvolutionAttributes{attributes, 7, 6}, launcher)
          : ProblemCall({x, y}, w, kernels::ConvolutionWeightGradientAttributes{attributes, 3, 3},
                        launcher);
  call.pass = pass;
  return call;
}

inline ProblemCall gram_call(bool gradient, Launcher* launcher) {
  const View features = shape_only({2, 3, 5, 8}), matrices = shape_only({2, 8, 8});
  ProblemCall call = gradient ? ProblemCall({matrices, features}, features, {}, launcher)
                              : ProblemCall({features}, matrices, {}, launcher);
  call.op = ProblemCall::Op::kGram;
  call.gradient = gradient;
  return call;
}

inline std::vector<ProblemCall> calls_of_every_op(Launcher* launcher) {
  using kernels::ConvolutionPass;
  return {convolution_call(ConvolutionPass::kForward, launcher),
          convolution_call(ConvolutionPass::kData, launcher),
          convolution_call(ConvolutionPass::kWeights, launcher), gram_call(false, launcher),
          gram_call(true, launcher)};
}

}  // namespace nram::harness
