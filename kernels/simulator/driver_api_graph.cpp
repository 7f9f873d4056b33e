// The driver's functions that make graphs of nodes and tell of them.
#include <algorithm>

#include "kernels/simulator/driver_copy.h"
#include "kernels/simulator/driver_graph.h"
#include "kernels/simulator/driver_launch.h"

namespace nram::simulator::driver {

std::shared_ptr<const Work> kernel_work(Driver& driver, const CUDA_KERNEL_NODE_PARAMS& p) {
  const CUfunction function = p.func != nullptr ? p.func : reinterpret_cast<CUfunction>(p.kern);
  const LaunchRequest request{{p.gridDimX, p.gridDimY, p.gridDimZ},
                              {p.blockDimX, p.blockDimY, p.blockDimZ},
                              p.sharedMemBytes,
                              false};
  return make_launch(driver, function, request, p.kernelParams, p.extra);
}

std::shared_ptr<const Work> copy_work(Driver& driver, const CUDA_MEMCPY3D& p) {
  const Copy copy = copy_of(driver, p);
  check_copy(driver, copy);
  return std::make_shared<CopyWork>(copy);
}

std::shared_ptr<const Work> fill_work(Driver& driver, const CUDA_MEMSET_NODE_PARAMS& p) {
  require(p.elementSize == 1 || p.elementSize == 2 || p.elementSize == 4,
          "elements have 1, 2 or 4 bytes");
  std::shared_ptr<const Work> work =
      make_fill(driver, {p.dst, p.value, p.elementSize, p.width, p.height, p.pitch});
  require(work != nullptr, "there is nothing to fill");
  return work;
}

std::shared_ptr<const Work> host_work(const CUDA_HOST_NODE_PARAMS& p) {
  require(p.fn != nullptr, "the function is null");
  return std::make_shared<HostWork>(p.fn, p.userData);
}

namespace {

struct Place {
  CUgraphNode* node;
  CUgraph graph;
  const CUgraphNode* after;
  size_t count;
};

// Adds a node of the work that `make` gives.
template <class Make>
CUresult add(const char* function, const Place& place, const Make& make) {
  return call(function, kInContext, [&](Driver& driver, Context&) {
    require(place.node != nullptr, "the node's output is null");
    const auto graph = get_graph(driver, place.graph);
    const auto after = dependencies(driver, *graph, place.after, place.count);
    *place.node = add_node(*graph, make(driver), after).handle;
  });
}

// Gives a node of a graph other work of the same type.
template <class Make>
CUresult replace(const char* function, CUgraphNode handle, CUgraphNodeType type, const Make& make) {
  return call(function, kInContext, [&](Driver& driver, Context&) {
    GraphNode& node = get_node(driver, handle);
    require(node.work->type() == type, "the node is of another type");
    node.work = make(driver);
  });
}

// Lists as the driver gives them: the number alone, or as many as there is room for.
void give_list(const std::vector<CUgraphNode>& all, CUgraphNode* nodes, size_t* count) {
  require(count != nullptr, "the number's output is null");
  if (nodes != nullptr) {
    std::fill(nodes, nodes + *count, nullptr);
    std::copy_n(all.begin(), std::min(*count, all.size()), nodes);
  }
  if (nodes == nullptr || *count > all.size()) *count = all.size();
}

std::vector<CUgraphNode> followers(Driver& driver, const GraphNode& node) {
  std::vector<CUgraphNode> all;
  for (const auto& other : driver.nodes.at(node.handle)->nodes) {
    if (std::find(other->after.begin(), other->after.end(), &node) != other->after.end()) {
      all.push_back(other->handle);
    }
  }
  return all;
}

std::vector<CUgraphNode> handles(const std::vector<GraphNode*>& nodes) {
  std::vector<CUgraphNode> all;
  for (const GraphNode* node : nodes) all.push_back(node->handle);
  return all;
}

bool only_plain(const CUgraphEdgeData* data, size_t count) {
  return data == nullptr || std::all_of(data, data + count, [](const CUgraphEdgeData& edge) {
           return edge.type == CU_GRAPH_DEPENDENCY_TYPE_DEFAULT && edge.from_port == 0 &&
                  edge.to_port == 0;
         });
}
CUresult refuse_edge_data(const char* function) {
  return call(function, kInContext, [](Driver&, Context&) {
    refuse(CUDA_ERROR_NOT_SUPPORTED, "programmatic launches (edge data) are not simulated");
  });
}

CUresult change_edges(const char* function, CUgraph handle, const CUgraphNode* from,
                      const CUgraphNode* to, size_t count, bool add_them) {
  return call(function, kInContext, [&](Driver& driver, Context&) {
    const auto graph = get_graph(driver, handle);
    require(count == 0 || (from != nullptr && to != nullptr), "the edges are null");
    for (size_t i = 0; i < count; ++i) {
      GraphNode& first = get_node(driver, from[i]);
      auto& after = get_node(driver, to[i]).after;
      require(driver.nodes.at(from[i]) == graph.get() && driver.nodes.at(to[i]) == graph.get(),
              "an edge's node is of another graph");
      const auto found = std::find(after.begin(), after.end(), &first);
      require((found == after.end()) == add_them,
              add_them ? "the edge is there already" : "there is no such edge");
      if (add_them) {
        after.push_back(&first);
      } else {
        after.erase(found);
      }
    }
  });
}

// Nodes of `from` again, in `to`; gives the copy of each.
void copy_nodes(const Graph& from, Graph& to) {
  std::unordered_map<const GraphNode*, GraphNode*> copies;
  for (const auto& node : from.nodes) {
    GraphNode& copy = add_node(to, node->work, {});
    copy.child = node->child;
    copies[node.get()] = &copy;
  }
  for (const auto& node : from.nodes) {
    for (const GraphNode* other : node->after) copies[node.get()]->after.push_back(copies[other]);
  }
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions
using nram::simulator::Launch;
using nram::simulator::Parameter;

extern "C" {

CUresult cuGraphCreate(CUgraph* handle, unsigned flags) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require(handle != nullptr && flags == 0, "the output is null or the flags are not 0");
    *handle = make_graph(driver)->handle;
  });
}

CUresult cuGraphDestroy(CUgraph handle) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    get_graph(driver, handle);
    driver.graphs.remove(handle);
  });
}

