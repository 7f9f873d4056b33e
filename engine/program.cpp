#include "engine/program.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "engine/compiler.h"

namespace nram {

// The checker follows values by name, so that a whole read through a slice, and a slice of a whole,
// are followed under the name of the memory's current whole.
void Compiler::fill_program() {
  std::vector<std::vector<int>> freed_by(steps_.size());
  for (size_t i = 0; i < storages_.size(); ++i) {
    const Storage& home = storages_[i];
    if (home.home == Home::kArena && home.last >= 0 &&
        home.last < static_cast<int>(steps_.size())) {
      freed_by[static_cast<size_t>(home.last)].push_back(static_cast<int>(i));
    }
  }
  for (size_t s = 0; s < steps_.size(); ++s) {
    const PlannedStep& planned = steps_[s];
    Program::Step step;
    step.op = planned.op;
    step.label = planned.label;
    step.range = planned.label.empty() ? planned.op->name : text(planned.op->name, " ", step.label);
    step.attributes = planned.attributes;
    StepAccess access;
    access.name = text("step ", s, " (", planned.op->name, ", ", planned.label, ")");
    std::vector<TensorSpec> inputs;
    std::vector<TensorSpec> outputs;
    for (const int value : planned.inputs) {
      step.inputs.push_back(view_of(value));
      inputs.push_back(values_[static_cast<size_t>(value)].spec);
      if (in_arena(value)) access.reads.push_back(access_of(value));
    }
    if (planned.workspace >= 0) {
      const Storage& home = storages_[static_cast<size_t>(planned.workspace)];
      step.workspace = program_.arena_->data() + home.offset;
      step.workspace_bytes = static_cast<size_t>(home.bytes);
      access.writes.push_back({-1, home.offset, 1, home.bytes, home.bytes});
    }
    for (const int value : planned.outputs) {
      step.outputs.push_back(view_of(value));
      outputs.push_back(values_[static_cast<size_t>(value)].spec);
      if (in_arena(value)) access.writes.push_back(access_of(value));
    }
    step.cost = planned.op->cost(inputs, outputs, planned.attributes);
    for (const int freed : freed_by[s]) {
      const Storage& home = storages_[static_cast<size_t>(freed)];
      step.freed.emplace_back(program_.arena_->data() + home.offset, Shape{home.bytes / 4},
                              DType::kFloat32);
    }
    program_.steps_.push_back(std::move(step));
    program_.accesses_.push_back(std::move(access));
  }
  for (size_t i = 0; i < node_values_.size(); ++i) {
    const Node& node = rewriter_.nodes()[i];
    const bool constant = node.kind == NodeKind::kConstant && live_[i];
    if (node.kind != NodeKind::kInput && !constant) continue;
    const Tensor tensor(program_.inputs_, view_of(node_values_[i][0]));
    const size_t count = static_cast<size_t>(tensor.shape().count());
    tensor.set(std::vector<double>(count, constant ? node.value : 0.0));
    if (!constant)
      program_.bindings_.push_back({rewriter_.variable(static_cast<int>(i), 0), tensor});
  }
  for (const Variable& fetch : fetches_) {
    const int value = value_of(rewriter_.resolve(fetch));
    program_.bindings_.push_back({fetch, Tensor(program_.arena_, view_of(value))});
    if (in_arena(value)) program_.kept_.push_back(access_of(value));
  }
  program_.staging_ =
      program_.device().staging(program_.inputs_->data(), program_.inputs_->bytes());
}

Program::Program(const Graph& graph, const std::vector<Variable>& fetches, Device& device,
                 const CompileOptions& options)
    : device_(device), options_(options) {
  Compiler(graph, fetches, *this, options).compile();
}

const Tensor& Program::bound(Variable variable) const {
  for (const Binding& binding : bindings_) {
    if (binding.variable == variable) return binding.tensor;
  }
  throw_internal("a variable that is neither an input nor fetched was asked for", __FILE__,
                 __LINE__);
}

template <class T>
void Program::set_input(Variable input, std::span<const T> values) const {
  const Tensor& tensor = bound(input);
  if (!staging_) return tensor.set(values);
  NRAM_CHECK(tensor.dtype() == DType::kFloat32, "inputs of a GPU program are float32");
  NRAM_CHECK(static_cast<int64_t>(values.size()) == tensor.shape().count(), "an input of shape ",
             tensor.shape(), " is not set from ", values.size(), " values");
  const std::vector<float> host(values.begin(), values.end());
  staging_->set(tensor.view().data, host.data(), host.size() * sizeof(float));
}

void Program::set(Variable input, std::span<const float> values) const { set_input(input, values); }
void Program::set(Variable input, std::span<const double> values) const {
  set_input(input, values);
}
std::vector<float> Program::fetch(Variable variable) const { return bound(variable).to_floats(); }
std::vector<double> Program::fetch_doubles(Variable variable) const {
  return bound(variable).to_doubles();
}

double Program::flops() const {
  double total = 0;
  for (const Step& step : steps_) total += step.cost.flops;
  return total;
}

namespace {

class Range {
 public:
  Range(Device& device, const std::string& name) : device_(device) {
    device_.begin_range(name.c_str());
  }
  ~Range() { device_.end_range(); }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

