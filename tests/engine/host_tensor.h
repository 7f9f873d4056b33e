// Dense tensors in plain host memory, for tests: values of any dtype, filled from a seed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/op.h"

namespace nram::harness {

struct HostTensor {
  TensorSpec spec;
  std::vector<std::byte> bytes;

  HostTensor() = default;
  explicit HostTensor(const TensorSpec& spec)
      : spec(spec), bytes(static_cast<size_t>(spec.bytes())) {}
  int64_t count() const { return spec.shape.count(); }
  // Element i, converted from or rounded to the dtype.
  double get(int64_t i) const;
  void set(int64_t i, double value);
  bool operator==(const HostTensor&) const = default;
};

// The values that `fill` describes. They depend on `stream` alone and are exact in float32, so that
// the float32 and the float64 tensor of one stream hold the same numbers.
HostTensor filled(const TensorSpec& spec, Fill fill, uint64_t stream);

// The inputs of a sample; every float32 one becomes `real` (float32 or float64).
std::vector<TensorSpec> input_specs(const Sample& sample, DType real);
std::vector<HostTensor> input_values(const Sample& sample, DType real);

// How far two tensors of one spec lie apart: max |value - reference| over the root mean square of
// the reference. Infinite as soon as one element of either is not finite.
struct Distance {
  double error = 0;
  int64_t at = 0;  // where the largest difference, or the first element that is not finite, lies
};
Distance distance(const HostTensor& value, const HostTensor& reference);

// Index of the first element that is not finite, or -1.
int64_t first_not_finite(const HostTensor& tensor);
// Index of the first element whose bits differ, or -1. Specs are equal.
int64_t first_difference(const HostTensor& a, const HostTensor& b);

// "value 3.5 at element 17 [0,1,2,3]".
std::string describe_element(const HostTensor& tensor, int64_t i);

}  // namespace nram::harness
