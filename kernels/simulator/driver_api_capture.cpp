// The driver's functions that end a capture and tell of it.
#include "kernels/simulator/driver_capture.h"
#include "kernels/simulator/driver_graph.h"

namespace nram::simulator::driver {
namespace {

CUstream per_thread(CUstream stream) { return stream == nullptr ? CU_STREAM_PER_THREAD : stream; }

CUresult end(const char* function, CUstream handle, CUgraph* graph) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(graph != nullptr, "the graph's output is null");
    *graph = nullptr;
    *graph = end_capture(driver, driver.stream(handle, context))->handle;
  });
}

CUstreamCaptureStatus status_of(const Stream& stream) {
  if (stream.capture == nullptr) return CU_STREAM_CAPTURE_STATUS_NONE;
  return stream.capture->invalidated ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                     : CU_STREAM_CAPTURE_STATUS_ACTIVE;
}

CUresult is_capturing(const char* function, CUstream handle, CUstreamCaptureStatus* status) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(status != nullptr, "the output is null");
    const auto stream = driver.stream(handle, context);
    forbid_implicit(driver, *stream);
    *status = status_of(*stream);
  });
}

struct CaptureInfo {
  CUstreamCaptureStatus* status;
  cuuint64_t* id = nullptr;
  CUgraph* graph = nullptr;
  const CUgraphNode** dependencies = nullptr;
  size_t* count = nullptr;
};

CUresult capture_info(const char* function, CUstream handle, const CaptureInfo& out) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(out.status != nullptr, "the status's output is null");
    const auto stream = driver.stream(handle, context);
    *out.status = status_of(*stream);
    if (*out.status != CU_STREAM_CAPTURE_STATUS_ACTIVE) return;
    if (out.id != nullptr) *out.id = stream->capture->id;
    if (out.graph != nullptr) {
      const auto& graph = stream->capture->graph;
      if (graph->handle == nullptr) graph->handle = driver.graphs.add(graph);
      *out.graph = graph->handle;
    }
    // Valid until the thread asks again, as the driver says.
    static thread_local std::vector<CUgraphNode> tail;
    tail.clear();
    for (const GraphNode* node : stream->capture_tail) tail.push_back(node->handle);
    if (out.dependencies != nullptr) *out.dependencies = tail.data();
    if (out.count != nullptr) *out.count = tail.size();
  });
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
  return end(__func__, stream, graph);
}
CUresult cuStreamEndCapture_ptsz(CUstream stream, CUgraph* graph) {
  return end(__func__, per_thread(stream), graph);
}

CUresult cuStreamBeginCaptureToGraph(CUstream handle, CUgraph graph_handle,
                                     const CUgraphNode* nodes, const CUgraphEdgeData* edges,
                                     size_t count, CUstreamCaptureMode mode) {
  return call(__func__, kInContext, [&](Driver& driver, Context& context) {
    if (edges != nullptr) refuse(CUDA_ERROR_NOT_SUPPORTED, "edge data are not simulated");
    const auto graph = get_graph(driver, graph_handle);
    begin_capture(driver, driver.stream(handle, context), mode, graph,
                  dependencies(driver, *graph, nodes, count));
  });
}
CUresult cuStreamBeginCaptureToGraph_ptsz(CUstream stream, CUgraph graph, const CUgraphNode* nodes,
                                          const CUgraphEdgeData* edges, size_t count,
                                          CUstreamCaptureMode mode) {
  return cuStreamBeginCaptureToGraph(per_thread(stream), graph, nodes, edges, count, mode);
}

CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
  return is_capturing(__func__, stream, status);
}
CUresult cuStreamIsCapturing_ptsz(CUstream stream, CUstreamCaptureStatus* status) {
  return is_capturing(__func__, per_thread(stream), status);
}

CUresult cuStreamGetCaptureInfo_v2(CUstream stream, CUstreamCaptureStatus* status, cuuint64_t* id,
                                   CUgraph* graph, const CUgraphNode** nodes, size_t* count) {
  return capture_info(__func__, stream, {status, id, graph, nodes, count});
}
CUresult cuStreamGetCaptureInfo_v2_ptsz(CUstream stream, CUstreamCaptureStatus* status,
                                        cuuint64_t* id, CUgraph* graph, const CUgraphNode** nodes,
                                        size_t* count) {
  return capture_info(__func__, per_thread(stream), {status, id, graph, nodes, count});
}
CUresult cuStreamGetCaptureInfo_v3(CUstream stream, CUstreamCaptureStatus* status, cuuint64_t* id,
                                   CUgraph* graph, const CUgraphNode** nodes,
                                   const CUgraphEdgeData** edges, size_t* count) {
  if (edges != nullptr) *edges = nullptr;
  return capture_info(__func__, stream, {status, id, graph, nodes, count});
}
CUresult cuStreamGetCaptureInfo_v3_ptsz(CUstream stream, CUstreamCaptureStatus* status,
                                        cuuint64_t* id, CUgraph* graph, const CUgraphNode** nodes,
                                        const CUgraphEdgeData** edges, size_t* count) {
  return cuStreamGetCaptureInfo_v3(per_thread(stream), status, id, graph, nodes, edges, count);
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode* mode) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require(mode != nullptr, "mode is null");
    std::swap(*mode, this_thread().capture_mode);
  });
}

}  // extern "C"