CUresult cuGraphClone(CUgraph* clone, CUgraph original) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require(clone != nullptr, "the output is null");
    const auto from = get_graph(driver, original);
    const auto to = make_graph(driver);
    copy_nodes(*from, *to);
    *clone = to->handle;
  });
}

CUresult cuGraphAddKernelNode_v2(CUgraphNode* node, CUgraph graph, const CUgraphNode* after,
                                 size_t count, const CUDA_KERNEL_NODE_PARAMS* parameters) {
  return add(__func__, {node, graph, after, count}, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return kernel_work(driver, *parameters);
  });
}
CUresult cuGraphAddMemcpyNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after,
                              size_t count, const CUDA_MEMCPY3D* parameters, CUcontext) {
  return add(__func__, {node, graph, after, count}, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return copy_work(driver, *parameters);
  });
}
CUresult cuGraphAddMemsetNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after,
                              size_t count, const CUDA_MEMSET_NODE_PARAMS* parameters, CUcontext) {
  return add(__func__, {node, graph, after, count}, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return fill_work(driver, *parameters);
  });
}
CUresult cuGraphAddHostNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after,
                            size_t count, const CUDA_HOST_NODE_PARAMS* parameters) {
  return add(__func__, {node, graph, after, count}, [&](Driver&) {
    require(parameters != nullptr, "the parameters are null");
    return host_work(*parameters);
  });
}
CUresult cuGraphAddEmptyNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after,
                             size_t count) {
  return add(__func__, {node, graph, after, count},
             [](Driver&) { return std::make_shared<const EmptyWork>("empty node"); });
}
CUresult cuGraphAddChildGraphNode(CUgraphNode* node, CUgraph graph, const CUgraphNode* after,
                                  size_t count, CUgraph child) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(node != nullptr, "the node's output is null");
    const auto parent = get_graph(driver, graph);
    auto copy = std::make_shared<Graph>();  // the child as it is now
    copy->driver = &driver;
    copy_nodes(*get_graph(driver, child), *copy);
    GraphNode& added = add_node(*parent, std::make_shared<GraphWork>(make_image(*copy)),
                                dependencies(driver, *parent, after, count));
    added.child = std::move(copy);
    *node = added.handle;
  });
}

CUresult cuGraphKernelNodeSetParams_v2(CUgraphNode node,
                                       const CUDA_KERNEL_NODE_PARAMS* parameters) {
  return replace(__func__, node, CU_GRAPH_NODE_TYPE_KERNEL, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return kernel_work(driver, *parameters);
  });
}
CUresult cuGraphMemcpyNodeSetParams(CUgraphNode node, const CUDA_MEMCPY3D* parameters) {
  return replace(__func__, node, CU_GRAPH_NODE_TYPE_MEMCPY, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return copy_work(driver, *parameters);
  });
}
CUresult cuGraphMemsetNodeSetParams(CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS* parameters) {
  return replace(__func__, node, CU_GRAPH_NODE_TYPE_MEMSET, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return fill_work(driver, *parameters);
  });
}
CUresult cuGraphHostNodeSetParams(CUgraphNode node, const CUDA_HOST_NODE_PARAMS* parameters) {
  return replace(__func__, node, CU_GRAPH_NODE_TYPE_HOST, [&](Driver&) {
    require(parameters != nullptr, "the parameters are null");
    return host_work(*parameters);
  });
}

