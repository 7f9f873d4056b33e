// The tape: an append-only list of op nodes on static shapes. Building a graph computes nothing; a
// Program (program.h) compiles and runs it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/op.h"
#include "engine/tensor.h"

namespace nram {

class Graph;

// One output of a node. Cheap to copy; valid as long as its graph.
class Variable {
 public:
  Variable() = default;
  Variable(Graph* graph, int node, int output) : graph_(graph), node_(node), output_(output) {}
  bool valid() const { return graph_ != nullptr; }
  explicit operator bool() const { return valid(); }
  Graph& graph() const { return *graph_; }
  int node() const { return node_; }
  int output() const { return output_; }
  const TensorSpec& spec() const;
  const Shape& shape() const { return spec().shape; }
  DType dtype() const { return spec().dtype; }
  bool operator==(const Variable&) const = default;

 private:
  Graph* graph_ = nullptr;
  int node_ = -1;
  int output_ = 0;
};

enum class NodeKind : uint8_t {
  kOp,
  kInput,     // set by the host before a run
  kExternal,  // memory that outlives the program: parameters, optimizer state
  kConstant,  // one value everywhere
};

struct Node {
  NodeKind kind = NodeKind::kOp;
  const Op* op = nullptr;
  Attributes attributes;
  std::vector<Variable> inputs;
  std::vector<TensorSpec> outputs;
  std::string label;  // where in the model: "generator.blocks.0.pose.conv0"
  Tensor external;    // kExternal
  double value = 0;   // kConstant
};

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  Variable input(const std::string& name, const Shape& shape, DType dtype = DType::kFloat32);
  Variable external(const std::string& name, const Tensor& tensor);
  Variable constant(const Shape& shape, double value, DType dtype = DType::kFloat32);

  // Appends a node; checks shapes through the op's inference.
  std::vector<Variable> append_all(const Op& op, const std::vector<Variable>& inputs,
                                   const Attributes& attributes = {});
  // As append_all for callers that want the first output.
  Variable append(const Op& op, const std::vector<Variable>& inputs,
                  const Attributes& attributes = {});

  // The value of `variable` is also wanted in `destination` (same spec) after each run. It is
  // computed there directly where possible.
  void assign(const Tensor& destination, Variable variable);

  // Reverse mode: gradients of sum_i <outputs[i], seeds[i]> with respect to each of `parameters`,
  // as ordinary nodes. A parameter that no output depends on gets a constant zero.
  std::vector<Variable> vector_jacobian(const std::vector<Variable>& outputs,
                                        const std::vector<Variable>& seeds,
                                        const std::vector<Variable>& parameters);
  // Gradients of a scalar loss.
  std::vector<Variable> gradients(Variable loss, const std::vector<Variable>& parameters);

  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(int i) const { return nodes_[static_cast<size_t>(i)]; }

  struct Assignment {
    Variable value;
    Tensor destination;
    int position;  // the value is in place before the node of this index runs
  };
  const std::vector<Assignment>& assignments() const { return destinations_; }

  // Names the nodes appended while it lives: scopes nest with '.'.
  class Scope {
   public:
    Scope(Graph& graph, const std::string& name);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Graph& graph_;
    size_t length_;
  };

 private:
  Variable add_node(Node node);
  std::vector<Node> nodes_;
  std::vector<Assignment> destinations_;
  std::string scope_;
  std::string label_override_;
};

// What an op's gradient function sees.
class GradientContext {
 public:
  GradientContext(Graph& graph, int node, std::vector<Variable> output_gradients,
                  std::vector<bool> needed)
      : graph_(graph),
        node_(node),
        output_gradients_(std::move(output_gradients)),
        needed_(std::move(needed)),
        input_gradients_(needed_.size()) {}

  Graph& graph() const { return graph_; }
  Variable input(int i) const { return graph_.node(node_).inputs[static_cast<size_t>(i)]; }
  int input_count() const { return static_cast<int>(graph_.node(node_).inputs.size()); }
  Variable output(int i = 0) const { return Variable(&graph_, node_, i); }
  // Invalid when no gradient flows into that output.
  Variable output_gradient(int i = 0) const { return output_gradients_[static_cast<size_t>(i)]; }
  // Whether the gradient of input i is wanted: skip the work otherwise.
  bool needs(int i) const { return needed_[static_cast<size_t>(i)]; }
  void set(int i, Variable gradient) { input_gradients_[static_cast<size_t>(i)] = gradient; }
  Variable result(int i) const { return input_gradients_[static_cast<size_t>(i)]; }
  template <class T>
  T attributes() const {
    return graph_.node(node_).attributes.as<T>();
  }

 private:
  Graph& graph_;
  int node_;
  std::vector<Variable> output_gradients_;
  std::vector<bool> needed_;
  std::vector<Variable> input_gradients_;
};

}  // namespace nram
