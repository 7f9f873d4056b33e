#include "kernels/common/cuda_driver.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

namespace nram {
namespace {

namespace fs = std::filesystem;

// build/nram finds build/simulator/, and build/tests/x_tests does as well.
std::string simulator_path() {
  std::error_code ignored;
  fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (int up = 0; up < 3 && !folder.empty(); ++up, folder = folder.parent_path()) {
    const fs::path library = folder / "simulator" / "libnram_simulator.so";
    if (fs::exists(library, ignored)) return library.string();
  }
  throw_user(
      "the simulated device's library simulator/libnram_simulator.so is not beside the program: "
      "build the project again, all of it");
}

std::string machine_path() {
  const char* path = std::getenv("NRAM_LIBCUDA");
  return path != nullptr && *path != 0 ? path : "libcuda.so.1";
}

#define NRAM_TEXT_OF(name) #name
#define NRAM_NAME_OF(name) NRAM_TEXT_OF(name)

}  // namespace

Driver::Driver(const std::string& path, bool simulated) : path_(path), simulated_(simulated) {
  library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  NRAM_USER_CHECK(library_ != nullptr, "no NVIDIA driver was found (", dlerror(),
                  "): use --device cpu, or --device sim for the simulated GPU");
  // It may also have been named as the machine's driver.
  simulated_ = simulated_ || extra("nramSimulatorCardName") != nullptr;
  const auto find = [&](const char* name) {
    void* function = dlsym(library_, name);
    NRAM_USER_CHECK(function != nullptr, "the NVIDIA driver ", path, " has no ", name,
                    ": it is too old, install one for CUDA 12 or later");
    return function;
  };
#define NRAM_DRIVER_LOAD(name) name = reinterpret_cast<decltype(name)>(find(NRAM_NAME_OF(name)));
  NRAM_DRIVER_FUNCTIONS(NRAM_DRIVER_LOAD)
#undef NRAM_DRIVER_LOAD
  void* elapsed = dlsym(library_, "cuEventElapsedTime_v2");
  if (elapsed == nullptr) elapsed = find("cuEventElapsedTime");
  elapsed_ = reinterpret_cast<decltype(elapsed_)>(elapsed);
  parameter_info =
      reinterpret_cast<decltype(parameter_info)>(dlsym(library_, "cuFuncGetParamInfo"));

  const CUresult initialised = cuInit(0);
  NRAM_USER_CHECK(initialised != CUDA_ERROR_NO_DEVICE,
                  "the NVIDIA driver finds no GPU (is CUDA_VISIBLE_DEVICES empty?): use --device "
                  "cpu, or --device sim for the simulated GPU");
  check(initialised, "cuInit");
  check(cuDriverGetVersion(&version_), "cuDriverGetVersion");
  int devices = 0;
  check(cuDeviceGetCount(&devices), "cuDeviceGetCount");
  NRAM_USER_CHECK(devices > 0, "the NVIDIA driver finds no GPU: use --device cpu");
}

const Driver& Driver::machine() {
  static const Driver driver(machine_path(), false);
  return driver;
}

const Driver& Driver::simulator() {
  static const Driver driver(simulator_path(), true);
  return driver;
}

void* Driver::extra(const char* name) const { return dlsym(library_, name); }

void Driver::check(CUresult result, const char* call) const {
  if (result == CUDA_SUCCESS) return;
  const char* name = nullptr;
  const char* reason = nullptr;
  cuGetErrorName(result, &name);
  cuGetErrorString(result, &reason);
  throw Error(Error::Kind::kInternal,
              text("the CUDA driver failed in ", call, ": ", name ? name : "unknown error", " (",
                   static_cast<int>(result), reason ? ", " : "", reason ? reason : "", ")"));
}

}  // namespace nram
