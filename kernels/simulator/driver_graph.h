// Graphs: nodes of work and their order, and the images that are launched from them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {

struct GraphNode {
  CUgraphNode handle = nullptr;
  std::shared_ptr<const Work> work;
  std::shared_ptr<Graph> child;  // of a child-graph node
  std::vector<GraphNode*> after;
};

struct Graph {
  CUgraph handle = nullptr;
  Driver* driver = nullptr;
  std::vector<std::unique_ptr<GraphNode>> nodes;  // in the order they were added
  ~Graph();
};

// What a launch runs: the nodes in an order that fits, children unfolded. Immutable.
struct GraphImage {
  struct Node {
    CUgraphNode handle = nullptr;  // of the graph that it was made from
    std::shared_ptr<const Work> work;
    std::vector<size_t> after;  // earlier nodes
  };
  std::vector<Node> nodes;
  bool chain = true;  // every node follows the one before it
  // Bit j of row i: node j ends before node i begins. Empty for a chain.
  std::vector<std::vector<uint64_t>> before;
  bool is_before(size_t j, size_t i) const { return (before[i][j / 64] >> j % 64 & 1) != 0; }
};

struct GraphExec {
  CUgraphExec handle = nullptr;
  std::shared_ptr<const GraphImage> image;
  std::shared_ptr<Operation> last;  // launches of one image follow each other
  uint64_t flags = 0;
};

std::shared_ptr<Graph> make_graph(Driver& driver);
std::shared_ptr<Graph> get_graph(Driver& driver, CUgraph handle);
std::shared_ptr<GraphExec> get_exec(Driver& driver, CUgraphExec handle);
GraphNode& get_node(Driver& driver, CUgraphNode handle);
GraphNode& add_node(Graph& graph, std::shared_ptr<const Work> work,
                    const std::vector<GraphNode*>& after);
// The dependencies that a caller gives; all must be nodes of the graph.
std::vector<GraphNode*> dependencies(Driver& driver, const Graph& graph, const CUgraphNode* nodes,
                                     size_t count);
// Throws Failure if the graph has a cycle.
std::shared_ptr<const GraphImage> make_image(const Graph& graph);
// Whether `image` can take the place of `old`: the same nodes in the same order. If not, `at` is
// the first that differs and the result says how.
CUgraphExecUpdateResult compare_images(const GraphImage& old, const GraphImage& image, size_t& at);
// A copy of the image in which one node has other work.
std::shared_ptr<const GraphImage> with_work(const GraphImage& image, CUgraphNode node,
                                            std::shared_ptr<const Work> work);
const Work& work_of(const GraphImage& image, CUgraphNode node);

// A node's work from what the caller says of it. Throw Failure.
std::shared_ptr<const Work> kernel_work(Driver& driver, const CUDA_KERNEL_NODE_PARAMS& parameters);
std::shared_ptr<const Work> copy_work(Driver& driver, const CUDA_MEMCPY3D& parameters);
std::shared_ptr<const Work> fill_work(Driver& driver, const CUDA_MEMSET_NODE_PARAMS& parameters);
std::shared_ptr<const Work> host_work(const CUDA_HOST_NODE_PARAMS& parameters);

}  // namespace nram::simulator::driver
