#include "engine/graph.h"

#include <algorithm>
#include <map>

namespace nram {

const TensorSpec& Variable::spec() const {
  NRAM_CHECK(valid(), "an empty variable has no shape");
  return graph_->node(node_).outputs[static_cast<size_t>(output_)];
}

Graph::Scope::Scope(Graph& graph, const std::string& name)
    : graph_(graph), length_(graph.scope_.size()) {
  if (!graph_.scope_.empty()) graph_.scope_ += '.';
  graph_.scope_ += name;
}

Graph::Scope::~Scope() { graph_.scope_.resize(length_); }

Variable Graph::add_node(Node node) {
  if (node.label.empty()) node.label = label_override_.empty() ? scope_ : label_override_;
  nodes_.push_back(std::move(node));
  return Variable(this, static_cast<int>(nodes_.size()) - 1, 0);
}

Variable Graph::input(const std::string& name, const Shape& shape, DType dtype) {
  Node node;
  node.kind = NodeKind::kInput;
  node.outputs = {{shape, dtype}};
  node.label = name;
  return add_node(std::move(node));
}

Variable Graph::external(const std::string& name, const Tensor& tensor) {
  Node node;
  node.kind = NodeKind::kExternal;
  node.outputs = {tensor.spec()};
  node.external = tensor;
  node.label = name;
  return add_node(std::move(node));
}

Variable Graph::constant(const Shape& shape, double value, DType dtype) {
  Node node;
  node.kind = NodeKind::kConstant;
  node.outputs = {{shape, dtype}};
  node.value = value;
  return add_node(std::move(node));
}

std::vector<Variable> Graph::append_all(const Op& op, const std::vector<Variable>& inputs,
                                        const Attributes& attributes) {
  std::vector<TensorSpec> specs;
  for (const Variable& input : inputs) {
    NRAM_CHECK(input.valid() && &input.graph() == this, op.name,
               " was given a variable of no or another graph");
    specs.push_back(input.spec());
  }
  Node node;
  node.op = &op;
  node.attributes = attributes;
  node.inputs = inputs;
  node.outputs = op.infer(specs, attributes);
  const int count = static_cast<int>(node.outputs.size());
  const int index = add_node(std::move(node)).node();
  std::vector<Variable> outputs;
  for (int i = 0; i < count; ++i) outputs.emplace_back(this, index, i);
  return outputs;
}

Variable Graph::append(const Op& op, const std::vector<Variable>& inputs,
                       const Attributes& attributes) {
  return append_all(op, inputs, attributes)[0];
}

void Graph::assign(const Tensor& destination, Variable variable) {
  NRAM_CHECK(destination.spec() == variable.spec(), "a value of shape ", variable.shape(),
             " is not assigned to memory of shape ", destination.shape());
  destinations_.push_back({variable, destination, static_cast<int>(nodes_.size())});
}

namespace {

// Which nodes depend on any of `parameters`: only they need gradients.
std::vector<bool> dependents(const std::vector<Node>& nodes,
                             const std::vector<Variable>& parameters) {
  std::vector<bool> depends(nodes.size(), false);
  for (const Variable& parameter : parameters)
    depends[static_cast<size_t>(parameter.node())] = true;
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const Variable& input : nodes[i].inputs) {
      if (depends[static_cast<size_t>(input.node())]) depends[i] = true;
    }
  }
  return depends;
}

// The sum of gradients that reach one value on several ways, in the order of `parts`.
Variable sum(Graph& graph, const std::vector<Variable>& parts) {
  const Op* add = find_op("add");
  constexpr size_t kMost = 8;
  Variable total = parts[0];
  for (size_t next = 1; next < parts.size();) {
    std::vector<Variable> group = {total};
    while (next < parts.size() && group.size() < kMost) group.push_back(parts[next++]);
    total = graph.append(*add, group);
  }
  return total;
}

}  // namespace

std::vector<Variable> Graph::vector_jacobian(const std::vector<Variable>& outputs,
                                             const std::vector<Variable>& seeds,
                                             const std::vector<Variable>& parameters) {
  NRAM_CHECK(outputs.size() == seeds.size(), "one seed for each output");
  const std::vector<bool> depends = dependents(nodes_, parameters);
  // Contributions to the gradient of each value, in the order in which they were found.
  std::map<std::pair<int, int>, std::vector<Variable>> contributions;
  int last = -1;
  for (size_t i = 0; i < outputs.size(); ++i) {
    NRAM_CHECK(outputs[i].spec() == seeds[i].spec(), "a seed has its output's shape");
    contributions[{outputs[i].node(), outputs[i].output()}].push_back(seeds[i]);
    last = std::max(last, outputs[i].node());
  }
  const auto total = [&](int node, int output) -> Variable {
    const auto found = contributions.find({node, output});
    if (found == contributions.end()) return {};
    std::vector<Variable>& parts = found->second;
    if (parts.size() > 1) parts = {sum(*this, parts)};
    return parts[0];
  };
  for (int i = last; i >= 0; --i) {
    const size_t index = static_cast<size_t>(i);
    if (!depends[index] || nodes_[index].kind != NodeKind::kOp) continue;
    label_override_ = nodes_[index].label + " (gradient)";
    std::vector<Variable> output_gradients;
    bool any = false;
    for (size_t o = 0; o < nodes_[index].outputs.size(); ++o) {
      output_gradients.push_back(total(i, static_cast<int>(o)));
      any = any || output_gradients.back().valid();
    }
    if (!any || nodes_[index].op->gradient == nullptr) continue;
    const std::vector<Variable> inputs = nodes_[index].inputs;
    std::vector<bool> needed;
    for (const Variable& input : inputs)
      needed.push_back(depends[static_cast<size_t>(input.node())]);
    GradientContext context(*this, i, std::move(output_gradients), needed);
    nodes_[index].op->gradient(context);
    for (size_t k = 0; k < inputs.size(); ++k) {
      const Variable gradient = context.result(static_cast<int>(k));
      if (!needed[k] || !gradient.valid()) continue;
      // The gradient of a bfloat16 value may stay as float32, as it was summed.
      NRAM_CHECK(gradient.spec() == inputs[k].spec() ||
                     (gradient.shape() == inputs[k].shape() &&
                      gradient.dtype() == DType::kFloat32 && inputs[k].dtype() == DType::kBFloat16),
                 node(i).op->name, ": the gradient of input ", k, " has shape ", gradient.shape(),
                 ", not ", inputs[k].shape());
      contributions[{inputs[k].node(), inputs[k].output()}].push_back(gradient);
    }
  }
  std::vector<Variable> result;
  for (const Variable& parameter : parameters) {
    label_override_ = node(parameter.node()).label + " (gradient)";
    const Variable gradient = total(parameter.node(), parameter.output());
    result.push_back(gradient.valid() ? gradient
                                      : constant(parameter.shape(), 0, parameter.dtype()));
  }
  label_override_.clear();
  return result;
}

std::vector<Variable> Graph::gradients(Variable loss, const std::vector<Variable>& parameters) {
  NRAM_CHECK(loss.shape().count() == 1, "gradients start from a scalar, not from ", loss.shape());
  return vector_jacobian({loss}, {constant(loss.shape(), 1, loss.dtype())}, parameters);
}

}  // namespace nram
