// The one place that knows cuDNN 9: convolutions and their two adjoints as graphs of its backend
// interface (never its deprecated calls), on NHWC tensors with pitches and OHWI weights. The
// library is loaded when first used. Plans are made from a description of a card, so that they can
// be made without one; running them takes one. Only engines that are deterministic and keep the
// precision that was asked for are proposed.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/common/view.h"
#include "kernels/convolution/convolution.h"

namespace nram::cudnn {

using kernels::ConvolutionGeometry;
using kernels::ConvolutionPass;

// "9.19.0 (built with 9.19.0), /usr/lib/libcudnn.so.9", or why there is none.
std::string version();
// 91900 for 9.19.0; 0 where the library is not there.
int loaded_version();

// What one graph computes. Zero padding. Passes as in convolution.h: kData is the transposed
// convolution, which takes bias and slope too; kWeights takes neither.
struct Convolution {
  ConvolutionPass pass = ConvolutionPass::kForward;
  ConvolutionGeometry geometry;
  DType dtype = DType::kFloat32;         // of x, y and the weights
  DType weight_dtype = DType::kFloat32;  // of the weights, or of their gradient
  bool tf32 = false;                     // float32 operands may be rounded to TF32
  bool bias = false;                     // one value an output channel, of the weights' dtype
  float slope = 1;                       // LeakyReLU of the output; 1: none
  int64_t x_pitch = 0, y_pitch = 0;      // elements from pixel to pixel
  int64_t alignment = 16;                // of all addresses, in bytes

  auto operator<=>(const Convolution&) const = default;
};

// Which of these is written follows from the pass: y, x (kData) or weights (kWeights).
struct ConvolutionMemory {
  void* x = nullptr;
  void* weights = nullptr;
  void* bias = nullptr;
  void* y = nullptr;
  void* workspace = nullptr;
};

// An implementation in the library, with the values of its knobs. Its text ("38 2=1 14=3") names
// it, for this graph and this version of the library.
struct Engine {
  int64_t index = 0;
  std::vector<std::pair<int, int64_t>> knobs;  // type, value
  bool compiled_at_run_time = false;           // seconds to make, as it is compiled

  std::string text() const;
  static Engine parse(const std::string& text);
  bool operator==(const Engine& other) const { return text() == other.text(); }
};

class Device {
 public:
  // The GPU of the current context; plans run on `stream` (a CUstream).
  static std::shared_ptr<const Device> of_stream(void* stream);
  // A card that is not here: its properties as the library writes them (JSON).
  static std::shared_ptr<const Device> described(const std::string& properties);

  std::string properties() const;

  struct State;
  explicit Device(std::unique_ptr<State> state);
  ~Device();
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

struct Proposals {
  std::vector<Engine> engines;        // the fastest first, as the library's heuristics think
  std::vector<std::string> rejected;  // those left out, with the reason
};

// Throws Error, with the library's reason, where it does not take the graph at all.
Proposals propose(const Device& device, const Convolution& problem);

// Throws Error where the engine does not take the problem on this card.
class Plan {
 public:
  Plan(std::shared_ptr<const Device> device, const Convolution& problem, const Engine& engine);
  ~Plan();
  size_t workspace_bytes() const;
  // Enqueues on the device's stream.
  void run(const ConvolutionMemory& memory) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nram::cudnn
