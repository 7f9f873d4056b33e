#include "engine/rewrite.h"

#include <cstring>

namespace nram {

Rewriter::Rewriter(const Graph& graph, const std::vector<Variable>& fetches)
    : graph_(&graph), nodes_(graph.nodes()), wanted_(fetches) {
  for (const Graph::Assignment& assignment : graph.assignments()) {
    wanted_.push_back(assignment.value);
  }
  index_users();
}

void Rewriter::index_users() {
  users_.assign(nodes_.size(), {});
  for (size_t i = 0; i < nodes_.size(); ++i) users_[i].resize(nodes_[i].outputs.size());
  const std::vector<bool> alive = live();
  const auto add_user = [&](Variable variable, User user) {
    users_[static_cast<size_t>(variable.node())][static_cast<size_t>(variable.output())].push_back(
        user);
  };
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!alive[i]) continue;
    for (size_t k = 0; k < nodes_[i].inputs.size(); ++k) {
      add_user(nodes_[i].inputs[k], {static_cast<int>(i), static_cast<int>(k)});
    }
  }
  for (const Variable& variable : wanted_) add_user(variable, {-1, 0});
}

Variable Rewriter::resolve(Variable variable) const {
  for (const auto& [from, to] : redirects_) {
    if (variable == from) variable = to;
  }
  return variable;
}

std::vector<Rewriter::User> Rewriter::users(int node, int output) const {
  return users_[static_cast<size_t>(node)][static_cast<size_t>(output)];
}

const Rewriter::User* Rewriter::only_user(int node, int output) const {
  const std::vector<User>& all = users_[static_cast<size_t>(node)][static_cast<size_t>(output)];
  return all.size() == 1 && all[0].node >= 0 ? &all[0] : nullptr;
}

bool Rewriter::is(int node, const char* op_name) const {
  const Op* op = node >= 0 ? nodes_[static_cast<size_t>(node)].op : nullptr;
  return op != nullptr && std::strcmp(op->name, op_name) == 0;
}

void Rewriter::replace(int index, const Op& op, std::vector<Variable> inputs,
                       const Attributes& attributes) {
  Node& node = nodes_[static_cast<size_t>(index)];
  std::vector<TensorSpec> specs;
  for (const Variable& input : inputs) {
    specs.push_back(
        nodes_[static_cast<size_t>(input.node())].outputs[static_cast<size_t>(input.output())]);
  }
  node.op = &op;
  node.inputs = std::move(inputs);
  node.attributes = attributes;
  node.outputs = op.infer(specs, attributes);
  index_users();
}

void Rewriter::redirect(Variable from, Variable to) {
  for (Node& node : nodes_) {
    for (Variable& input : node.inputs) {
      if (input == from) input = to;
    }
  }
  for (Variable& variable : wanted_) {
    if (variable == from) variable = to;
  }
  redirects_.emplace_back(from, to);
  index_users();
}

bool Rewriter::used_only_after(Variable variable, int node) const {
  for (const User& user : users(variable.node(), variable.output())) {
    if (user.node >= 0 && user.node <= node) return false;
  }
  return true;
}

Variable Rewriter::variable(int node, int output) const {
  return Variable(const_cast<Graph*>(graph_), node, output);
}

std::vector<bool> Rewriter::live() const {
  std::vector<bool> alive(nodes_.size(), false);
  for (const Variable& variable : wanted_) alive[static_cast<size_t>(variable.node())] = true;
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    if (node.op != nullptr) {
      for (const int updated : node.op->updates) alive[i] = alive[i] || updated >= 0;
    }
    if (!alive[i]) continue;
    for (const Variable& input : node.inputs) alive[static_cast<size_t>(input.node())] = true;
  }
  return alive;
}

std::vector<int> apply_rules(Rewriter& rewriter, const std::vector<RewriteRule>& rules) {
  std::vector<int> used(rules.size(), 0);
  for (size_t r = 0; r < rules.size(); ++r) {
    for (int i = 0; i < static_cast<int>(rewriter.nodes().size()); ++i) {
      if (rewriter.node(i).kind == NodeKind::kOp && rules[r].apply(rewriter, i)) ++used[r];
    }
  }
  return used;
}

}  // namespace nram
