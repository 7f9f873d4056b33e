// The problems that a vendor's library may solve in place of the project's own kernels: what a call
// asks for, with every fact that the speed of an answer depends on.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "kernels/common/call.h"
#include "kernels/vendor/cuda_cudnn.h"

namespace nram::vendor {

// Gram matrices of features [batch, rows, channels], or their gradient (gram.h).
struct GramProblem {
  bool gradient = false;
  int64_t batch = 0, rows = 0, channels = 0;
  DType dtype = DType::kFloat32;         // of the features and their gradient
  DType matrix_dtype = DType::kFloat32;  // of the Gram matrices and their gradient
  bool tf32 = false;
  int64_t feature_pitch = 0;  // elements from row to row, of the features as read
  int64_t result_pitch = 0;   // the same of the gradient as written
  int64_t alignment = 16;     // of all addresses, in bytes

  auto operator<=>(const GramProblem&) const = default;
};

using Problem = std::variant<cudnn::Convolution, GramProblem>;

// What a cuda launcher's call asks for; nothing where no library is to be asked: addresses that
// are not aligned, mirrored borders, mixed types. Only shapes, types, pitches and the alignment of
// addresses are looked at.
std::optional<Problem> convolution_problem(const Call& call, kernels::ConvolutionPass pass);
std::optional<Problem> gram_problem(const Call& call, bool gradient);

// Every fact in words: another value of any of them is another text.
std::string describe(const Problem& problem);

// Largest |difference| over the root mean square of the result that two implementations may have,
// whose order of summation differs.
double tolerance(const Problem& problem);

}  // namespace nram::vendor
