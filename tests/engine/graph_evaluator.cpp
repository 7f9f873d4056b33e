#include "tests/engine/graph_evaluator.h"

#include <cstring>

namespace nram::harness {

void GraphEvaluator::set(Variable input, const HostTensor& value) {
  NRAM_CHECK(input.spec() == value.spec, "an input of shape ", input.shape(),
             " was given a value of shape ", value.spec.shape);
  values_[input.node()] = {value};
}

const HostTensor& GraphEvaluator::value(Variable variable) {
  std::vector<bool> wanted(static_cast<size_t>(variable.node()) + 1, false);
  wanted.back() = true;
  for (int i = variable.node(); i >= 0; --i) {
    if (!wanted[static_cast<size_t>(i)] || values_.contains(i)) continue;
    for (const Variable& input : graph_.node(i).inputs) {
      wanted[static_cast<size_t>(input.node())] = true;
    }
  }
  for (int i = 0; i <= variable.node(); ++i) {
    if (wanted[static_cast<size_t>(i)] && !values_.contains(i)) compute(i);
  }
  return values_.at(variable.node()).at(static_cast<size_t>(variable.output()));
}

void GraphEvaluator::compute(int index) {
  const Node& node = graph_.node(index);
  if (node.kind == NodeKind::kOp) {
    std::vector<HostTensor> inputs;
    for (const Variable& input : node.inputs) {
      inputs.push_back(values_.at(input.node()).at(static_cast<size_t>(input.output())));
    }
    Outcome outcome = execute(*node.op, Target::kReference, inputs, node.attributes);
    for (const std::string& failure : outcome.failures) {
      failures_.push_back(text(node.op->name, ": ", failure));
    }
    values_[index] = std::move(outcome.outputs);
    return;
  }
  HostTensor value(node.outputs[0]);
  if (node.kind == NodeKind::kExternal) {
    node.external.device().copy_out(value.bytes.data(), node.external.view().data,
                                    value.bytes.size());
  } else {
    NRAM_CHECK(node.kind == NodeKind::kConstant, "input ", node.label, " was not set");
    for (int64_t i = 0; i < value.count(); ++i) value.set(i, node.value);
  }
  values_[index] = {std::move(value)};
}

}  // namespace nram::harness
