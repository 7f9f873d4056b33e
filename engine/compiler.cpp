#include "engine/compiler.h"

#include <algorithm>
#include <cstring>

#include "engine/ops/concatenate.h"
#include "kernels/concatenate/concatenate.h"

namespace nram {

Compiler::Compiler(const Graph& graph, const std::vector<Variable>& fetches, Program& program,
                   const CompileOptions& options)
    : graph_(graph),
      fetches_(fetches),
      program_(program),
      options_(options),
      rewriter_(graph, fetches) {}

void Compiler::compile() {
  if (options_.fuse) apply_rules(rewriter_, rewrite_rules());
  live_ = rewriter_.live();
  make_values();
  place_leaves();
  place_assignments();
  place_views();
  place_rest();
  emit_steps();
  find_lifetimes();
  if (options_.in_place) share_in_place();
  add_workspaces();
  allocate();
  if (!options_.plan_only) fill_program();
}

int Compiler::value_of(Variable variable) const {
  return node_values_[static_cast<size_t>(variable.node())][static_cast<size_t>(variable.output())];
}

int Compiler::add_value(const TensorSpec& spec) {
  Value value;
  value.spec = spec;
  value.pitch = spec.shape.channels();
  values_.push_back(value);
  return static_cast<int>(values_.size()) - 1;
}

int Compiler::add_storage(Home home, int64_t bytes) {
  Storage storage;
  storage.home = home;
  storage.bytes = bytes;
  storages_.push_back(storage);
  return static_cast<int>(storages_.size()) - 1;
}

void Compiler::give_own_storage(int value, Home home) {
  values_[static_cast<size_t>(value)].storage =
      add_storage(home, values_[static_cast<size_t>(value)].spec.bytes());
}

void Compiler::make_values() {
  node_values_.resize(rewriter_.nodes().size());
  for (size_t i = 0; i < node_values_.size(); ++i) {
    for (const TensorSpec& spec : rewriter_.nodes()[i].outputs) {
      node_values_[i].push_back(add_value(spec));
    }
  }
}

void Compiler::place_leaves() {
  for (size_t i = 0; i < node_values_.size(); ++i) {
    const Node& node = rewriter_.nodes()[i];
    if (node.kind == NodeKind::kExternal) {
      Value& value = values_[static_cast<size_t>(node_values_[i][0])];
      value.storage = add_storage(Home::kExternal, 0);
      storage(value.storage).external = node.external.view().as<std::byte>();
      value.pitch = node.external.view().pitch;
    } else if (node.kind != NodeKind::kOp && (live_[i] || node.kind == NodeKind::kInput)) {
      give_own_storage(node_values_[i][0], Home::kInputs);
    } else if (node.kind == NodeKind::kOp && live_[i]) {
      for (size_t o = 0; o < node.op->updates.size(); ++o) {
        if (node.op->updates[o] < 0) continue;
        const int updated = value_of(node.inputs[static_cast<size_t>(node.op->updates[o])]);
        values_[static_cast<size_t>(node_values_[i][o])] = values_[static_cast<size_t>(updated)];
      }
    }
  }
}

// A value that is assigned to outside memory is computed there, unless something else owns its
// place.
void Compiler::place_assignments() {
  const auto& assignments = graph_.assignments();
  for (size_t a = 0; a < assignments.size(); ++a) {
    const Variable variable = rewriter_.resolve(assignments[a].value);
    const int index = value_of(variable);
    Value& value = values_[static_cast<size_t>(index)];
    const Node& node = rewriter_.node(variable.node());
    const View& to = assignments[a].destination.view();
    const bool movable = node.kind == NodeKind::kOp && value.storage < 0 && node.op != &kSlice &&
                         node.op != &kConcatenate && (to.dense() || node.op->pitched);
    if (!movable) {
      extra_copies_.emplace_back(static_cast<int>(a), index);
      continue;
    }
    value.storage = add_storage(Home::kExternal, 0);
    storage(value.storage).external = to.as<std::byte>();
    value.pitch = to.pitch;
  }
}

void Compiler::place_views() {
  for (size_t i = 0; i < node_values_.size(); ++i) {
    if (live_[i] && rewriter_.nodes()[i].op == &kConcatenate)
      place_concatenation(static_cast<int>(i));
  }
}

bool Compiler::can_write_slice(Variable part, int concatenation) const {
  const Node& producer = rewriter_.node(part.node());
  const int index = value_of(part);
  if (producer.kind != NodeKind::kOp || !producer.op->pitched || producer.op == &kSlice ||
      producer.op == &kConcatenate || values_[static_cast<size_t>(index)].storage >= 0) {
    return false;
  }
  // A user that wants dense memory would need a copy: then the concatenation copies instead.
  for (const Rewriter::User& user : rewriter_.users(part.node(), part.output())) {
    if (user.node < 0 || user.node == concatenation) continue;
    if (!rewriter_.node(user.node).op->pitched) return false;
  }
  return true;
}

void Compiler::place_concatenation(int node) {
  const int whole = node_values_[static_cast<size_t>(node)][0];
  give_own_storage(whole, Home::kArena);
  int64_t begin = 0;
  for (const Variable& part : rewriter_.node(node).inputs) {
    Value& value = values_[static_cast<size_t>(value_of(part))];
    const int64_t channels = value.spec.shape.channels();
    if (options_.concatenate_views && can_write_slice(part, node)) {
      value.storage = storage_of(whole);
      value.offset = begin;
      value.pitch = values_[static_cast<size_t>(whole)].spec.shape.channels();
      slice_of_[value_of(part)] = node;
      part_of_[value_of(part)] = whole;
    }
    begin += channels;
  }
}

void Compiler::place_rest() {
  for (size_t i = 0; i < node_values_.size(); ++i) {
    const Node& node = rewriter_.nodes()[i];
    if (!live_[i] || node.kind != NodeKind::kOp) continue;
    if (node.op == &kSlice) {
      const Value& source = values_[static_cast<size_t>(value_of(node.inputs[0]))];
      Value& view = values_[static_cast<size_t>(node_values_[i][0])];
      view.storage = source.storage;
      view.offset = source.offset + node.attributes.as<kernels::SliceAttributes>().begin;
      view.pitch = source.pitch;
      part_of_[node_values_[i][0]] = value_of(node.inputs[0]);
      continue;
    }
    for (const int value : node_values_[i]) {
      if (storage_of(value) < 0) give_own_storage(value, Home::kArena);
    }
  }
}

void Compiler::emit_copy(int from, int to, const std::string& label) {
  steps_.push_back({&kCopy, label, {}, {from}, {to}});
}

int Compiler::dense_copy(int value, const std::string& label) {
  const auto found = dense_copies_.find(value);
  if (found != dense_copies_.end()) return found->second;
  const int copy = add_value(values_[static_cast<size_t>(value)].spec);
  give_own_storage(copy, Home::kArena);
  emit_copy(value, copy, label);
  dense_copies_[value] = copy;
  return copy;
}

void Compiler::emit_concatenation(int node) {
  const Node& concatenation = rewriter_.node(node);
  const int whole = node_values_[static_cast<size_t>(node)][0];
  int64_t begin = 0;
  for (const Variable& part : concatenation.inputs) {
    const int value = value_of(part);
    const TensorSpec spec = values_[static_cast<size_t>(value)].spec;
    const auto placed = slice_of_.find(value);
    const bool there = placed != slice_of_.end() && placed->second == node &&
                       values_[static_cast<size_t>(value)].offset == begin;
    if (!there) {
      const int slice = add_value(spec);
      values_[static_cast<size_t>(slice)].storage = storage_of(whole);
      values_[static_cast<size_t>(slice)].offset = begin;
      values_[static_cast<size_t>(slice)].pitch =
          values_[static_cast<size_t>(whole)].spec.shape.channels();
      part_of_[slice] = whole;
      emit_copy(value, slice, concatenation.label);
    }
    begin += spec.shape.channels();
  }
}

void Compiler::emit_node(int index) {
  const Node& node = rewriter_.node(index);
  if (node.op == &kSlice) return;
  if (node.op == &kConcatenate) return emit_concatenation(index);
  PlannedStep step{
      node.op, node.label, node.attributes, {}, node_values_[static_cast<size_t>(index)]};
  for (const Variable& input : node.inputs) {
    int value = value_of(input);
    const Value& placed = values_[static_cast<size_t>(value)];
    if (!node.op->pitched && !placed.dense()) value = dense_copy(value, node.label);
    step.inputs.push_back(value);
  }
  steps_.push_back(std::move(step));
}

void Compiler::emit_steps() {
  const auto& assignments = graph_.assignments();
  size_t next_copy = 0;
  const auto emit_copies_before = [&](int node) {
    for (; next_copy < extra_copies_.size(); ++next_copy) {
      const auto [index, from] = extra_copies_[next_copy];
      const Graph::Assignment& assignment = assignments[static_cast<size_t>(index)];
      if (assignment.position > node) return;
      const int to = add_value(assignment.destination.spec());
      values_[static_cast<size_t>(to)].storage = add_storage(Home::kExternal, 0);
      values_[static_cast<size_t>(to)].pitch = assignment.destination.view().pitch;
      storages_.back().external = assignment.destination.view().as<std::byte>();
      emit_copy(from, to, "assign");
    }
  };
  const int count = static_cast<int>(rewriter_.nodes().size());
  for (int i = 0; i < count; ++i) {
    emit_copies_before(i);
    if (live_[static_cast<size_t>(i)] && rewriter_.node(i).kind == NodeKind::kOp) emit_node(i);
  }
  emit_copies_before(count);
}

void Compiler::find_lifetimes() {
  for (int s = 0; s < static_cast<int>(steps_.size()); ++s) {
    const PlannedStep& step = steps_[static_cast<size_t>(s)];
    for (const auto* list : {&step.inputs, &step.outputs}) {
      for (const int value : *list) {
        Storage& home = storage(storage_of(value));
        if (home.first < 0) home.first = s;
        home.last = s;
      }
    }
  }
  for (const Variable& fetch : fetches_) {
    Storage& home = storage(storage_of(value_of(rewriter_.resolve(fetch))));
    home.kept = true;
    home.last = static_cast<int>(steps_.size());
  }
}

bool Compiler::try_in_place(int s, int input) {
  const PlannedStep& step = steps_[static_cast<size_t>(s)];
  if (input >= static_cast<int>(step.inputs.size())) return false;
  const Value& from = values_[static_cast<size_t>(step.inputs[static_cast<size_t>(input)])];
  Value& to = values_[static_cast<size_t>(step.outputs[0])];
  Storage& source = storage(from.storage);
  Storage& target = storage(to.storage);
  const bool possible = from.storage != to.storage && source.home == Home::kArena &&
                        target.home == Home::kArena && !source.kept && source.last == s &&
                        target.first == s && from.spec == to.spec && from.dense() && to.dense() &&
                        from.offset == 0 && to.offset == 0 && source.bytes == target.bytes;
  if (!possible) return false;
  const int replaced = to.storage;
  source.last = target.last;
  source.kept = target.kept;
  target.first = target.last = -1;
  for (Value& value : values_) {
    if (value.storage == replaced) value.storage = from.storage;
  }
  return true;
}

void Compiler::share_in_place() {
  for (int s = 0; s < static_cast<int>(steps_.size()); ++s) {
    const uint32_t allowed = steps_[static_cast<size_t>(s)].op->in_place_inputs;
    for (int input = 0; input < 8; ++input) {
      if (((allowed >> input) & 1u) != 0 && try_in_place(s, input)) break;
    }
  }
}

// As view_of, before there is memory: the address holds up to multiples of 64.
View Compiler::placeholder_of(int index) const {
  const Value& value = values_[static_cast<size_t>(index)];
  const Storage& home = storages_[static_cast<size_t>(value.storage)];
  const auto base = reinterpret_cast<uintptr_t>(home.external);
  const auto offset = static_cast<uintptr_t>(value.offset * size_of(value.spec.dtype));
  return View(reinterpret_cast<void*>(base + offset), value.spec.shape, value.spec.dtype,
              value.pitch);
}

size_t Compiler::chosen_workspace(const PlannedStep& step, size_t own_bytes) const {
  Device& device = program_.device();
  if (device.launcher() == nullptr) return 0;
  std::vector<View> inputs;
  std::vector<View> outputs;
  for (const int value : step.inputs) inputs.push_back(placeholder_of(value));
  for (const int value : step.outputs) outputs.push_back(placeholder_of(value));
  Call call;
  call.inputs = inputs.data();
  call.input_count = static_cast<int>(inputs.size());
  call.outputs = outputs.data();
  call.output_count = static_cast<int>(outputs.size());
  call.attributes = &step.attributes;
  call.workspace_bytes = own_bytes;
  call.launcher = device.launcher();
  return device.choose(*step.op, call, !options_.plan_only);
}

void Compiler::add_workspaces() {
  for (int s = 0; s < static_cast<int>(steps_.size()); ++s) {
    PlannedStep& step = steps_[static_cast<size_t>(s)];
    std::vector<TensorSpec> inputs;
    std::vector<TensorSpec> outputs;
    for (const int value : step.inputs) inputs.push_back(values_[static_cast<size_t>(value)].spec);
    for (const int value : step.outputs)
      outputs.push_back(values_[static_cast<size_t>(value)].spec);
    const size_t own =
        step.op->workspace == nullptr
            ? 0
            : step.op->workspace(program_.device().target(), inputs, outputs, step.attributes);
    const size_t bytes = std::max(own, chosen_workspace(step, own));
    if (bytes == 0) continue;
    step.workspace = add_storage(Home::kArena, static_cast<int64_t>(bytes));
    storages_.back().first = storages_.back().last = s;
  }
}

void Compiler::allocate() {
  std::vector<Block> blocks;
  std::vector<size_t> homes;
  int64_t input_bytes = 0;
  for (size_t i = 0; i < storages_.size(); ++i) {
    Storage& home = storages_[i];
    if (home.home == Home::kInputs) {
      home.offset = input_bytes;
      input_bytes += (home.bytes + 63) / 64 * 64;
    } else if (home.home == Home::kArena && home.first >= 0) {
      blocks.push_back({home.bytes, home.first, home.last});
      homes.push_back(i);
    }
  }
  program_.arena_bytes_ = plan_memory(blocks);
  program_.input_bytes_ = input_bytes;
  for (size_t i = 0; i < blocks.size(); ++i) storages_[homes[i]].offset = blocks[i].offset;
  if (options_.plan_only) return;
  Device& device = program_.device();
  program_.arena_ = std::make_shared<Buffer>(device, static_cast<size_t>(program_.arena_bytes_));
  program_.inputs_ = std::make_shared<Buffer>(device, static_cast<size_t>(input_bytes));
}

View Compiler::view_of(int index) const {
  const Value& value = values_[static_cast<size_t>(index)];
  const Storage& home = storages_[static_cast<size_t>(value.storage)];
  std::byte* base = home.home == Home::kExternal ? home.external
                    : home.home == Home::kArena  ? program_.arena_->data() + home.offset
                                                 : program_.inputs_->data() + home.offset;
  return View(base + value.offset * size_of(value.spec.dtype), value.spec.shape, value.spec.dtype,
              value.pitch);
}

bool Compiler::in_arena(int value) const {
  return storages_[static_cast<size_t>(storage_of(value))].home == Home::kArena;
}

int Compiler::content_of(int value) const {
  for (auto at = part_of_.find(value); at != part_of_.end(); at = part_of_.find(value)) {
    value = at->second;
  }
  return value;
}

Access Compiler::access_of(int index) const {
  const Value& value = values_[static_cast<size_t>(index)];
  const int64_t size = size_of(value.spec.dtype);
  const Storage& home = storages_[static_cast<size_t>(value.storage)];
  return {content_of(index), home.offset + value.offset * size, value.spec.shape.rows(),
          value.spec.shape.channels() * size, value.pitch * size};
}

}  // namespace nram
