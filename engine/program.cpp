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
    Program::Step step{planned.op, planned.label, planned.attributes, {}, {}, nullptr, 0, {}, {}};
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
  program_.poison_freed_ = options_.poison_freed;
}

Program::Program(const Graph& graph, const std::vector<Variable>& fetches, Device& device,
                 const CompileOptions& options)
    : device_(device) {
  Compiler(graph, fetches, *this, options).compile();
}

const Tensor& Program::bound(Variable variable) const {
  for (const Binding& binding : bindings_) {
    if (binding.variable == variable) return binding.tensor;
  }
  throw_internal("a variable that is neither an input nor fetched was asked for", __FILE__,
                 __LINE__);
}

void Program::set(Variable input, std::span<const float> values) const { bound(input).set(values); }
void Program::set(Variable input, std::span<const double> values) const {
  bound(input).set(values);
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

void execute(const Program::Step& step, Target target) {
  Call call;
  call.inputs = step.inputs.data();
  call.input_count = static_cast<int>(step.inputs.size());
  call.outputs = step.outputs.data();
  call.output_count = static_cast<int>(step.outputs.size());
  call.attributes = &step.attributes;
  call.workspace = step.workspace;
  call.workspace_bytes = step.workspace_bytes;
  step.op->run[static_cast<size_t>(target)](call);
}

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

bool finite(const View& view) {
  if (view.dtype == DType::kFloat64) return all_finite<double>(view);
  return view.dtype != DType::kFloat32 || all_finite<float>(view);
}

}  // namespace

void Program::run(std::vector<StepTime>* times) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto start = times != nullptr ? Clock::now() : Clock::time_point{};
    execute(steps_[i], device_.target());
    if (times != nullptr) {
      const auto end = Clock::now();
      (*times)[i] = {std::chrono::duration<double>(start - begin).count(),
                     std::chrono::duration<double>(end - start).count()};
    }
    if (poison_freed_) {
      for (const View& view : steps_[i].freed) {
        std::memset(view.data, 0xFF, static_cast<size_t>(view.shape.count()) * 4);
      }
    }
  }
}

std::optional<size_t> Program::run_until_not_finite() {
  for (size_t i = 0; i < steps_.size(); ++i) {
    execute(steps_[i], device_.target());
    for (const View& output : steps_[i].outputs) {
      if (!finite(output)) return i;
    }
  }
  return std::nullopt;
}

}  // namespace nram
