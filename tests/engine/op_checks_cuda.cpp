#include <algorithm>
#include <bit>

#include "tests/engine/gpu.h"
#include "tests/engine/op_checks.h"
#include "tests/engine/op_checks_common.h"

namespace nram::harness {
namespace {

// A way to run a row on the GPU.
struct Mode {
  const char* name;
  bool tf32;
  bool bfloat16;
  double tolerance;
};

std::vector<Mode> modes_of(const Op& op) {
  std::vector<Mode> modes = {{"float32", false, false, op.tolerance}};
  if (op.tolerance_tf32 > 0) modes.push_back({"TF32", true, false, op.tolerance_tf32});
  if (op.bfloat16_inputs != 0) modes.push_back({"bfloat16", false, true, op.tolerance_bfloat16});
  return modes;
}

// The inputs as the GPU gets them, and the same numbers in float32 for the reference.
struct Inputs {
  std::vector<HostTensor> gpu;
  std::vector<HostTensor> reference;
};

Inputs inputs_for(const Op& op, const Sample& sample, const Mode& mode) {
  Inputs inputs;
  inputs.gpu = inputs.reference = input_values(sample, DType::kFloat32);
  if (!mode.bfloat16) return inputs;
  for (size_t i = 0; i < inputs.gpu.size(); ++i) {
    if ((op.bfloat16_inputs >> i & 1) == 0) continue;
    HostTensor rounded({inputs.gpu[i].spec.shape, DType::kBFloat16});
    for (int64_t e = 0; e < rounded.count(); ++e) {
      rounded.set(e, inputs.gpu[i].get(e));
      inputs.reference[i].set(e, rounded.get(e));
    }
    inputs.gpu[i] = rounded;
  }
  return inputs;
}

std::vector<Placement> placements_of(const Op& op, const Sample& sample,
                                     const std::vector<HostTensor>& inputs) {
  std::vector<Placement> placements;
  const std::vector<TensorSpec> specs = specs_of(inputs);
  const std::vector<TensorSpec> outputs = op.infer(specs, sample.attributes);
  if (op.pitched) {
    const uint32_t wide_inputs = rank_four(specs);
    const uint32_t wide_outputs = rank_four(outputs);
    if (wide_inputs != 0 || wide_outputs != 0) {
      placements = wide_placements(wide_inputs, wide_outputs);
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if ((op.in_place_inputs >> i & 1) == 0 || outputs.at(0) != inputs[i].spec) continue;
    placements.push_back({0, 0, static_cast<int>(i)});
    if (op.pitched && inputs[i].spec.shape.rank() == 4) {
      placements.push_back({1u << i, 0, static_cast<int>(i)});
    }
  }
  return placements;
}

bool has_cuda(const Op& op) { return op.run[static_cast<size_t>(Target::kCuda)] != nullptr; }

}  // namespace

Failures check_cuda(const Op& op, const Sample& sample) {
  if (!has_cuda(op)) return {"the row has no cuda kernel"};
  Failures failures;
  if (!reference_can(op, sample)) return failures;
  for (const Mode& mode : modes_of(op)) {
    const Inputs inputs = inputs_for(op, sample, mode);
    const Outcome reference = execute(op, Target::kReference, inputs.reference, sample.attributes);
    GpuMode gpu_mode;
    if (mode.tf32) gpu_mode.allow_tf32();
    Outcome first;
    for (int seed = 0; seed < (sample.benchmark || !gpu_is_simulated() ? 1 : 3); ++seed) {
      gpu_mode.schedule(seed);
      const std::string what = text("cuda, ", mode.name, ", schedule ", seed);
      const Outcome outcome = execute(op, Target::kCuda, inputs.gpu, sample.attributes);
      append(failures, outcome.failures);
      if (seed != 0) {
        check_same_bits(outcome, first, what, failures);
        continue;
      }
      check_finite(outcome, what, failures);
      check_close(outcome, reference, mode.tolerance, what, failures);
      first = outcome;
    }
  }
  return failures;
}

Failures check_cuda_placements(const Op& op, const Sample& sample) {
  Failures failures;
  if (!has_cuda(op) || sample.benchmark) return failures;
  for (const Mode& mode : modes_of(op)) {
    const Inputs inputs = inputs_for(op, sample, mode);
    const std::vector<Placement> placements = placements_of(op, sample, inputs.gpu);
    if (placements.empty()) continue;
    const Outcome reference = execute(op, Target::kReference, inputs.reference, sample.attributes);
    GpuMode gpu_mode;
    if (mode.tf32) gpu_mode.allow_tf32();
    for (const Placement& placement : placements) {
      const Outcome outcome = execute(op, Target::kCuda, inputs.gpu, sample.attributes, placement);
      append(failures, outcome.failures);
      check_close(outcome, reference, mode.tolerance,
                  text("cuda, ", mode.name, ", channel slices (inputs ", placement.wide_inputs,
                       ", outputs ", placement.wide_outputs, " as bit masks), in place of input ",
                       placement.in_place),
                  failures);
    }
  }
  return failures;
}

Failures check_cuda_architectures(const Op& op, const Sample& sample) {
  Failures failures;
  if (!has_cuda(op) || sample.benchmark || !reference_can(op, sample)) return failures;
  for (const Mode& mode : modes_of(op)) {
    const Inputs inputs = inputs_for(op, sample, mode);
    const Outcome reference = execute(op, Target::kReference, inputs.reference, sample.attributes);
    for (const int architecture : ptx_architectures()) {
      GpuMode gpu_mode;
      gpu_mode.use_ptx(architecture);
      if (mode.tf32) gpu_mode.allow_tf32();
      const std::string what = text("compute_", architecture, ", ", mode.name);
      const Outcome outcome = execute(op, Target::kCuda, inputs.gpu, sample.attributes);
      for (const std::string& failure : outcome.failures) failures.push_back(what + ": " + failure);
      check_finite(outcome, what, failures);
      check_close(outcome, reference, mode.tolerance, what, failures);
    }
  }
  return failures;
}

}  // namespace nram::harness
