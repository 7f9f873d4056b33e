#include <algorithm>

#include "tests/simulator_driver/planted.h"

namespace nram::planted {
namespace {

constexpr size_t kFloats = 512;
constexpr size_t kBytes = kFloats * sizeof(float);
constexpr Sandbox::Size kSize{4, 128};

// y = 2 x, and back to the host.
void scale_and_read(Sandbox& box, CUdeviceptr x, unsigned grid) {
  const CUdeviceptr y = box.allocate("y", kFloats);
  box.launch("scale", y, x, kFloats, {grid, 128});
  std::vector<float> host(kFloats);
  api().cuMemcpyDtoH(host.data(), y, kBytes);
}

void wrong_grid(Sandbox& box, bool wrong) {
  scale_and_read(box, box.filled("x", kFloats), wrong ? 3 : 4);
}
void empty_grid(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  box.launch("scale", x, x, kFloats, {wrong ? 0u : 4u, 128});
  box.finish();
}
void wrong_block(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  box.launch("scale", x, x, kFloats, {1, wrong ? 2048u : 1024u});
  box.finish();
}
void launch_bounds(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  box.launch("scale_128", x, x, kFloats, {4, wrong ? 256u : 128u});
  box.finish();
}
void dynamic_shared(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats);
  constexpr unsigned kDynamic = 64 << 10;
  if (!wrong) {
    require(api().cuFuncSetAttribute(box.kernel("dynamic_reverse"),
                                     CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, kDynamic),
            "cuFuncSetAttribute");
  }
  box.launch("dynamic_reverse", y, x, 128, {1, 128, kDynamic});
  box.finish();
}
void null_parameters(Sandbox& box, bool wrong) {
  CUdeviceptr x = box.filled("x", kFloats);
  int n = kFloats;
  void* parameters[] = {&x, &x, &n};
  api().cuLaunchKernel(box.kernel("scale"), 4, 1, 1, 128, 1, 1, 0, nullptr,
                       wrong ? nullptr : parameters, nullptr);
  box.finish();
}

void short_copy(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.allocate("x", kFloats);
  const std::vector<float> ones(kFloats, 1);
  // The count of elements where bytes are asked for.
  api().cuMemcpyHtoD(x, ones.data(), wrong ? kFloats : kBytes);
  scale_and_read(box, x, 4);
}
void long_copy(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  std::vector<float> host(kFloats + 1);
  api().cuMemcpyDtoH(host.data(), x, kBytes + (wrong ? 4 : 0));
}
void long_memset(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.allocate("x", kFloats);
  api().cuMemsetD32(x, 0, wrong ? kBytes : kFloats);
  box.finish();
}
void past_pinned(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  float* pinned = box.pinned(kFloats);
  api().cuMemcpyDtoH(pinned + (wrong ? 1 : 0), x, kBytes);
}
void wrong_direction(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  std::vector<float> host(kFloats);
  if (wrong) {
    api().cuMemcpyHtoD(reinterpret_cast<CUdeviceptr>(host.data()), reinterpret_cast<const void*>(x),
                       kBytes);
  } else {
    api().cuMemcpyDtoH(host.data(), x, kBytes);
  }
}
void pitch_too_small(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  std::vector<float> host(kFloats);
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = x;
  copy.srcPitch = wrong ? 32 : 64;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = host.data();
  copy.dstPitch = 64;
  copy.WidthInBytes = 64;
  copy.Height = 8;
  api().cuMemcpy2D(&copy);
}

void use_after_free(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats);
  if (wrong) box.free(x);
  box.launch("scale", y, x, kFloats, kSize);
  box.finish();
}
void copy_after_free(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  std::vector<float> host(kFloats);
  if (wrong) box.free(x);
  api().cuMemcpyDtoH(host.data(), x, kBytes);
}
void double_free(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  box.free(x);
  if (wrong) api().cuMemFree(x);
}
void free_of_the_middle(Sandbox& box, bool wrong) {
  api().cuMemFree(box.filled("x", kFloats) + (wrong ? 256 : 0));
}
void free_in_use(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats), y = box.filled("y", kFloats);
  box.launch("scale", y, x, kFloats, kSize, box.stream());
  if (!wrong) box.finish();
  box.free(x);
  box.finish();
}
void host_memory_freed_early(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  void* pinned = nullptr;
  require(api().cuMemHostAlloc(&pinned, kBytes, 0), "cuMemHostAlloc");
  api().cuMemcpyDtoHAsync(pinned, x, kBytes, box.stream());
  if (!wrong) box.finish();
  api().cuMemFreeHost(pinned);
  box.finish();
}
void host_memory_reused_early(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.allocate("x", kFloats);
  float* pinned = box.pinned(kFloats);
  std::fill_n(pinned, kFloats, 1.0f);
  api().cuMemcpyHtoDAsync(x, pinned, kBytes, box.stream());
  if (!wrong) box.finish();
  std::fill_n(pinned, kFloats, 2.0f);
  box.finish();
}
void pinned_never_filled(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.allocate("x", kFloats);
  if (!wrong) require(api().cuMemsetD32(x, 0, kFloats), "cuMemsetD32");
  std::vector<float> host(kFloats);
  api().cuMemcpyDtoH(host.data(), x, kBytes);
}

