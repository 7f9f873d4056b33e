// Computes a graph node by node on the reference target, each call on guarded memory of its own. It
// shares nothing with the compiler and the memory planner, so that they can be tested against it.
#pragma once

#include <map>
#include <vector>

#include "engine/graph.h"
#include "tests/engine/op_execution.h"

namespace nram::harness {

// The values of all nodes so far, by node and output; what execute() found goes to `failures`.
class GraphEvaluator {
 public:
  explicit GraphEvaluator(const Graph& graph) : graph_(graph) {}
  // The value of an input node; throws Error unless the specs agree.
  void set(Variable input, const HostTensor& value);
  // Computes every node up to `variable` that it has not computed yet.
  const HostTensor& value(Variable variable);
  const Failures& failures() const { return failures_; }

 private:
  void compute(int node);
  const Graph& graph_;
  std::map<int, std::vector<HostTensor>> values_;
  Failures failures_;
};

}  // namespace nram::harness