 private:
  Device& device_;
};

}  // namespace

void Program::execute(const Step& step) const {
  Call call;
  call.inputs = step.inputs.data();
  call.input_count = static_cast<int>(step.inputs.size());
  call.outputs = step.outputs.data();
  call.output_count = static_cast<int>(step.outputs.size());
  call.attributes = &step.attributes;
  call.workspace = step.workspace;
  call.workspace_bytes = step.workspace_bytes;
  call.launcher = device_.launcher();
  const Range range(device_, step.range);
  step.op->run[static_cast<size_t>(device_.target())](call);
  if (!options_.poison_freed) return;
  for (const View& view : step.freed) {
    device_.fill(view.data, 0xFF, static_cast<size_t>(view.shape.count()) * 4);
  }
}

void Program::execute_all() const {
  for (const Step& step : steps_) execute(step);
}

namespace {

template <class T>
bool all_finite(const View& view) {
  for (int64_t r = 0; r < view.rows(); ++r) {
    const T* row = view.row<T>(r);
    for (int64_t c = 0; c < view.channels(); ++c) {
      if (!std::isfinite(row[c])) return false;
    }
  }
  return true;
}

}  // namespace

bool Program::finite(const View& view) const {
  if (device_.target() == Target::kCuda) {
    for (const double value : Tensor(arena_, view).to_doubles()) {
      if (!std::isfinite(value)) return false;
    }
    return true;
  }
  if (view.dtype == DType::kFloat64) return all_finite<double>(view);
  return view.dtype != DType::kFloat32 || all_finite<float>(view);
}

// The first run on a GPU enqueues the steps one by one, which loads what they need; the second
// records them, and from then on a run is one launch.
void Program::run(std::vector<StepTime>* times) {
  if (staging_) staging_->flush();
  if (times != nullptr) {
    device_.time_each(
        steps_.size(), [&](size_t i) { execute(steps_[i]); }, *times);
  } else if (recording_) {
    recording_->replay();
  } else if (ran_ && options_.record && device_.launcher() != nullptr) {
    recording_ = device_.record([&] { execute_all(); });
    recording_->replay();
  } else {
    execute_all();
  }
  ran_ = true;
}

std::optional<size_t> Program::run_until_not_finite() {
  if (staging_) staging_->flush();
  for (size_t i = 0; i < steps_.size(); ++i) {
    execute(steps_[i]);
    for (const View& output : steps_[i].outputs) {
      if (!finite(output)) return i;
    }
  }
  return std::nullopt;
}

}  // namespace nram
