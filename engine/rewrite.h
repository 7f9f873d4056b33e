// Fusion by rewrite rules: each rule is a small function that replaces one pattern of nodes by one
// fused node. Rules work on a copy of the graph's nodes before memory is planned.
#pragma once

#include <vector>

#include "engine/graph.h"

namespace nram {

// The nodes of a graph while it is compiled. Node indices stay those of the graph: a rule replaces
// a node in place, and what nobody uses any more is removed at the end.
class Rewriter {
 public:
  Rewriter(const Graph& graph, const std::vector<Variable>& fetches);

  std::vector<Node>& nodes() { return nodes_; }
  const Node& node(int i) const { return nodes_[static_cast<size_t>(i)]; }
  // The value that stands for `variable` after rewriting.
  Variable resolve(Variable variable) const;
  // Users of one output: (node, input index) pairs in order. A value wanted by the host counts as
  // used by node -1.
  struct User {
    int node;
    int input;
  };
  std::vector<User> users(int node, int output) const;
  // The only user of an output, if it has one.
  const User* only_user(int node, int output) const;
  bool is(int node, const char* op_name) const;

  // Replaces node i by another op; its number of outputs may grow.
  void replace(int node, const Op& op, std::vector<Variable> inputs, const Attributes& attributes);
  // Lets all users of `from` use `to`, which must be computed before each of them.
  void redirect(Variable from, Variable to);
  // Whether everything that uses `variable` comes after node i.
  bool used_only_after(Variable variable, int node) const;
  Variable variable(int node, int output) const;
  // Marks nodes that nothing wanted depends on.
  std::vector<bool> live() const;

 private:
  void index_users();
  const Graph* graph_;
  std::vector<Node> nodes_;
  std::vector<Variable> wanted_;  // by the host or by assignments
  std::vector<std::pair<Variable, Variable>> redirects_;
  std::vector<std::vector<std::vector<User>>> users_;  // [node][output]
};

// One rule: tries to match at node i and returns whether it rewrote something.
struct RewriteRule {
  const char* name;
  bool (*apply)(Rewriter& rewriter, int node);
};

// All rules in the order in which they are tried.
const std::vector<RewriteRule>& rewrite_rules();

// Applies `rules` over all nodes in order and returns how often each was used.
std::vector<int> apply_rules(Rewriter& rewriter, const std::vector<RewriteRule>& rules);

}  // namespace nram
