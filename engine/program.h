// A compiled graph: fused, planned into one arena, run as one flat list of kernel calls. After
// compile, a run allocates nothing.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/plan.h"

namespace nram {

struct CompileOptions {
  bool fuse = true;               // apply the rewrite rules (rewrite.h)
  bool in_place = true;           // let ops write over inputs that die there
  bool concatenate_views = true;  // let producers write into their slice of a concatenation
  bool record = true;             // on GPUs: repeat the steps as one recorded graph
  bool plan_only = false;         // find out what memory it needs; it cannot run
  bool poison_freed = false;      // overwrite memory with NaN as soon as it is free (tests)
};

class Program {
 public:
  struct Step {
    const Op* op = nullptr;
    std::string label;
    std::string range;  // its name on timelines: op and label
    Attributes attributes;
    std::vector<View> inputs;
    std::vector<View> outputs;
    void* workspace = nullptr;
    size_t workspace_bytes = 0;
    Cost cost;
    std::vector<View> freed;  // for poison_freed
  };

  // `fetches` can be read after each run. Throws a user error if the arena does not fit in memory.
  Program(const Graph& graph, const std::vector<Variable>& fetches, Device& device,
          const CompileOptions& options = {});

  // Sets an input (of Graph::input), which keeps its value until set again.
  void set(Variable input, std::span<const float> values) const;
  void set(Variable input, std::span<const double> values) const;
  // One pass over all steps. GPUs may still be at work on return: fetch waits. `times`, if given,
  // gets one entry a step (its size must be steps().size()).
  void run(std::vector<StepTime>* times = nullptr);
  // As run, but stops at the first step whose output is not finite and returns its index.
  std::optional<size_t> run_until_not_finite();

  // A fetched variable, or an input.
  std::vector<float> fetch(Variable variable) const;
  std::vector<double> fetch_doubles(Variable variable) const;

  const std::vector<Step>& steps() const { return steps_; }
  Device& device() const { return device_; }
  // Bytes of the arena (activations, gradients, workspaces), and of the inputs and constants beside
  // it.
  int64_t arena_bytes() const { return arena_bytes_; }
  int64_t input_bytes() const { return input_bytes_; }
  // What every step reads and writes of the arena, for check_plan.
  const std::vector<StepAccess>& accesses() const { return accesses_; }
  const std::vector<Access>& kept() const { return kept_; }
  double flops() const;

 private:
  friend class Compiler;
  const Tensor& bound(Variable variable) const;
  template <class T>
  void set_input(Variable input, std::span<const T> values) const;
  void execute(const Step& step) const;
  void execute_all() const;
  bool finite(const View& view) const;

  Device& device_;
  std::shared_ptr<Buffer> arena_;
  std::shared_ptr<Buffer> inputs_;
  std::unique_ptr<Staging> staging_;      // GPUs only
  std::unique_ptr<Recording> recording_;  // GPUs only, from the second run on
  bool ran_ = false;
  std::vector<Step> steps_;
  struct Binding {
    Variable variable;
    Tensor tensor;
  };
  std::vector<Binding> bindings_;  // inputs and fetches
  std::vector<StepAccess> accesses_;
  std::vector<Access> kept_;
  int64_t arena_bytes_ = 0;
  int64_t input_bytes_ = 0;
  CompileOptions options_;
};

}  // namespace nram
