// The one place that knows oneDNN: float32 convolutions and matrix products on the CPU, for its 2.x
// and 3.x interfaces. Primitives are created once per problem and number of OpenMP threads and
// kept; a call only sets pointers and runs, and takes all scratch memory from the caller's
// workspace. Calls of one problem from several host threads take turns.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

namespace nram::onednn {

// "2.6.3 (built with 2.6.3)": the library loaded and the headers compiled against.
std::string version();

enum class Pass : uint8_t {
  kForward,  // y from x, weights, bias
  kData,     // dx (in x) from dy (in y), weights
  kWeights,  // dw (in weights) from x, dy (in y)
};

// Direct convolution in NHWC. Sizes from the view of the forward pass; zero padding; weights are
// OHWI.
struct Convolution {
  Pass pass = Pass::kForward;
  int64_t batch = 0, height = 0, width = 0, channels = 0;
  int64_t output_height = 0, output_width = 0, output_channels = 0;
  int64_t kernel_height = 0, kernel_width = 0;
  int64_t stride = 1, padding = 0;
  bool bias = false;  // forward only
  float slope = 1;    // forward only: LeakyReLU of the output
  auto operator<=>(const Convolution&) const = default;
};

// Which of these is written follows from the pass. All but bias are aligned to 64 bytes.
struct ConvolutionMemory {
  void* x = nullptr;
  void* weights = nullptr;
  void* bias = nullptr;
  void* y = nullptr;
  void* workspace = nullptr;
};

// Name of the code that runs; one that starts with "ref" is orders of magnitude too slow.
std::string implementation(const Convolution& problem);
size_t workspace(const Convolution& problem);
void run(const Convolution& problem, const ConvolutionMemory& memory);

// c[i] = scale a[i] b[i] for i < batch: a [m,k] (or its transpose, stored [k,m]), b [k,n], c [m,n],
// all dense.
struct MatrixProduct {
  int64_t batch = 1, m = 0, n = 0, k = 0;
  bool transpose_a = false;
  float scale = 1;
  auto operator<=>(const MatrixProduct&) const = default;
};

std::string implementation(const MatrixProduct& problem);
size_t workspace(const MatrixProduct& problem);
void run(const MatrixProduct& problem, const float* a, const float* b, float* c, void* workspace);

}  // namespace nram::onednn
