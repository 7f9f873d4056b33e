#include <algorithm>

#include "tests/simulator_driver/planted.h"

namespace nram::planted {
namespace {

constexpr size_t kFloats = 512;
constexpr size_t kBytes = kFloats * sizeof(float);
constexpr Sandbox::Size kSize{4, 128};

// The second stream waits for the first, or the program has forgotten it.
void order(Sandbox& box, CUstream first, CUstream second, bool forgotten) {
  if (forgotten) return;
  const CUevent event = box.event();
  require(api().cuEventRecord(event, first), "cuEventRecord");
  require(api().cuStreamWaitEvent(second, event, 0), "cuStreamWaitEvent");
}

void kernel_then_kernel(Sandbox& box, bool forgotten) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats),
                    z = box.filled("z", kFloats);
  const CUstream first = box.stream(), second = box.stream();
  box.launch("scale", y, x, kFloats, kSize, first);
  order(box, first, second, forgotten);
  box.launch("scale", z, y, kFloats, kSize, second);
  box.finish();
}

void copy_in_then_kernel(Sandbox& box, bool forgotten) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats);
  float* pinned = box.pinned(kFloats);
  std::fill_n(pinned, kFloats, 2.0f);
  const CUstream copies = box.stream(), compute = box.stream();
  require(api().cuMemcpyHtoDAsync(x, pinned, kBytes, copies), "cuMemcpyHtoDAsync");
  order(box, copies, compute, forgotten);
  box.launch("scale", y, x, kFloats, kSize, compute);
  box.finish();
}

void kernel_then_copy_out(Sandbox& box, bool forgotten) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats);
  float* pinned = box.pinned(kFloats);
  const CUstream compute = box.stream(), copies = box.stream();
  box.launch("scale", y, x, kFloats, kSize, compute);
  order(box, compute, copies, forgotten);
  require(api().cuMemcpyDtoHAsync(pinned, y, kBytes, copies), "cuMemcpyDtoHAsync");
  box.finish();
}

// A staging buffer is filled again while the kernel may still read it.
void refill(Sandbox& box, bool forgotten) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats);
  const CUstream compute = box.stream(), copies = box.stream();
  box.launch("scale", y, x, kFloats, kSize, compute);
  order(box, compute, copies, forgotten);
  require(api().cuMemsetD32Async(x, 0, kFloats, copies), "cuMemsetD32Async");
  box.finish();
}

// The event is recorded before the work that it should stand for.
void recorded_too_early(Sandbox& box, bool early) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats),
                    z = box.filled("z", kFloats);
  const CUstream first = box.stream(), second = box.stream();
  const CUevent event = box.event();
  if (early) require(api().cuEventRecord(event, first), "cuEventRecord");
  box.launch("scale", y, x, kFloats, kSize, first);
  if (!early) require(api().cuEventRecord(event, first), "cuEventRecord");
  require(api().cuStreamWaitEvent(second, event, 0), "cuStreamWaitEvent");
  box.launch("scale", z, y, kFloats, kSize, second);
  box.finish();
}

void free_async_elsewhere(Sandbox& box, bool forgotten) {
  const CUdeviceptr x = box.filled("x", kFloats);
  const CUstream first = box.stream(), second = box.stream();
  CUdeviceptr y = 0;
  require(api().cuMemAllocAsync(&y, kBytes, first), "cuMemAllocAsync");
  box.launch("scale", y, x, kFloats, kSize, first);
  order(box, first, second, forgotten);
  require(api().cuMemFreeAsync(y, second), "cuMemFreeAsync");
  require(api().cuStreamSynchronize(first), "cuStreamSynchronize");
  box.finish();
}

