#include "tests/engine/gpu.h"

#include <cstdlib>
#include <set>
#include <sstream>

#include "kernels/common/error.h"
#if NRAM_CUDA
#include "engine/cuda_device.h"
#include "kernels/common/cuda_image.h"
#endif

namespace nram::harness {

bool gpu_is_simulated() {
  const char* name = std::getenv("NRAM_TEST_DEVICE");
  return name == nullptr || std::string(name) != "cuda";
}

Device& gpu() { return device(std::string(gpu_is_simulated() ? "sim" : "cuda")); }

#if NRAM_CUDA

namespace {

CudaDevice& cuda() { return static_cast<CudaDevice&>(gpu()); }

// A function that the simulated device has beside the driver API.
template <class Function>
Function simulator_function(const char* name) {
  void* found = cuda().driver().extra(name);
  NRAM_CHECK(found != nullptr, "the simulated device has no function ", name);
  return reinterpret_cast<Function>(found);
}

}  // namespace

std::vector<std::string> take_findings() {
  std::vector<std::string> findings;
  if (!gpu_is_simulated()) return findings;
  const auto count = simulator_function<int (*)()>("nramSimulatorFindingCount")();
  const auto text_of = simulator_function<const char* (*)(int)>("nramSimulatorFindingText");
  for (int i = 0; i < count; ++i) findings.emplace_back(text_of(i));
  simulator_function<void (*)()>("nramSimulatorReset")();
  return findings;
}

GpuMode::~GpuMode() {
  cuda().cuda_launcher().force_ptx(0);
  cuda().launcher()->allow_tf32(false);
  schedule(0);
}

void GpuMode::allow_tf32() { cuda().launcher()->allow_tf32(true); }

void GpuMode::schedule(int seed) {
  if (!gpu_is_simulated()) return;
  simulator_function<void (*)(uint64_t)>("nramSimulatorSetSeed")(static_cast<uint64_t>(seed));
}

void GpuMode::use_ptx(int architecture) { cuda().cuda_launcher().force_ptx(architecture); }

std::vector<int> ptx_architectures() {
  std::set<int> architectures;
  for (const CudaImage& image : cuda_images()) {
    if (image.kind == CudaImage::Kind::kPtx &&
        image.architecture <= cuda().cuda_launcher().device_capability()) {
      architectures.insert(image.architecture);
    }
  }
  return {architectures.begin(), architectures.end()};
}

#else

std::vector<std::string> take_findings() { return {}; }
GpuMode::~GpuMode() = default;
void GpuMode::allow_tf32() {}
void GpuMode::schedule(int) {}
void GpuMode::use_ptx(int) {}
std::vector<int> ptx_architectures() { return {}; }

#endif

}  // namespace nram::harness