void leak(Sandbox& box, bool wrong) {
  require(api().cuMemFree(box.filled("kept", kFloats)), "cuMemFree");
  api().set_option("leaks", "1");
  CUdeviceptr kept = box.allocate("kept", kFloats);
  if (!wrong) api().cuMemFree(kept);
  api().cuDevicePrimaryCtxReset(0);
}
void destroyed_stream(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  CUstream stream = nullptr;
  require(api().cuStreamCreate(&stream, CU_STREAM_DEFAULT), "cuStreamCreate");
  if (wrong) api().cuStreamDestroy(stream);
  box.launch("scale", x, x, kFloats, kSize, stream);
  box.finish();
}
void destroyed_event(Sandbox& box, bool wrong) {
  CUevent event = nullptr;
  require(api().cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate");
  if (wrong) api().cuEventDestroy(event);
  api().cuEventRecord(event, box.stream());
  box.finish();
}
void unloaded_module(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  box.launch("scale", x, x, kFloats, kSize, box.stream());
  if (!wrong) box.finish();
  api().cuModuleUnload(box.module());
  box.finish();
}
void waiting_in_a_capture(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  const CUstream stream = box.stream();
  box.module();
  require(api().cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "begin");
  box.launch("scale", x, x, kFloats, kSize, stream);
  if (wrong) api().cuStreamSynchronize(stream);
  CUgraph graph = nullptr;
  if (api().cuStreamEndCapture(stream, &graph) == CUDA_SUCCESS) api().cuGraphDestroy(graph);
}
void unjoined_capture(Sandbox& box, bool wrong) {
  const CUdeviceptr x = box.filled("x", kFloats);
  const CUstream first = box.stream(), second = box.stream();
  const CUevent fork = box.event(), join = box.event();
  box.module();
  require(api().cuStreamBeginCapture(first, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "begin");
  api().cuEventRecord(fork, first);
  api().cuStreamWaitEvent(second, fork, 0);
  box.launch("scale", x, x, kFloats, kSize, second);
  if (!wrong) {
    api().cuEventRecord(join, second);
    api().cuStreamWaitEvent(first, join, 0);
  }
  CUgraph graph = nullptr;
  if (api().cuStreamEndCapture(first, &graph) == CUDA_SUCCESS) api().cuGraphDestroy(graph);
}
void driver_in_host_function(Sandbox& box, bool wrong) {
  const auto calls = [](void*) { api().cuCtxSynchronize(); };
  const auto calls_nothing = [](void*) {};
  api().cuLaunchHostFunc(box.stream(), wrong ? CUhostFn(calls) : CUhostFn(calls_nothing), nullptr);
  box.finish();
}

#define NRAM_TWINS(function) \
  [](Sandbox& box) { function(box, true); }, [](Sandbox& box) { function(box, false); }

}  // namespace

std::vector<Planted> planted_in_host_code() {
  return {
      {"a grid too small", "[uninitialised] copy of 2048 bytes from the device to the host",
       NRAM_TWINS(wrong_grid)},
      {"an empty grid", "the grid is empty: 0 x 1 x 1", NRAM_TWINS(empty_grid)},
      {"a block too large", "the block of 2048 x 1 x 1 threads passes the limit",
       NRAM_TWINS(wrong_block)},
      {"a block above the launch bounds", "can have 128 threads a block at most",
       NRAM_TWINS(launch_bounds)},
      {"dynamic shared memory not asked for", "of dynamic shared memory; it may have 49152",
       NRAM_TWINS(dynamic_shared)},
      {"no parameters", "has 3 parameters, and none is given", NRAM_TWINS(null_parameters)},
      {"a copy too short", "[uninitialised] a load of 4 bytes from array x",
       NRAM_TWINS(short_copy)},
      {"a copy too long", "2052 bytes from 'x' + 0, passes the end of its 2048 bytes",
       NRAM_TWINS(long_copy)},
      {"a memset in bytes", "8192 bytes from 'x' + 0, passes the end", NRAM_TWINS(long_memset)},
      {"a copy past pinned memory", "pinned host memory of 2048 bytes + 4, passes its end",
       NRAM_TWINS(past_pinned)},
      {"a copy in the wrong direction", "the destination is no device memory",
       NRAM_TWINS(wrong_direction)},
      {"a pitch below the width", "a pitch is less than the width", NRAM_TWINS(pitch_too_small)},
      {"a kernel on freed memory", "[use after free] a load of 4 bytes outside array x",
       NRAM_TWINS(use_after_free)},
      {"a copy from freed memory", "'x' + 0 (released), has been released",
       NRAM_TWINS(copy_after_free)},
      {"a double free", "'x' has been released before", NRAM_TWINS(double_free)},
      {"a free of the middle", "'x' + 256 is not the start of an allocation",
       NRAM_TWINS(free_of_the_middle)},
      {"a free under a queued kernel", "[release in use] 'x' is released while queued work uses it",
       NRAM_TWINS(free_in_use)},
      {"pinned memory freed before its copy", "[release in use] pinned host memory",
       NRAM_TWINS(host_memory_freed_early)},
      {"pinned memory written before its copy", "[host memory changed]",
       NRAM_TWINS(host_memory_reused_early)},
      {"a copy out of what nothing wrote", "[uninitialised] copy of 2048 bytes",
       NRAM_TWINS(pinned_never_filled)},
      {"a leak", "[leak] 'kept' is never released", NRAM_TWINS(leak)},
      {"a destroyed stream", "the stream has been destroyed", NRAM_TWINS(destroyed_stream)},
      {"a destroyed event", "the event has been destroyed", NRAM_TWINS(destroyed_event)},
      {"a module unloaded under a queued kernel", "[module in use]", NRAM_TWINS(unloaded_module)},
      {"a wait inside a capture", "is not allowed while a stream is being captured",
       NRAM_TWINS(waiting_in_a_capture)},
      {"a capture that is not joined", "its last work is not joined to",
       NRAM_TWINS(unjoined_capture)},
      {"the driver called by a host function", "may not call the driver",
       NRAM_TWINS(driver_in_host_function)},
  };
}

}  // namespace nram::planted
