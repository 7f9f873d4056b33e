#include "tests/engine/op_execution.h"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>

#include "tests/engine/gpu.h"
#include "tests/engine/guarded_memory.h"

namespace nram::harness {
namespace {

constexpr int64_t kGap = 5;

// The memory of one call.
struct Arena {
  std::vector<GuardedTensor> inputs;
  std::vector<GuardedTensor> own_outputs;
  std::vector<const GuardedTensor*> outputs;
  std::vector<bool> input_is_written;
};

int aliased_input(const Op& op, const Placement& placement, size_t output) {
  if (output < op.updates.size() && op.updates[output] >= 0) return op.updates[output];
  return output == 0 ? placement.in_place : -1;
}

Arena place(const Op& op, const std::vector<HostTensor>& inputs,
            const std::vector<TensorSpec>& outputs, const Placement& placement) {
  Arena arena;
  arena.input_is_written.resize(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    arena.inputs.emplace_back(inputs[i].spec, placement.wide_inputs >> i & 1 ? kGap : 0);
    arena.inputs.back().store(inputs[i]);
  }
  arena.own_outputs.reserve(outputs.size());
  for (size_t o = 0; o < outputs.size(); ++o) {
    const int alias = aliased_input(op, placement, o);
    if (alias < 0) {
      arena.own_outputs.emplace_back(outputs[o], placement.wide_outputs >> o & 1 ? kGap : 0);
      arena.outputs.push_back(&arena.own_outputs.back());
      continue;
    }
    const size_t i = static_cast<size_t>(alias);
    NRAM_CHECK(i < inputs.size() && inputs[i].spec == outputs[o], "output ", o,
               " cannot lie on input ", i, ", whose shape or type differs");
    arena.input_is_written[i] = true;
    arena.outputs.push_back(&arena.inputs[i]);
  }
  return arena;
}

std::vector<View> views_of(const std::vector<GuardedTensor>& tensors) {
  std::vector<View> views;
  for (const GuardedTensor& tensor : tensors) views.push_back(tensor.view());
  return views;
}

void inspect(const GuardedMemory& memory, const std::string& what, Failures& failures) {
  const std::string damage = memory.damage();
  if (!damage.empty()) failures.push_back(what + ": " + damage);
}

// A GPU's memory of exactly the bytes from a guarded memory's first row to its last, so that its
// own limits are the guards before and after. Rows start where they do on the host, but for whole
// multiples of 64 bytes; those that the host has not written count as unwritten.
class GpuMirror {
 public:
  GpuMirror(Device& device, const GuardedMemory& host, bool written)
      : device_(device), host_(host), offset_(reinterpret_cast<uintptr_t>(host.row(0)) % 64) {
    if (host.rows() == 0) return;
    bytes_ = static_cast<size_t>((host.rows() - 1) * host.pitch_bytes() + host.row_bytes());
    if (bytes_ == 0) return;
    memory_ = std::make_unique<Buffer>(device, offset_ + bytes_);
    if (written) {
      device.copy_in(row(0), host.row(0), bytes_);
      return;
    }
    const size_t gap = static_cast<size_t>(host.pitch_bytes() - host.row_bytes());
    for (int64_t r = 0; r + 1 < host.rows() && gap > 0; ++r) {
      device.copy_in(row(r) + host.row_bytes(), host.row(r) + host.row_bytes(), gap);
    }
  }
  std::byte* row(int64_t r) const {
    return memory_ ? memory_->data() + offset_ + r * host_.pitch_bytes() : nullptr;
  }
  // Everything, guards between rows included, back to the host.
  void fetch() const {
    if (memory_) device_.copy_out(host_.row(0), row(0), bytes_);
  }

