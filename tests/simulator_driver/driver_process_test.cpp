// What concerns the whole process: options before cuInit, leaks at exit, several host threads.
// Each death test begins anew, in a process of its own.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "tests/simulator_driver/sandbox.h"

namespace nram::planted {
namespace {

class Process : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(Process, ReportsLeaksAtItsEnd) {
  const auto leak = [] {
    Sandbox box;
    box.filled("kept", 16);
    api().set_option("leaks", "1");
    api().set_option("quiet", "0");
    std::exit(0);  // the context is never released
  };
  EXPECT_EXIT(leak(), testing::ExitedWithCode(0),
              "simulated GPU: warning \\[leak\\] 'kept' is never released");
}

// Programs call the driver from destructors of their statics.
TEST_F(Process, KeepsItsContextUntilTheVeryEnd) {
  const auto leave = [] {
    Sandbox box;
    box.filled("x", 16);
    std::atexit([] { std::fprintf(stderr, "at exit: %d\n", api().cuCtxSynchronize()); });
    std::exit(0);
  };
  EXPECT_EXIT(leave(), testing::ExitedWithCode(0), "at exit: 0");
}

TEST_F(Process, ChoosesTheCardAndItsMemoryBeforeItStarts) {
  const auto tell = [] {
    if (api().set_option("card", "Voodoo") != 0) std::exit(1);
    if (api().set_option("card", "rtx 4090") != 1) std::exit(2);
    if (api().set_option("memory", "1M") != 1) std::exit(3);
    Sandbox box;
    if (api().set_option("card", "A100") != 0) std::exit(4);  // too late
    char name[100];
    int major = 0, minor = 0;
    size_t bytes = 0;
    api().cuDeviceGetName(name, sizeof name, 0);
    api().cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0);
    api().cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 0);
    api().cuDeviceTotalMem(&bytes, 0);
    CUdeviceptr address = 0;
    const CUresult result = api().cuMemAlloc(&address, (1 << 20) + 1);
    std::fprintf(stderr, "%s, sm_%d%d, %zu bytes, %d\n", name, major, minor, bytes, result);
    std::exit(0);
  };
  EXPECT_EXIT(tell(), testing::ExitedWithCode(0),
              "NVIDIA GeForce RTX 4090 .simulated., sm_89, 1048576 bytes, 2");
}

TEST_F(Process, TakesOptionsFromItsEnvironment) {
  const auto tell = [] {
    setenv("NRAM_SIMULATOR_CARD", "H200", 1);
    setenv("NRAM_SIMULATOR_MEMORY", "2G", 1);
    Sandbox box;
    char name[100];
    size_t bytes = 0;
    api().cuDeviceGetName(name, sizeof name, 0);
    api().cuDeviceTotalMem(&bytes, 0);
    std::fprintf(stderr, "%s, %zu\n", name, bytes);
    std::exit(0);
  };
  EXPECT_EXIT(tell(), testing::ExitedWithCode(0), "H200.*, 2147483648");
}

TEST_F(Process, SaysWhatIsWrongWithItsEnvironment) {
  const auto start = [] {
    setenv("NRAM_SIMULATOR_CARD", "Voodoo", 1);
    const CUresult result = api().cuInit(0);
    std::fprintf(stderr, "%d: %s\n", result, api().last_error());
    std::exit(0);
  };
  EXPECT_EXIT(start(), testing::ExitedWithCode(0),
              "1: .*NRAM_SIMULATOR_CARD is 'Voodoo', not one of A100, L40S");
}

TEST_F(Process, RefusesEverythingBeforeItStarts) {
  const auto ask = [] {
    CUdevice device = 0;
    std::exit(api().cuDeviceGet(&device, 0) == CUDA_ERROR_NOT_INITIALIZED ? 0 : 1);
  };
  EXPECT_EXIT(ask(), testing::ExitedWithCode(0), "");
}

TEST_F(Process, HasSeveralHostThreads) {
  Sandbox box;
  box.module();
  constexpr size_t kFloats = 512;
  CUcontext context = nullptr;
  require(api().cuCtxGetCurrent(&context), "cuCtxGetCurrent");
  struct Job {
    CUstream stream;
    CUdeviceptr x, y;
    float result = 0;
  };
  std::vector<Job> jobs(3);
  for (Job& job : jobs) {
    job = {box.stream(), box.filled("x", kFloats, 1), box.filled("y", kFloats, 0)};
  }
  std::vector<std::thread> threads;
  for (Job& job : jobs) {
    threads.emplace_back([&] {
      require(api().cuCtxSetCurrent(context), "cuCtxSetCurrent");
      for (int i = 0; i < 10; ++i) {
        const bool even = i % 2 == 0;
        require(box.launch("scale", even ? job.y : job.x, even ? job.x : job.y, kFloats, {4, 128},
                           job.stream),
                "launch");
        if (i % 3 == 0) require(api().cuStreamSynchronize(job.stream), "wait");
      }
      require(api().cuMemcpyDtoHAsync(&job.result, job.x, sizeof(float), job.stream), "copy");
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Job& job : jobs) EXPECT_EQ(job.result, 1024);
  EXPECT_TRUE(Sandbox::findings().empty());
}

}  // namespace
}  // namespace nram::planted
