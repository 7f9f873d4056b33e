#include "kernels/simulator/driver_graph.h"

#include <algorithm>
#include <map>

#include "kernels/simulator/driver_launch.h"

namespace nram::simulator::driver {
namespace {

class ImageBuilder {
 public:
  // Adds the graph's nodes in topological order; `first` come before all of them. Gives the nodes
  // that nothing in the graph follows.
  std::vector<size_t> unfold(const Graph& graph, const std::vector<size_t>& first) {
    std::map<const GraphNode*, std::vector<size_t>> ends;  // of what has been added
    std::map<const GraphNode*, bool> followed;
    size_t left = graph.nodes.size();
    while (left > 0) {
      const size_t before = left;
      for (const auto& node : graph.nodes) {
        if (ends.count(node.get()) > 0 || !ready(*node, ends)) continue;
        std::vector<size_t> after = node->after.empty() ? first : std::vector<size_t>{};
        for (const GraphNode* other : node->after) {
          followed[other] = true;
          after.insert(after.end(), ends.at(other).begin(), ends.at(other).end());
        }
        ends[node.get()] = add(*node, std::move(after));
        --left;
      }
      if (left == before) refuse(CUDA_ERROR_INVALID_VALUE, "the graph has a cycle");
    }
    std::vector<size_t> last;
    for (const auto& node : graph.nodes) {
      if (followed.count(node.get()) > 0) continue;
      last.insert(last.end(), ends.at(node.get()).begin(), ends.at(node.get()).end());
    }
    return graph.nodes.empty() ? first : last;
  }

  std::shared_ptr<const GraphImage> finish() {
    for (size_t i = 1; i < image_->nodes.size(); ++i) {
      const auto& after = image_->nodes[i].after;
      if (std::find(after.begin(), after.end(), i - 1) == after.end()) image_->chain = false;
    }
    if (!image_->chain) {
      const size_t words = (image_->nodes.size() + 63) / 64;
      for (const GraphImage::Node& node : image_->nodes) {
        std::vector<uint64_t> row(words);
        for (const size_t other : node.after) {
          row[other / 64] |= uint64_t{1} << other % 64;
          for (size_t w = 0; w < words; ++w) row[w] |= image_->before[other][w];
        }
        image_->before.push_back(std::move(row));
      }
    }
    return std::move(image_);
  }

 private:
  static bool ready(const GraphNode& node,
                    const std::map<const GraphNode*, std::vector<size_t>>& ends) {
    return std::all_of(node.after.begin(), node.after.end(),
                       [&](const GraphNode* other) { return ends.count(other) > 0; });
  }

  std::vector<size_t> add(const GraphNode& node, std::vector<size_t> after) {
    if (node.child != nullptr) return unfold(*node.child, after);
    image_->nodes.push_back({node.handle, node.work, std::move(after)});
    return {image_->nodes.size() - 1};
  }

