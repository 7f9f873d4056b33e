// From nodes to a program: places every value in memory, emits the steps, plans the arena. Internal
// to Program.
#pragma once

#include <map>
#include <vector>

#include "engine/program.h"
#include "engine/rewrite.h"

namespace nram {

class Compiler {
 public:
  Compiler(const Graph& graph, const std::vector<Variable>& fetches, Program& program,
           const CompileOptions& options);
  void compile();

 private:
  enum class Home : uint8_t { kArena, kInputs, kExternal };
  // A piece of memory with one lifetime. Several values may share it.
  struct Storage {
    Home home = Home::kArena;
    int64_t bytes = 0;
    int first = -1;
    int last = -1;
    bool kept = false;   // readable after the run
    int64_t offset = 0;  // arena or inputs
    std::byte* external = nullptr;
  };
  struct Value {
    TensorSpec spec;
    int storage = -1;
    int64_t offset = 0;  // in elements, from the storage's start
    int64_t pitch = 1;   // in elements
    bool dense() const { return pitch == spec.shape.channels(); }
  };
  struct PlannedStep {
    const Op* op;
    std::string label;
    Attributes attributes;
    std::vector<int> inputs;   // values
    std::vector<int> outputs;  // values
    int workspace = -1;        // storage
  };

  int value_of(Variable variable) const;
  int add_value(const TensorSpec& spec);
  int add_storage(Home home, int64_t bytes);
  int storage_of(int value) const { return values_[static_cast<size_t>(value)].storage; }
  Storage& storage(int index) { return storages_[static_cast<size_t>(index)]; }
  void give_own_storage(int value, Home home);

  void make_values();
  void place_leaves();
  void place_assignments();
  void place_views();
  void place_concatenation(int node);
  bool can_write_slice(Variable part, int concatenation) const;
  void place_rest();
  void emit_steps();
  void emit_node(int node);
  void emit_concatenation(int node);
  void emit_copy(int from, int to, const std::string& label);
  int dense_copy(int value, const std::string& label);
  void find_lifetimes();
  void share_in_place();
  bool try_in_place(int step, int input);
  void add_workspaces();
  size_t chosen_workspace(const PlannedStep& step, size_t own_bytes) const;
  View placeholder_of(int value) const;
  void allocate();
  void fill_program();
  View view_of(int value) const;
  Access access_of(int value) const;
  bool in_arena(int value) const;
  int content_of(int value) const;

  const Graph& graph_;
  const std::vector<Variable> fetches_;
  Program& program_;
  const CompileOptions options_;
  Rewriter rewriter_;
  std::vector<bool> live_;
  std::vector<std::vector<int>> node_values_;  // [node][output]
  std::vector<Value> values_;
  std::vector<Storage> storages_;
  std::vector<PlannedStep> steps_;
  std::vector<std::pair<int, int>>
      extra_copies_;                 // assignments that need a copy: (assignment, value)
  std::map<int, int> dense_copies_;  // value -> its dense copy
  std::map<int, int> slice_of_;      // value placed in a concatenation -> that node
  std::map<int, int> part_of_;       // a view -> the value whose bytes it shares
};

}  // namespace nram
