// A row of the op table: everything the engine, the tests, the benchmarks and the documentation
// know of an op. Rows live in engine/ops/, their arithmetic in kernels/.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/common/call.h"

namespace nram {

class GradientContext;

// Where an op runs; the columns of the table.
enum class Target : uint8_t { kReference, kCpu, kCuda };
constexpr int kTargetCount = 3;
const char* name_of(Target target);

// The cuda column: NRAM_CUDA_KERNEL(kernels::gram_cuda) in a row, empty in a build without CUDA.
#if NRAM_CUDA
#define NRAM_CUDA_KERNEL(kernel) kernel
constexpr bool kHasCuda = true;
#else
#define NRAM_CUDA_KERNEL(kernel) nullptr
constexpr bool kHasCuda = false;
#endif

// A tensor before it has memory.
struct TensorSpec {
  Shape shape;
  DType dtype = DType::kFloat32;
  bool operator==(const TensorSpec&) const = default;
  int64_t bytes() const { return shape.count() * size_of(dtype); }
};

using Specs = std::span<const TensorSpec>;

// Work of one call: floating-point operations, and the bytes that must move if every tensor is read
// or written once.
struct Cost {
  double flops = 0;
  double bytes = 0;
};

// How a sample's input is filled: values of a normal distribution, or something an op needs
// instead.
enum class Fill : uint8_t {
  kNormal,        // N(0, 1)
  kImage,         // uniform in [-1, 1]
  kPositive,      // uniform in [0.5, 1.5]
  kKeypoints,     // [..., 2]: y, x inside and outside of a 64 x 48 image, some missing (-1)
  kDistinct,      // a permutation with gaps of at least 0.01: no ties for max
  kAwayFromZero,  // magnitude in [0.1, 1]: a kink at zero is out of reach of finite differences
};

// One test and benchmark case of an op: all dtypes float32 here; tests run it in float64 too.
struct Sample {
  std::string name;
  std::vector<Shape> inputs;
  Attributes attributes = {};
  std::vector<Fill> fills = {};  // missing entries: kNormal
  std::vector<int> differentiable =
      {};                  // inputs for finite differences; empty: all with a gradient
  bool benchmark = false;  // large enough to time
};

// A function that a row cannot do without: leaving it out of a row does not compile.
template <class Function>
class Required {
 public:
  template <class Callable>
  requires(
      std::is_convertible_v<Callable, Function*> &&
      !std::is_null_pointer_v<
          Callable>) constexpr Required(Callable function)  // NOLINT: conversion is the purpose
      : function_(function) {}
  constexpr operator Function*() const { return function_; }  // NOLINT

 private:
  Function* function_;
};

struct Op {
  const char* name = nullptr;
  const char* summary = nullptr;  // one sentence: formula and shapes, for the documentation
  // Output specs of these inputs; throws Error on shapes that do not fit.
  Required<std::vector<TensorSpec>(Specs inputs, const Attributes& attributes)> infer;
  std::array<Kernel, kTargetCount> run{};
  // Scratch memory in bytes for one call on a target; null: none.
  size_t (*workspace)(Target target, Specs inputs, Specs outputs, const Attributes&) = nullptr;
  // Appends the backward nodes; null: no gradient flows through this op.
  void (*gradient)(GradientContext& context) = nullptr;
  Required<Cost(Specs inputs, Specs outputs, const Attributes& attributes)> cost;
  Required<std::vector<Sample>()> samples;
  // Largest |result - reference| over the reference's root mean square, in float32.
  double tolerance = 1e-5;
  // The same on cuda where TF32 is allowed (0: the op has no TF32 path) and where the inputs named
  // in bfloat16_inputs are bfloat16; both against the reference in float32 on the rounded inputs.
  double tolerance_tf32 = 0;
  double tolerance_bfloat16 = 1e-2;
  // Bit i: on cuda, input i may be bfloat16, together with all others of this mask. 0: float32
  // only.
  uint32_t bfloat16_inputs = 0;
  // Bit i: output 0 may be written over input i when that input dies here (equal spec).
  uint32_t in_place_inputs = 0;
  // updates[o] = i: output o is input i's memory, changed in place (optimizer state). -1: an
  // ordinary output.
  std::vector<int> updates = {};
  // Inputs and outputs of rank 4 may be channel slices (pitch > channels). The compiler copies for
  // the rest.
  bool pitched = false;
};

// All rows in a fixed order.
std::span<const Op* const> op_table();
const Op* find_op(const std::string& name);

// Cost of reading all inputs and writing all outputs once, with `flops_per_element` per element of
// output 0.
Cost streaming_cost(Specs inputs, Specs outputs, double flops_per_element);

}  // namespace nram
