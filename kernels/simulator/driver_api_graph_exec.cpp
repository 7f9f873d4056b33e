// The driver's functions that instantiate graphs, change the instances and launch them.
#include "kernels/simulator/driver_capture.h"
#include "kernels/simulator/driver_copy.h"
#include "kernels/simulator/driver_graph.h"

namespace nram::simulator::driver {
namespace {

constexpr uint64_t kKnownFlags = CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH |
                                 CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD |
                                 CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY;

CUstream per_thread(CUstream stream) { return stream == nullptr ? CU_STREAM_PER_THREAD : stream; }

CUresult instantiate(const char* function, CUgraphExec* handle, CUgraph graph, uint64_t flags) {
  return call(function, kInContext, [&](Driver& driver, Context&) {
    require(handle != nullptr, "the output is null");
    if ((flags & ~kKnownFlags) != 0) {
      refuse(CUDA_ERROR_NOT_SUPPORTED, "launching graphs from the device is not simulated");
    }
    auto exec = std::make_shared<GraphExec>();
    exec->image = make_image(*get_graph(driver, graph));
    exec->flags = flags;
    exec->handle = driver.graph_execs.add(exec);
    *handle = exec->handle;
  });
}

CUresult launch(const char* function, CUgraphExec handle, CUstream stream_handle) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    const auto exec = get_exec(driver, handle);
    const auto stream = driver.stream(stream_handle, context);
    if (stream->capture != nullptr) {
      give(driver, stream, std::make_shared<GraphWork>(exec->image));
      return;
    }
    forbid_implicit(driver, *stream);
    std::vector<std::shared_ptr<Operation>> after;
    if (exec->last != nullptr) after.push_back(exec->last);
    exec->last = driver.queue.submit(stream, std::make_shared<GraphWork>(exec->image), after);
  });
}

CUresult update(Driver& driver, CUgraphExec exec_handle, CUgraph graph_handle,
                CUgraphExecUpdateResultInfo& info) {
  const auto exec = get_exec(driver, exec_handle);
  const auto image = make_image(*get_graph(driver, graph_handle));
  size_t at = 0;
  info = {};
  info.result = compare_images(*exec->image, *image, at);
  if (info.result == CU_GRAPH_EXEC_UPDATE_SUCCESS) {
    // Nodes keep the handles of the graph that the instance was made from.
    auto renamed = std::make_shared<GraphImage>(*image);
    for (size_t i = 0; i < renamed->nodes.size(); ++i) {
      renamed->nodes[i].handle = exec->image->nodes[i].handle;
    }
    exec->image = std::move(renamed);
    return CUDA_SUCCESS;
  }
  if (at < image->nodes.size()) info.errorNode = image->nodes[at].handle;
  refuse(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE,
         info.result == CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED
             ? "a node has another type"
             : "the nodes or their order differ");
}

template <class Make>
CUresult change(const char* function, CUgraphExec handle, CUgraphNode node, CUgraphNodeType type,
                const Make& make) {
  return call(function, kInContext, [&](Driver& driver, Context&) {
    const auto exec = get_exec(driver, handle);
    require(work_of(*exec->image, node).type() == type, "the node is of another type");
    exec->image = with_work(*exec->image, node, make(driver));
  });
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuGraphInstantiateWithFlags(CUgraphExec* exec, CUgraph graph, unsigned long long flags) {
  return instantiate(__func__, exec, graph, flags);
}
CUresult cuGraphInstantiate_v2(CUgraphExec* exec, CUgraph graph, CUgraphNode* error_node, char* log,
                               size_t log_bytes) {
  if (error_node != nullptr) *error_node = nullptr;
  if (log != nullptr && log_bytes > 0) *log = '\0';
  return instantiate(__func__, exec, graph, 0);
}
CUresult cuGraphInstantiate(CUgraphExec* exec, CUgraph graph, CUgraphNode* error_node, char* log,
                            size_t log_bytes) {
  return cuGraphInstantiate_v2(exec, graph, error_node, log, log_bytes);
}
CUresult cuGraphInstantiateWithParams(CUgraphExec* exec, CUgraph graph,
                                      CUDA_GRAPH_INSTANTIATE_PARAMS* parameters) {
  if (parameters == nullptr) return CUDA_ERROR_INVALID_VALUE;
  const CUresult result = instantiate(__func__, exec, graph, parameters->flags);
  parameters->hErrNode_out = nullptr;
  parameters->result_out =
      result == CUDA_SUCCESS ? CUDA_GRAPH_INSTANTIATE_SUCCESS : CUDA_GRAPH_INSTANTIATE_ERROR;
  return result;
}
CUresult cuGraphInstantiateWithParams_ptsz(CUgraphExec* exec, CUgraph graph,
                                           CUDA_GRAPH_INSTANTIATE_PARAMS* parameters) {
  return cuGraphInstantiateWithParams(exec, graph, parameters);
}

CUresult cuGraphExecGetFlags(CUgraphExec exec, cuuint64_t* flags) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(flags != nullptr, "the output is null");
    *flags = get_exec(driver, exec)->flags;
  });
}

CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) { return launch(__func__, exec, stream); }
CUresult cuGraphLaunch_ptsz(CUgraphExec exec, CUstream stream) {
  return launch(__func__, exec, per_thread(stream));
}

// There is nothing to prepare.
CUresult cuGraphUpload(CUgraphExec exec, CUstream stream) {
  return call(__func__, kInContext, [&](Driver& driver, Context& context) {
    get_exec(driver, exec);
    driver.stream(stream, context);
  });
}
CUresult cuGraphUpload_ptsz(CUgraphExec exec, CUstream stream) {
  return cuGraphUpload(exec, per_thread(stream));
}

CUresult cuGraphExecDestroy(CUgraphExec exec) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    get_exec(driver, exec);
    driver.graph_execs.remove(exec);
  });
}

CUresult cuGraphExecUpdate_v2(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo* info) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(info != nullptr, "the result's output is null");
    return update(driver, exec, graph, *info);
  });
}
CUresult cuGraphExecUpdate(CUgraphExec exec, CUgraph graph, CUgraphNode* node,
                           CUgraphExecUpdateResult* result) {
  CUgraphExecUpdateResultInfo info{};
  const CUresult code = call(__func__, kInContext, [&](Driver& driver, Context&) {
    return update(driver, exec, graph, info);
  });
  if (node != nullptr) *node = info.errorNode;
  if (result != nullptr) *result = info.result;
  return code;
}

CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                           const CUDA_KERNEL_NODE_PARAMS* parameters) {
  return change(__func__, exec, node, CU_GRAPH_NODE_TYPE_KERNEL, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return kernel_work(driver, *parameters);
  });
}
CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_MEMCPY3D* parameters, CUcontext) {
  return change(__func__, exec, node, CU_GRAPH_NODE_TYPE_MEMCPY, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return copy_work(driver, *parameters);
  });
}
CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_MEMSET_NODE_PARAMS* parameters, CUcontext) {
  return change(__func__, exec, node, CU_GRAPH_NODE_TYPE_MEMSET, [&](Driver& driver) {
    require(parameters != nullptr, "the parameters are null");
    return fill_work(driver, *parameters);
  });
}
CUresult cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                      const CUDA_HOST_NODE_PARAMS* parameters) {
  return change(__func__, exec, node, CU_GRAPH_NODE_TYPE_HOST, [&](Driver&) {
    require(parameters != nullptr, "the parameters are null");
    return host_work(*parameters);
  });
}

}  // extern "C"
