// The driver double answers as a driver does: results, handles, sticky errors, attributes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "tests/simulator_driver/sandbox.h"

namespace nram::planted {
namespace {

constexpr size_t kFloats = 512;
constexpr size_t kBytes = kFloats * sizeof(float);
constexpr Sandbox::Size kSize{4, 128};

std::vector<float> counting(float from) {
  std::vector<float> values(kFloats);
  std::iota(values.begin(), values.end(), from);
  return values;
}

std::vector<float> read(CUdeviceptr address) {
  std::vector<float> host(kFloats);
  require(api().cuMemcpyDtoH(host.data(), address, kBytes), "cuMemcpyDtoH");
  return host;
}

TEST(DriverDouble, RunsAKernelBetweenCopies) {
  Sandbox box;
  const CUdeviceptr x = box.allocate("x", kFloats), y = box.allocate("y", kFloats);
  const std::vector<float> values = counting(1);
  ASSERT_EQ(api().cuMemcpyHtoD(x, values.data(), kBytes), CUDA_SUCCESS);
  ASSERT_EQ(box.launch("scale", y, x, kFloats, kSize), CUDA_SUCCESS);
  const std::vector<float> result = read(y);
  for (size_t i = 0; i < kFloats; ++i) ASSERT_EQ(result[i], 2 * values[i]);
  EXPECT_TRUE(Sandbox::findings().empty());
}

TEST(DriverDouble, TellsOfItsCard) {
  Sandbox box;
  int count = 0, major = 0, minor = 0, multiprocessors = 0, version = 0;
  char name[100];
  size_t bytes = 0;
  ASSERT_EQ(api().cuDeviceGetCount(&count), CUDA_SUCCESS);
  EXPECT_EQ(count, 1);
  ASSERT_EQ(api().cuDeviceGetName(name, sizeof name, 0), CUDA_SUCCESS);
  EXPECT_STREQ(name, "NVIDIA A100-SXM4-80GB (simulated)");
  ASSERT_EQ(api().cuDeviceTotalMem(&bytes, 0), CUDA_SUCCESS);
  EXPECT_EQ(bytes, size_t{80} << 30);
  const auto ask = [](int& value, CUdevice_attribute which) {
    ASSERT_EQ(api().cuDeviceGetAttribute(&value, which, 0), CUDA_SUCCESS);
  };
  ask(major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  ask(minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  ask(multiprocessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  EXPECT_EQ(10 * major + minor, 80);
  EXPECT_EQ(multiprocessors, 108);
  ASSERT_EQ(api().cuDriverGetVersion(&version), CUDA_SUCCESS);
  EXPECT_EQ(version, 13000);
  CUdevice device = 0;
  EXPECT_EQ(api().cuDeviceGet(&device, 1), CUDA_ERROR_INVALID_DEVICE);
}

TEST(DriverDouble, NamesItsErrors) {
  Sandbox box;
  const char* text = nullptr;
  ASSERT_EQ(api().cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text), CUDA_SUCCESS);
  EXPECT_STREQ(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
  ASSERT_EQ(api().cuGetErrorString(CUDA_ERROR_ILLEGAL_ADDRESS, &text), CUDA_SUCCESS);
  EXPECT_STREQ(text, "an illegal memory access was encountered");
  EXPECT_EQ(api().cuGetErrorName(static_cast<CUresult>(12345), &text), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(text, nullptr);
}

TEST(DriverDouble, FindsFunctionsByNameAndVersion) {
  Sandbox box;
  void* function = nullptr;
  ASSERT_EQ(api().cuGetProcAddress_v1("cuMemAlloc", &function, 12000, 0), CUDA_SUCCESS);
  CUdeviceptr address = 0;
  ASSERT_EQ(reinterpret_cast<decltype(api().cuMemAlloc)>(function)(&address, 100), CUDA_SUCCESS);
  EXPECT_EQ(api().cuMemFree(address), CUDA_SUCCESS);
  EXPECT_EQ(api().cuGetProcAddress_v1("cuNothing", &function, 12000, 0), CUDA_ERROR_NOT_FOUND);
  CUdriverProcAddressQueryResult status{};
  EXPECT_EQ(api().cuGetProcAddress("cuNothing", &function, 12000, 0, &status), CUDA_SUCCESS);
  EXPECT_EQ(status, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
  EXPECT_EQ(function, nullptr);
}

TEST(DriverDouble, KeepsAFaultUntilTheContextGoes) {
  {
    Sandbox box;
    const CUdeviceptr y = box.filled("y", kFloats), x = box.filled("x", kFloats);
    ASSERT_EQ(box.launch("no_bounds", y, x, 0, {9, 128}), CUDA_SUCCESS);
    EXPECT_EQ(box.finish(), CUDA_ERROR_ILLEGAL_ADDRESS);
    CUdeviceptr more = 0;
    EXPECT_EQ(api().cuMemAlloc(&more, 16), CUDA_ERROR_ILLEGAL_ADDRESS);
    CUfunction function = nullptr;
    EXPECT_EQ(api().cuModuleGetFunction(&function, box.module(), "scale"),
              CUDA_ERROR_ILLEGAL_ADDRESS);
    EXPECT_EQ(box.finish(), CUDA_ERROR_ILLEGAL_ADDRESS);
  }
  Sandbox fresh;
  EXPECT_EQ(fresh.finish(), CUDA_SUCCESS);
}

TEST(DriverDouble, DropsWhatIsQueuedBehindAFault) {
  {
    Sandbox box;
    const CUdeviceptr y = box.filled("y", kFloats), x = box.filled("x", kFloats);
    const CUstream faulty = box.stream(), other = box.stream();
    ASSERT_EQ(box.launch("no_bounds", y, x, 0, {9, 128}, faulty), CUDA_SUCCESS);
    ASSERT_EQ(box.launch("scale", y, x, kFloats, kSize, other), CUDA_SUCCESS);
    EXPECT_EQ(api().cuStreamSynchronize(faulty), CUDA_ERROR_ILLEGAL_ADDRESS);
  }
  Sandbox fresh;
  fresh.free(fresh.filled("z", kFloats));  // waits for all streams
  EXPECT_EQ(fresh.finish(), CUDA_SUCCESS);
  EXPECT_TRUE(Sandbox::findings().empty());
}

TEST(DriverDouble, TellsFaultsApart) {
  const auto fault = [](const char* kernel, Sandbox::Size size) {
    Sandbox box;
    const CUdeviceptr y = box.filled("y", kFloats), x = box.filled("x", kFloats);
    require(box.launch(kernel, y, x, 128, size), kernel);
    return box.finish();
  };
  EXPECT_EQ(fault("vector_from_one", {1, 32}), CUDA_ERROR_MISALIGNED_ADDRESS);
  EXPECT_EQ(fault("left_neighbour", {1, 32}), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(fault("traps", {1, 32}), CUDA_ERROR_LAUNCH_FAILED);
  // Races and uninitialised reads go unnoticed on a card.
  EXPECT_EQ(fault("reverse", {1, 128}), CUDA_SUCCESS);
}

TEST(DriverDouble, RefusesWithTheDriversResults) {
  Sandbox box;
  const CUdeviceptr x = box.filled("x", kFloats);
  CUfunction function = nullptr;
  CUmodule module = nullptr;
  EXPECT_EQ(api().cuModuleGetFunction(&function, box.module(), "nothing"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(api().cuModuleLoadData(&module, "no PTX at all"), CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(api().cuModuleLoadData(&module, ".version 9.9\n.target sm_80\n"),
            CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  EXPECT_EQ(api().cuModuleLoadData(&module, ".version 8.0\n.target sm_100\n"),
            CUDA_ERROR_INVALID_PTX);
  EXPECT_EQ(box.launch("scale", x, x, 1, {0, 128}), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(box.launch("scale_128", x, x, 1, {1, 256}), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  EXPECT_EQ(api().cuMemcpyHtoD(x, nullptr, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(api().cuMemFree(x + 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(api().cuStreamSynchronize(reinterpret_cast<CUstream>(0x1234)),
            CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(api().cuEventRecord(reinterpret_cast<CUevent>(0x1234), nullptr),
            CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(box.finish(), CUDA_SUCCESS);  // none of these is sticky
  require(api().cuCtxSetCurrent(nullptr), "cuCtxSetCurrent");
  CUdeviceptr none = 0;
  EXPECT_EQ(api().cuMemAlloc(&none, 4), CUDA_ERROR_INVALID_CONTEXT);
}

TEST(DriverDouble, ReadsPtxOutOfAFatBinaryAndRefusesACubin) {
  Sandbox box;
  const std::string fatbin = planted_image("fatbin"), cubin = planted_image("cubin");
  CUmodule module = nullptr;
  ASSERT_EQ(api().cuModuleLoadData(&module, fatbin.data()), CUDA_SUCCESS) << api().last_error();
  CUfunction function = nullptr;
  EXPECT_EQ(api().cuModuleGetFunction(&function, module, "scale"), CUDA_SUCCESS);
  EXPECT_EQ(api().cuModuleLoadData(&module, cubin.data()), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_NE(std::string(api().last_error()).find("the image is a cubin"), std::string::npos);
}

TEST(DriverDouble, SaysWhatParametersAKernelHas) {
  Sandbox box;
  const CUfunction scale = box.kernel("scale");
  size_t offset = 0, bytes = 0;
  ASSERT_EQ(api().cuFuncGetParamInfo(scale, 2, &offset, &bytes), CUDA_SUCCESS);
  EXPECT_EQ(offset, 16u);
  EXPECT_EQ(bytes, 4u);
  EXPECT_EQ(api().cuFuncGetParamInfo(scale, 3, &offset, &bytes), CUDA_ERROR_INVALID_VALUE);
  int shared = 0, threads = 0;
  ASSERT_EQ(
      api().cuFuncGetAttribute(&shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, box.kernel("reverse")),
      CUDA_SUCCESS);
  EXPECT_EQ(shared, 512);
  ASSERT_EQ(api().cuFuncGetAttribute(&threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
                                     box.kernel("scale_128")),
            CUDA_SUCCESS);
  EXPECT_EQ(threads, 128);
  int blocks = 0;
  ASSERT_EQ(api().cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, scale, 256, 0),
            CUDA_SUCCESS);
  EXPECT_EQ(blocks, 8);  // 2048 threads
  ASSERT_EQ(api().cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, scale, 256, 48 << 10),
            CUDA_SUCCESS);
  EXPECT_EQ(blocks, 3);  // 164 KiB for 48 + 1 each
}

TEST(DriverDouble, CountsMemoryAndRunsOut) {
  Sandbox box;
  size_t before = 0, after = 0, total = 0;
  ASSERT_EQ(api().cuMemGetInfo(&before, &total), CUDA_SUCCESS);
  EXPECT_EQ(total, size_t{80} << 30);
  box.allocate("x", 1 << 20);
  ASSERT_EQ(api().cuMemGetInfo(&after, &total), CUDA_SUCCESS);
  EXPECT_EQ(before - after, size_t{4} << 20);
  CUdeviceptr much = 0;
  EXPECT_EQ(api().cuMemAlloc(&much, size_t{80} << 30), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_TRUE(Sandbox::findings().empty());  // programs may ask
}

TEST(DriverDouble, CopiesLandWhenSomethingWaits) {
  Sandbox box;
  const CUdeviceptr x = box.filled("x", kFloats, 3);
  float* pinned = box.pinned(kFloats);
  pinned[0] = 0;
  const CUstream stream = box.stream();
  ASSERT_EQ(api().cuMemcpyDtoHAsync(pinned, x, kBytes, stream), CUDA_SUCCESS);
  EXPECT_TRUE(std::isnan(pinned[0]));  // who looks now sees that it is too early
  ASSERT_EQ(api().cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(pinned[0], 3);
}

TEST(DriverDouble, EventsAreReadyWhenTheirWorkIs) {
  Sandbox box;
  const CUdeviceptr x = box.filled("x", kFloats);
  const CUstream stream = box.stream();
  const CUevent start = box.event(), end = box.event();
  EXPECT_EQ(api().cuEventQuery(end), CUDA_SUCCESS);  // never recorded
  ASSERT_EQ(api().cuEventRecord(start, stream), CUDA_SUCCESS);
  ASSERT_EQ(box.launch("scale", x, x, kFloats, kSize, stream), CUDA_SUCCESS);
  ASSERT_EQ(api().cuEventRecord(end, stream), CUDA_SUCCESS);
  EXPECT_EQ(api().cuEventQuery(end), CUDA_ERROR_NOT_READY);
  float milliseconds = -1;
  EXPECT_EQ(api().cuEventElapsedTime(&milliseconds, start, end), CUDA_ERROR_NOT_READY);
  ASSERT_EQ(api().cuEventSynchronize(end), CUDA_SUCCESS);
  EXPECT_EQ(api().cuEventQuery(end), CUDA_SUCCESS);
  ASSERT_EQ(api().cuEventElapsedTime(&milliseconds, start, end), CUDA_SUCCESS);
  EXPECT_GE(milliseconds, 0);
}

TEST(DriverDouble, ReplaysACapturedGraphAndUpdatesIt) {
  Sandbox box;
  const CUdeviceptr x = box.filled("x", kFloats, 1), y = box.filled("y", kFloats, 0);
  const CUstream stream = box.stream();
  box.module();
  const auto capture = [&](CUdeviceptr to, CUdeviceptr from) {
    require(api().cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL), "begin");
    require(box.launch("scale", to, from, kFloats, kSize, stream), "launch");
    CUgraph graph = nullptr;
    require(api().cuStreamEndCapture(stream, &graph), "end");
    return graph;
  };
  const CUgraph doubling = capture(x, x), copying = capture(y, x);
  EXPECT_EQ(read(x)[0], 1);  // a capture runs nothing
  CUgraphExec exec = nullptr;
  ASSERT_EQ(api().cuGraphInstantiate(&exec, doubling, 0), CUDA_SUCCESS);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(api().cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(api().cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(read(x)[7], 8);
  CUgraphExecUpdateResultInfo info{};
  ASSERT_EQ(api().cuGraphExecUpdate(exec, copying, &info), CUDA_SUCCESS);
  ASSERT_EQ(api().cuGraphLaunch(exec, stream), CUDA_SUCCESS);
  ASSERT_EQ(api().cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_EQ(read(x)[7], 8);
  EXPECT_EQ(read(y)[7], 16);
  EXPECT_EQ(api().cuGraphExecDestroy(exec), CUDA_SUCCESS);
  EXPECT_EQ(api().cuGraphDestroy(doubling), CUDA_SUCCESS);
  EXPECT_EQ(api().cuGraphDestroy(copying), CUDA_SUCCESS);
  EXPECT_TRUE(Sandbox::findings().empty());
}

TEST(DriverDouble, RunsNodesInTheOrderOfTheirEdges) {
  for (const uint64_t seed : {0, 1, 2, 3}) {
    Sandbox box;
    api().set_seed(seed);
    const CUdeviceptr x = box.allocate("x", kFloats);
    CUcontext context = nullptr;
    require(api().cuCtxGetCurrent(&context), "cuCtxGetCurrent");
    CUgraph graph = nullptr;
    require(api().cuGraphCreate(&graph, 0), "cuGraphCreate");
    std::vector<CUgraphNode> nodes(3);
    for (unsigned i = 0; i < 3; ++i) {
      const CUDA_MEMSET_NODE_PARAMS fill{x, 0, i, 4, kFloats, 1};
      require(api().cuGraphAddMemsetNode(&nodes[i], graph, nullptr, 0, &fill, context), "node");
    }
    // The nodes run as 2, 0, 1.
    const CUgraphNode from[] = {nodes[2], nodes[0]}, to[] = {nodes[0], nodes[1]};
    ASSERT_EQ(api().cuGraphAddDependencies(graph, from, to, nullptr, 2), CUDA_SUCCESS);
    CUgraphExec exec = nullptr;
    ASSERT_EQ(api().cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
    ASSERT_EQ(api().cuGraphLaunch(exec, nullptr), CUDA_SUCCESS);
    uint32_t value = 0;
    ASSERT_EQ(api().cuMemcpyDtoH(&value, x, sizeof value), CUDA_SUCCESS);
    EXPECT_EQ(value, 1u);
    EXPECT_TRUE(Sandbox::findings().empty());
    // A cycle is refused.
    ASSERT_EQ(api().cuGraphAddDependencies(graph, &nodes[1], &nodes[2], nullptr, 1), CUDA_SUCCESS);
    CUgraphExec none = nullptr;
    EXPECT_EQ(api().cuGraphInstantiate(&none, graph, 0), CUDA_ERROR_INVALID_VALUE);
    require(api().cuGraphExecDestroy(exec), "cuGraphExecDestroy");
    require(api().cuGraphDestroy(graph), "cuGraphDestroy");
  }
}

TEST(DriverDouble, CopiesRowsAndFillsWords) {
  Sandbox box;
  const CUdeviceptr x = box.allocate("x", kFloats);
  ASSERT_EQ(api().cuMemsetD32(x, 7, kFloats), CUDA_SUCCESS);
  const std::vector<float> values = counting(0);
  CUDA_MEMCPY2D copy{};
  copy.srcMemoryType = CU_MEMORYTYPE_HOST;
  copy.srcHost = values.data();
  copy.srcPitch = 64;
  copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.dstDevice = x;
  copy.dstPitch = 128;
  copy.WidthInBytes = 64;
  copy.Height = 16;
  ASSERT_EQ(api().cuMemcpy2D(&copy), CUDA_SUCCESS);
  const std::vector<float> result = read(x);
  for (size_t i = 0; i < kFloats; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, &result[i], sizeof bits);
    if (i % 32 < 16) {
      EXPECT_EQ(result[i], static_cast<float>(i / 32 * 16 + i % 32));
    } else {
      EXPECT_EQ(bits, 7u);
    }
  }
}

TEST(DriverDouble, StreamOrderedMemoryLivesFromAllocationToRelease) {
  Sandbox box;
  const CUstream stream = box.stream();
  CUdeviceptr x = 0;
  ASSERT_EQ(api().cuMemAllocAsync(&x, kBytes, stream), CUDA_SUCCESS);
  ASSERT_EQ(api().cuMemsetD32Async(x, 5, kFloats, stream), CUDA_SUCCESS);
  ASSERT_EQ(api().cuMemFreeAsync(x, stream), CUDA_SUCCESS);
  ASSERT_EQ(api().cuStreamSynchronize(stream), CUDA_SUCCESS);
  EXPECT_TRUE(Sandbox::findings().empty());
  EXPECT_EQ(api().cuMemsetD8(x, 0, 1), CUDA_ERROR_INVALID_VALUE);
}

TEST(DriverDouble, CountsWhatKernelsCost) {
  Sandbox box;
  const CUdeviceptr y = box.filled("y", kFloats), x = box.filled("x", kFloats);
  ASSERT_EQ(box.launch("scale", y, x, kFloats, kSize), CUDA_SUCCESS);
  ASSERT_EQ(box.finish(), CUDA_SUCCESS);
  const std::string json = api().counters_json();
  EXPECT_NE(json.find("\"scale\": {\"launches\": 1"), std::string::npos) << json;
  EXPECT_NE(json.find("\"distinct_load_bytes\": 2048"), std::string::npos) << json;
  EXPECT_NE(json.find("\"global_store_bytes\": 2048"), std::string::npos) << json;
  EXPECT_NE(json.find("planted_kernels.cu"), std::string::npos) << json;
}

TEST(DriverDouble, OtherSchedulesGiveTheSameBits) {
  std::vector<float> first;
  for (const uint64_t seed : {0, 1, 2}) {
    Sandbox box;
    api().set_seed(seed);
    const CUdeviceptr x = box.filled("x", kFloats, 3), y = box.filled("y", kFloats);
    const CUstream streams[] = {box.stream(), box.stream()};
    const CUevent event = box.event();
    for (int i = 0; i < 4; ++i) {
      box.launch("scale", i % 2 == 0 ? y : x, i % 2 == 0 ? x : y, kFloats, kSize, streams[i % 2]);
      require(api().cuEventRecord(event, streams[i % 2]), "cuEventRecord");
      require(api().cuStreamWaitEvent(streams[1 - i % 2], event, 0), "cuStreamWaitEvent");
    }
    ASSERT_EQ(box.finish(), CUDA_SUCCESS);
    EXPECT_TRUE(Sandbox::findings().empty());
    if (seed == 0) first = read(x);
    EXPECT_EQ(read(x), first);
    EXPECT_EQ(read(x)[0], 48);
  }
}

}  // namespace
}  // namespace nram::planted