// The pointers in the answer stay good until the node is changed or asked again on this thread.
CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode handle, CUDA_KERNEL_NODE_PARAMS* parameters) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(parameters != nullptr, "the output is null");
    const auto* work = dynamic_cast<const KernelWork*>(get_node(driver, handle).work.get());
    require(work != nullptr, "the node is of another type");
    static thread_local std::vector<std::byte> bytes;
    static thread_local std::vector<void*> pointers;
    const Launch& launch = work->launch();
    bytes = launch.parameters;
    pointers.clear();
    for (const Parameter& p : launch.kernel->parameters) pointers.push_back(&bytes[p.offset]);
    *parameters = {};
    parameters->func = work->function().handle;
    parameters->gridDimX = launch.grid.x;
    parameters->gridDimY = launch.grid.y;
    parameters->gridDimZ = launch.grid.z;
    parameters->blockDimX = launch.block.x;
    parameters->blockDimY = launch.block.y;
    parameters->blockDimZ = launch.block.z;
    parameters->sharedMemBytes = launch.dynamic_shared_bytes;
    parameters->kernelParams = pointers.data();
  });
}

CUresult cuGraphNodeGetType(CUgraphNode node, CUgraphNodeType* type) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(type != nullptr, "the output is null");
    *type = get_node(driver, node).work->type();
  });
}

CUresult cuGraphGetNodes(CUgraph handle, CUgraphNode* nodes, size_t* count) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    std::vector<CUgraphNode> all;
    for (const auto& node : get_graph(driver, handle)->nodes) all.push_back(node->handle);
    give_list(all, nodes, count);
  });
}
CUresult cuGraphGetRootNodes(CUgraph handle, CUgraphNode* nodes, size_t* count) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    std::vector<CUgraphNode> all;
    for (const auto& node : get_graph(driver, handle)->nodes) {
      if (node->after.empty()) all.push_back(node->handle);
    }
    give_list(all, nodes, count);
  });
}
CUresult cuGraphGetEdges(CUgraph handle, CUgraphNode* from, CUgraphNode* to, size_t* count) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(count != nullptr, "the number's output is null");
    std::vector<CUgraphNode> sources, targets;
    for (const auto& node : get_graph(driver, handle)->nodes) {
      for (const GraphNode* other : node->after) {
        sources.push_back(other->handle);
        targets.push_back(node->handle);
      }
    }
    size_t room = *count;
    give_list(sources, from, &room);
    give_list(targets, to, count);
  });
}
CUresult cuGraphNodeGetDependencies(CUgraphNode node, CUgraphNode* nodes, size_t* count) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    give_list(handles(get_node(driver, node).after), nodes, count);
  });
}
CUresult cuGraphNodeGetDependentNodes(CUgraphNode node, CUgraphNode* nodes, size_t* count) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    give_list(followers(driver, get_node(driver, node)), nodes, count);
  });
}

CUresult cuGraphAddDependencies(CUgraph graph, const CUgraphNode* from, const CUgraphNode* to,
                                size_t count) {
  return change_edges(__func__, graph, from, to, count, true);
}
CUresult cuGraphRemoveDependencies(CUgraph graph, const CUgraphNode* from, const CUgraphNode* to,
                                   size_t count) {
  return change_edges(__func__, graph, from, to, count, false);
}

// The versions with data for each edge: only plain edges are simulated.
CUresult cuGraphGetEdges_v2(CUgraph graph, CUgraphNode* from, CUgraphNode* to,
                            CUgraphEdgeData* data, size_t* count) {
  const size_t room = count == nullptr ? 0 : *count;
  const CUresult result = cuGraphGetEdges(graph, from, to, count);
  if (result == CUDA_SUCCESS && data != nullptr) std::fill_n(data, room, CUgraphEdgeData{});
  return result;
}
CUresult cuGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode* nodes, CUgraphEdgeData* data,
                                       size_t* count) {
  const size_t room = count == nullptr ? 0 : *count;
  const CUresult result = cuGraphNodeGetDependencies(node, nodes, count);
  if (result == CUDA_SUCCESS && data != nullptr) std::fill_n(data, room, CUgraphEdgeData{});
  return result;
}
CUresult cuGraphNodeGetDependentNodes_v2(CUgraphNode node, CUgraphNode* nodes,
                                         CUgraphEdgeData* data, size_t* count) {
  const size_t room = count == nullptr ? 0 : *count;
  const CUresult result = cuGraphNodeGetDependentNodes(node, nodes, count);
  if (result == CUDA_SUCCESS && data != nullptr) std::fill_n(data, room, CUgraphEdgeData{});
  return result;
}
CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode* from, const CUgraphNode* to,
                                   const CUgraphEdgeData* data, size_t count) {
  return only_plain(data, count) ? cuGraphAddDependencies(graph, from, to, count)
                                 : refuse_edge_data(__func__);
}
CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode* from, const CUgraphNode* to,
                                      const CUgraphEdgeData* data, size_t count) {
  return only_plain(data, count) ? cuGraphRemoveDependencies(graph, from, to, count)
                                 : refuse_edge_data(__func__);
}

CUresult cuGraphDestroyNode(CUgraphNode handle) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    GraphNode& gone = get_node(driver, handle);
    auto& nodes = driver.nodes.at(handle)->nodes;
    for (const auto& node : nodes) {
      node->after.erase(std::remove(node->after.begin(), node->after.end(), &gone),
                        node->after.end());
    }
    driver.nodes.erase(handle);
    nodes.erase(std::find_if(nodes.begin(), nodes.end(),
                             [&](const auto& node) { return node.get() == &gone; }));
  });
}

}  // extern "C"