  std::shared_ptr<GraphImage> image_ = std::make_shared<GraphImage>();
};

size_t index_of(const GraphImage& image, CUgraphNode node) {
  for (size_t i = 0; i < image.nodes.size(); ++i) {
    if (image.nodes[i].handle == node) return i;
  }
  refuse(CUDA_ERROR_INVALID_VALUE, "the instantiated graph has no such node");
}

// Races of one node with those that ran before it in this launch and that nothing orders.
void check_node(Execution& execution, const GraphImage& image, size_t node,
                const std::vector<size_t>& order, const std::vector<Accesses>& accesses) {
  for (const size_t other : order) {
    if (image.is_before(other, node)) continue;
    const Overlap common = overlap(accesses[other], accesses[node]);
    if (common.bytes == 0) continue;
    execution.driver.findings.add(
        Severity::kError, "race between streams",
        image.nodes[other].work->describe() + " and " + image.nodes[node].work->describe() +
            " of one graph" + (common.both_write ? " both write " : " read and write ") +
            std::to_string(common.bytes) + " bytes from " + execution.driver.place(common.at) +
            ", and no dependency orders them");
  }
}

}  // namespace

Graph::~Graph() {
  for (const auto& node : nodes) driver->nodes.erase(node->handle);
}

std::shared_ptr<Graph> make_graph(Driver& driver) {
  auto graph = std::make_shared<Graph>();
  graph->driver = &driver;
  graph->handle = driver.graphs.add(graph);
  return graph;
}

std::shared_ptr<Graph> get_graph(Driver& driver, CUgraph handle) {
  std::shared_ptr<Graph> graph = driver.graphs.find(handle);
  if (graph == nullptr) {
    refuse(CUDA_ERROR_INVALID_VALUE,
           driver.graphs.was(handle) ? "the graph has been destroyed" : "this is no graph");
  }
  return graph;
}

std::shared_ptr<GraphExec> get_exec(Driver& driver, CUgraphExec handle) {
  std::shared_ptr<GraphExec> exec = driver.graph_execs.find(handle);
  if (exec == nullptr) {
    refuse(CUDA_ERROR_INVALID_VALUE, driver.graph_execs.was(handle)
                                         ? "the instantiated graph has been destroyed"
                                         : "this is no instantiated graph");
  }
  return exec;
}

GraphNode& get_node(Driver& driver, CUgraphNode handle) {
  const auto found = driver.nodes.find(handle);
  if (found == driver.nodes.end()) refuse(CUDA_ERROR_INVALID_VALUE, "this is no node of a graph");
  for (const auto& node : found->second->nodes) {
    if (node->handle == handle) return *node;
  }
  refuse(CUDA_ERROR_INVALID_VALUE, "the node has been destroyed");
}

GraphNode& add_node(Graph& graph, std::shared_ptr<const Work> work,
                    const std::vector<GraphNode*>& after) {
  auto node = std::make_unique<GraphNode>();
  node->work = std::move(work);
  node->after = after;
  node->handle = reinterpret_cast<CUgraphNode>((uint64_t{0x59} << 40) + 16 * ++graph.driver->made);
  graph.driver->nodes.emplace(node->handle, &graph);
  graph.nodes.push_back(std::move(node));
  return *graph.nodes.back();
}

std::vector<GraphNode*> dependencies(Driver& driver, const Graph& graph, const CUgraphNode* nodes,
                                     size_t count) {
  require(count == 0 || nodes != nullptr, "the dependencies are null");
  std::vector<GraphNode*> result;
  for (size_t i = 0; i < count; ++i) {
    GraphNode& node = get_node(driver, nodes[i]);
    require(driver.nodes.at(nodes[i]) == &graph, "a dependency is a node of another graph");
    require(std::find(result.begin(), result.end(), &node) == result.end(),
            "a dependency is given twice");
    result.push_back(&node);
  }
  return result;
}

std::shared_ptr<const GraphImage> make_image(const Graph& graph) {
  ImageBuilder builder;
  builder.unfold(graph, {});
  return builder.finish();
}

CUgraphExecUpdateResult compare_images(const GraphImage& old, const GraphImage& image, size_t& at) {
  at = 0;
  if (old.nodes.size() != image.nodes.size()) {
    return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  }
  for (at = 0; at < image.nodes.size(); ++at) {
    if (old.nodes[at].work->type() != image.nodes[at].work->type()) {
      return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
    }
    if (old.nodes[at].after != image.nodes[at].after) {
      return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    }
  }
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

std::shared_ptr<const GraphImage> with_work(const GraphImage& image, CUgraphNode node,
                                            std::shared_ptr<const Work> work) {
  auto changed = std::make_shared<GraphImage>(image);
  changed->nodes[index_of(image, node)].work = std::move(work);
  return changed;
}

const Work& work_of(const GraphImage& image, CUgraphNode node) {
  return *image.nodes[index_of(image, node)].work;
}

std::string GraphWork::describe() const {
  return "graph of " + std::to_string(image_->nodes.size()) + " nodes";
}

bool GraphWork::uses_host(Interval range) const {
  return std::any_of(image_->nodes.begin(), image_->nodes.end(),
                     [&](const auto& node) { return node.work->uses_host(range); });
}

bool GraphWork::uses_module(const Module* module) const {
  return std::any_of(image_->nodes.begin(), image_->nodes.end(),
                     [&](const auto& node) { return node.work->uses_module(module); });
}

// Nodes run in an order that the seed chooses among those that the dependencies allow.
void GraphWork::run(Execution& execution) const {
  const GraphImage& image = *image_;
  const bool checked = execution.driver.settings.check;
  const size_t count = image.nodes.size();
  std::vector<size_t> waits(count), ready, order;
  std::vector<std::vector<size_t>> followers(count);
  std::vector<Accesses> accesses(count);
  for (size_t i = 0; i < count; ++i) {
    waits[i] = image.nodes[i].after.size();
    for (const size_t other : image.nodes[i].after) followers[other].push_back(i);
    if (waits[i] == 0) ready.push_back(i);
  }
  while (!ready.empty() && execution.fault == CUDA_SUCCESS) {
    const size_t pick = ready.size() == 1 ? 0 : execution.driver.queue.choose(ready.size());
    const size_t node = ready[pick];
    ready.erase(ready.begin() + static_cast<std::ptrdiff_t>(pick));
    Execution of_node{execution.driver, execution.operation,
                      execution.watch_launches || (!image.chain && checked)};
    image.nodes[node].work->run(of_node);
    execution.fault = of_node.fault;
    if (!image.chain) {
      of_node.accesses.normalise();
      accesses[node] = of_node.accesses;
      check_node(execution, image, node, order, accesses);
      order.push_back(node);
    }
    execution.driver.queue.record(execution.operation, image.nodes[node].work,
                                  std::move(of_node.accesses));
    for (const size_t follower : followers[node]) {
      if (--waits[follower] == 0) ready.push_back(follower);
    }
  }
}

}  // namespace nram::simulator::driver