 private:
  Device& device_;
  const GuardedMemory& host_;
  size_t offset_;
  size_t bytes_ = 0;
  std::unique_ptr<Buffer> memory_;
};

View moved(View view, const GpuMirror& mirror) {
  view.data = mirror.row(0);
  return view;
}

void run_on_gpu(const Op& op, const Arena& arena, const Attributes& attributes,
                const GuardedMemory& workspace, size_t workspace_bytes, Failures& failures) {
  try {
    Device& device = gpu();
    std::map<const GuardedMemory*, std::unique_ptr<GpuMirror>> mirrors;
    const auto mirror = [&](const GuardedMemory& memory, bool written) -> const GpuMirror& {
      return *(mirrors[&memory] = std::make_unique<GpuMirror>(device, memory, written));
    };
    std::vector<View> inputs;
    std::vector<View> outputs;
    for (const GuardedTensor& tensor : arena.inputs) {
      inputs.push_back(moved(tensor.view(), mirror(tensor.memory(), true)));
    }
    for (const GuardedTensor& tensor : arena.own_outputs) mirror(tensor.memory(), false);
    for (const GuardedTensor* tensor : arena.outputs) {
      outputs.push_back(moved(tensor->view(), *mirrors.at(&tensor->memory())));
    }
    Call call;
    call.inputs = inputs.data();
    call.input_count = static_cast<int>(inputs.size());
    call.outputs = outputs.data();
    call.output_count = static_cast<int>(outputs.size());
    call.attributes = &attributes;
    call.workspace = workspace_bytes == 0 ? nullptr : mirror(workspace, false).row(0);
    call.workspace_bytes = workspace_bytes;
    call.launcher = device.launcher();
    op.run[static_cast<size_t>(Target::kCuda)](call);
    device.finish();
    for (const auto& [memory, copy] : mirrors) {
      // What is left there, or was never written, is no result.
      if (memory != &workspace) copy->fetch();
    }
  } catch (const std::exception& error) {
    failures.push_back(text("the cuda kernel threw: ", error.what()));
  }
  for (const std::string& finding : take_findings()) failures.push_back(finding);
}

void run_on_host(const Op& op, Target target, const Arena& arena, const Attributes& attributes,
                 const GuardedMemory& workspace, size_t workspace_bytes, Failures& failures) {
  const std::vector<View> inputs = views_of(arena.inputs);
  std::vector<View> outputs;
  for (const GuardedTensor* tensor : arena.outputs) outputs.push_back(tensor->view());
  Call call;
  call.inputs = inputs.data();
  call.input_count = static_cast<int>(inputs.size());
  call.outputs = outputs.data();
  call.output_count = static_cast<int>(outputs.size());
  call.attributes = &attributes;
  call.workspace = workspace_bytes == 0 ? nullptr : workspace.row(0);
  call.workspace_bytes = workspace_bytes;
  std::vector<const GuardedMemory*> memories = {&workspace};
  for (const GuardedTensor& tensor : arena.inputs) memories.push_back(&tensor.memory());
  for (const GuardedTensor& tensor : arena.own_outputs) memories.push_back(&tensor.memory());
  for (const GuardedMemory* memory : memories) memory->close_guards();
  try {
    op.run[static_cast<size_t>(target)](call);
  } catch (const std::exception& error) {
    failures.push_back(text("the ", name_of(target), " kernel threw: ", error.what()));
  }
  for (const GuardedMemory* memory : memories) memory->open_guards();
}

}  // namespace

std::vector<TensorSpec> specs_of(const std::vector<HostTensor>& tensors) {
  std::vector<TensorSpec> specs;
  for (const HostTensor& tensor : tensors) specs.push_back(tensor.spec);
  return specs;
}

Outcome execute(const Op& op, Target target, const std::vector<HostTensor>& inputs,
                const Attributes& attributes, const Placement& placement) {
  Outcome outcome;
  const std::vector<TensorSpec> input_specs = specs_of(inputs);
  const std::vector<TensorSpec> output_specs = op.infer(input_specs, attributes);
  const Arena arena = place(op, inputs, output_specs, placement);
  const size_t workspace_bytes =
      op.workspace ? op.workspace(target, input_specs, output_specs, attributes) : 0;
  const int64_t size = static_cast<int64_t>(workspace_bytes);
  const GuardedMemory workspace(1, size, size, 0);

  if (target == Target::kCuda) {
    run_on_gpu(op, arena, attributes, workspace, workspace_bytes, outcome.failures);
  } else {
    run_on_host(op, target, arena, attributes, workspace, workspace_bytes, outcome.failures);
  }

  const std::string where = text(name_of(target), ", ");
  inspect(workspace, where + "workspace", outcome.failures);
  for (size_t i = 0; i < inputs.size(); ++i) {
    inspect(arena.inputs[i].memory(), text(where, "input ", i), outcome.failures);
    if (!arena.input_is_written[i] && arena.inputs[i].load() != inputs[i]) {
      outcome.failures.push_back(text(where, "input ", i, " was changed"));
    }
  }
  for (const GuardedTensor& tensor : arena.own_outputs) {
    inspect(tensor.memory(), text(where, "output of shape ", tensor.spec().shape),
            outcome.failures);
  }
  for (const GuardedTensor* tensor : arena.outputs) outcome.outputs.push_back(tensor->load());
  return outcome;
}

}  // namespace nram::harness
