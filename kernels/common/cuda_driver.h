// The CUDA driver API as function pointers, loaded at run time: the same program starts with and
// without a GPU. One table for the machine's driver, one for the simulated device.
#pragma once

#include <cuda.h>

#include <string>

#include "kernels/common/error.h"

namespace nram {

// Every driver function the engine uses. cuda.h's macros give each name the version that its
// declaration has (cuMemAlloc is cuMemAlloc_v2).
#define NRAM_DRIVER_FUNCTIONS(F) \
  F(cuInit)                      \
  F(cuDriverGetVersion)          \
  F(cuGetErrorName)              \
  F(cuGetErrorString)            \
  F(cuDeviceGetCount)            \
  F(cuDeviceGet)                 \
  F(cuDeviceGetName)             \
  F(cuDeviceGetAttribute)        \
  F(cuDeviceTotalMem)            \
  F(cuDevicePrimaryCtxRetain)    \
  F(cuDevicePrimaryCtxRelease)   \
  F(cuCtxSetCurrent)             \
  F(cuCtxSynchronize)            \
  F(cuModuleLoadData)            \
  F(cuModuleUnload)              \
  F(cuModuleGetFunction)         \
  F(cuFuncGetAttribute)          \
  F(cuFuncSetAttribute)          \
  F(cuMemGetInfo)                \
  F(cuMemAlloc)                  \
  F(cuMemFree)                   \
  F(cuMemHostAlloc)              \
  F(cuMemFreeHost)               \
  F(cuMemcpyHtoD)                \
  F(cuMemcpyDtoH)                \
  F(cuMemcpyHtoDAsync)           \
  F(cuMemcpyDtoHAsync)           \
  F(cuMemcpyDtoDAsync)           \
  F(cuMemcpy2DAsync)             \
  F(cuMemsetD8Async)             \
  F(cuStreamCreate)              \
  F(cuStreamDestroy)             \
  F(cuStreamSynchronize)         \
  F(cuStreamWaitEvent)           \
  F(cuStreamBeginCapture)        \
  F(cuStreamEndCapture)          \
  F(cuGraphInstantiate)          \
  F(cuGraphLaunch)               \
  F(cuGraphExecDestroy)          \
  F(cuGraphDestroy)              \
  F(cuEventCreate)               \
  F(cuEventDestroy)              \
  F(cuEventRecord)               \
  F(cuEventSynchronize)          \
  F(cuLaunchKernel)              \
  F(cuOccupancyMaxActiveBlocksPerMultiprocessor)

class Driver {
 public:
  // The machine's driver: $NRAM_LIBCUDA, or libcuda.so.1. Throws a user error that says what is
  // missing: the library, a function of it (too old), or a device.
  static const Driver& machine();
  // The simulated device, a library beside the program.
  static const Driver& simulator();

  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

#define NRAM_DRIVER_FIELD(name) decltype(&::name) name = nullptr;
  NRAM_DRIVER_FUNCTIONS(NRAM_DRIVER_FIELD)
#undef NRAM_DRIVER_FIELD
  CUresult elapsed(float* milliseconds, CUevent start, CUevent end) const {
    return elapsed_(milliseconds, start, end);
  }
  // Null before CUDA 12.4.
  decltype(&::cuFuncGetParamInfo) parameter_info = nullptr;

  const std::string& path() const { return path_; }
  int version() const { return version_; }  // 13000: CUDA 13.0
  bool simulated() const { return simulated_; }
  // A function that only the simulated device has, by name; null on a real driver.
  void* extra(const char* name) const;
  // Throws an error that names the failed call and the driver's reason.
  void check(CUresult result, const char* call) const;

 private:
  explicit Driver(const std::string& path, bool simulated);
  void* library_ = nullptr;
  std::string path_;
  int version_ = 0;
  bool simulated_ = false;
  CUresult (*elapsed_)(float*, CUevent, CUevent) = nullptr;
};

#define NRAM_DRIVER_CHECK(driver, call) (driver).check((driver).call, #call)

}  // namespace nram
