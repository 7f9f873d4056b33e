// Runs one row of the op table on guarded memory, outside of any program, and watches what it does
// to memory.
#pragma once

#include <string>
#include <vector>

#include "engine/op.h"
#include "tests/engine/host_tensor.h"

namespace nram::harness {

using Failures = std::vector<std::string>;

// Where the tensors of a call lie.
struct Placement {
  uint32_t wide_inputs = 0;   // bit i: input i is a channel slice of a wider tensor
  uint32_t wide_outputs = 0;  // bit o: so is output o
  int in_place = -1;          // output 0 lies on this input's memory
};

struct Outcome {
  std::vector<HostTensor> outputs;
  // Guards that were written to, inputs that were changed, an exception.
  Failures failures;
};

// Outputs and workspace start as NaN. Outputs that update an input lie on its memory.
Outcome execute(const Op& op, Target target, const std::vector<HostTensor>& inputs,
                const Attributes& attributes, const Placement& placement = {});

std::vector<TensorSpec> specs_of(const std::vector<HostTensor>& tensors);

}  // namespace nram::harness