// Two nodes of a graph, one of which reads what the other writes.
void graph_without_edge(Sandbox& box, bool forgotten) {
  CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats);
  int n = kFloats;
  CUgraph graph = nullptr;
  require(api().cuGraphCreate(&graph, 0), "cuGraphCreate");
  CUcontext context = nullptr;
  require(api().cuCtxGetCurrent(&context), "cuCtxGetCurrent");
  CUDA_MEMSET_NODE_PARAMS fill{};
  fill.dst = x;
  fill.elementSize = 4;
  fill.width = kFloats;
  fill.height = 1;
  CUgraphNode filled = nullptr, scaled = nullptr;
  require(api().cuGraphAddMemsetNode(&filled, graph, nullptr, 0, &fill, context), "memset node");
  void* parameters[] = {&y, &x, &n};
  CUDA_KERNEL_NODE_PARAMS kernel{};
  kernel.func = box.kernel("scale");
  kernel.gridDimX = 4;
  kernel.gridDimY = kernel.gridDimZ = 1;
  kernel.blockDimX = 128;
  kernel.blockDimY = kernel.blockDimZ = 1;
  kernel.kernelParams = parameters;
  require(api().cuGraphAddKernelNode(&scaled, graph, &filled, forgotten ? 0 : 1, &kernel),
          "kernel node");
  CUgraphExec exec = nullptr;
  require(api().cuGraphInstantiate(&exec, graph, 0), "cuGraphInstantiate");
  require(api().cuGraphLaunch(exec, box.stream()), "cuGraphLaunch");
  box.finish();
  require(api().cuGraphExecDestroy(exec), "cuGraphExecDestroy");
  require(api().cuGraphDestroy(graph), "cuGraphDestroy");
}

// Two streams captured into one graph.
void capture_without_edge(Sandbox& box, bool forgotten) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats),
                    z = box.filled("z", kFloats);
  box.module();  // loading is not allowed in a capture
  const CUstream first = box.stream(), second = box.stream();
  require(api().cuStreamBeginCapture(first, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "begin");
  order(box, first, second, false);  // the second stream joins the capture
  box.launch("scale", y, x, kFloats, kSize, first);
  order(box, first, second, forgotten);
  box.launch("scale", z, y, kFloats, kSize, second);
  order(box, second, first, false);
  CUgraph graph = nullptr;
  require(api().cuStreamEndCapture(first, &graph), "cuStreamEndCapture");
  CUgraphExec exec = nullptr;
  require(api().cuGraphInstantiate(&exec, graph, 0), "cuGraphInstantiate");
  require(api().cuGraphDestroy(graph), "cuGraphDestroy");
  require(api().cuGraphLaunch(exec, first), "cuGraphLaunch");
  box.finish();
  require(api().cuGraphExecDestroy(exec), "cuGraphExecDestroy");
}

#define NRAM_TWINS(function) \
  [](Sandbox& box) { function(box, true); }, [](Sandbox& box) { function(box, false); }

}  // namespace

std::vector<Planted> planted_between_streams() {
  constexpr const char* kRace = "[race between streams] kernel 'scale' and kernel 'scale'";
  return {
      {"an event wait forgotten between kernels", kRace, NRAM_TWINS(kernel_then_kernel)},
      {"an event wait forgotten after a copy in", "[race between streams] ",
       NRAM_TWINS(copy_in_then_kernel)},
      {"an event wait forgotten before a copy out", "[race between streams] ",
       NRAM_TWINS(kernel_then_copy_out)},
      {"a staging buffer filled again too early", "[race between streams] ", NRAM_TWINS(refill)},
      {"an event recorded too early", kRace, NRAM_TWINS(recorded_too_early)},
      {"memory freed in another stream", "kernel 'scale' and stream-ordered release",
       NRAM_TWINS(free_async_elsewhere)},
      {"an edge of a graph forgotten", "of one graph read and write 2048 bytes from 'x'",
       NRAM_TWINS(graph_without_edge)},
      {"an event wait forgotten in a capture", "of one graph read and write 2048 bytes from 'y'",
       NRAM_TWINS(capture_without_edge)},
  };
}

}  // namespace nram::planted
