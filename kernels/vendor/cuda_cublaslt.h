// The one place that knows cuBLASLt: matrix products of row-major matrices (Gram matrices and their
// gradient, 1x1 convolutions). The library is loaded when first used. Only algorithms that sum in a
// fixed order are proposed: partial sums go through the workspace, never through atomics.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/common/view.h"

namespace nram::cublaslt {

// "13.1.0 (built with 13.1.0), /usr/lib/libcublasLt.so.13", or why there is none.
std::string version();
// 130100 for 13.1.0; 0 where the library is not there.
int loaded_version();

// c[i] = scale op(a[i]) op(b[i]) + keep c[i], i < batch, all row-major: op(a) [m,k] (a is stored
// [k,m] where it is transposed), op(b) [k,n] (or stored [n,k]), c [m,n]. Then the bias of each
// column is added, and ReLU taken.
struct MatrixProduct {
  int64_t batch = 1, m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  DType dtype = DType::kFloat32;         // of a and b
  DType result_dtype = DType::kFloat32;  // of c and the bias
  bool tf32 = false;                     // float32 operands may be rounded to TF32
  float scale = 1;
  float keep = 0;
  bool bias = false;  // [n]
  bool relu = false;
  int64_t a_pitch = 0, b_pitch = 0, c_pitch = 0;  // elements from row to row, as stored
  int64_t a_step = 0, b_step = 0, c_step = 0;     // elements from matrix to matrix of the batch
  uint32_t alignment = 16;                        // of all addresses, in bytes

  auto operator<=>(const MatrixProduct&) const = default;
};

struct MatrixMemory {
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  const void* bias = nullptr;
  void* workspace = nullptr;
};

// The library's own description of an algorithm with all its settings, for one version of it.
struct Algorithm {
  std::string code;  // 128 hexadecimal digits
  size_t workspace_bytes = 0;
};

class Plan {
 public:
  // Algorithms for the GPU of the current context, the fastest first as the library's heuristics
  // think. Throws Error where it takes no such product.
  static std::vector<Algorithm> propose(const MatrixProduct& problem, size_t workspace_limit);

  Plan(const MatrixProduct& problem, const Algorithm& algorithm);
  ~Plan();
  size_t workspace_bytes() const;
  // Enqueues on `stream` (a CUstream).
  void run(const MatrixMemory& memory, void* stream) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nram::cublaslt
