// The simulated device as a program sees it: the driver API loaded from the library at run time,
// one fresh primary context for each Sandbox, and the findings that it has collected.
#pragma once

#include <cuda.h>

#include <string>
#include <vector>

namespace nram::planted {

// cuda.h's macros give each name the version that a program compiled today gets.
#define NRAM_SANDBOX_FUNCTIONS(F)                \
  F(cuInit)                                      \
  F(cuDriverGetVersion)                          \
  F(cuGetErrorName)                              \
  F(cuGetErrorString)                            \
  F(cuDeviceGet)                                 \
  F(cuDeviceGetCount)                            \
  F(cuDeviceGetName)                             \
  F(cuDeviceGetAttribute)                        \
  F(cuDeviceTotalMem)                            \
  F(cuDevicePrimaryCtxRetain)                    \
  F(cuDevicePrimaryCtxRelease)                   \
  F(cuDevicePrimaryCtxReset)                     \
  F(cuCtxSetCurrent)                             \
  F(cuCtxGetCurrent)                             \
  F(cuModuleLoadData)                            \
  F(cuModuleUnload)                              \
  F(cuModuleGetFunction)                         \
  F(cuModuleGetGlobal)                           \
  F(cuFuncGetAttribute)                          \
  F(cuFuncSetAttribute)                          \
  F(cuFuncGetParamInfo)                          \
  F(cuMemGetInfo)                                \
  F(cuMemAlloc)                                  \
  F(cuMemFree)                                   \
  F(cuMemAllocAsync)                             \
  F(cuMemFreeAsync)                              \
  F(cuMemHostAlloc)                              \
  F(cuMemFreeHost)                               \
  F(cuMemHostRegister)                           \
  F(cuMemHostUnregister)                         \
  F(cuMemcpyHtoD)                                \
  F(cuMemcpyDtoH)                                \
  F(cuMemcpyDtoD)                                \
  F(cuMemcpyHtoDAsync)                           \
  F(cuMemcpyDtoHAsync)                           \
  F(cuMemcpyDtoDAsync)                           \
  F(cuMemcpy2D)                                  \
  F(cuMemcpy2DAsync)                             \
  F(cuMemsetD8)                                  \
  F(cuMemsetD8Async)                             \
  F(cuMemsetD32)                                 \
  F(cuMemsetD32Async)                            \
  F(cuStreamCreate)                              \
  F(cuStreamDestroy)                             \
  F(cuStreamSynchronize)                         \
  F(cuStreamQuery)                               \
  F(cuStreamWaitEvent)                           \
  F(cuStreamBeginCapture)                        \
  F(cuStreamEndCapture)                          \
  F(cuStreamIsCapturing)                         \
  F(cuEventCreate)                               \
  F(cuEventDestroy)                              \
  F(cuEventRecord)                               \
  F(cuEventSynchronize)                          \
  F(cuEventQuery)                                \
  F(cuGraphCreate)                               \
  F(cuGraphDestroy)                              \
  F(cuGraphInstantiate)                          \
  F(cuGraphLaunch)                               \
  F(cuGraphExecDestroy)                          \
  F(cuGraphExecUpdate)                           \
  F(cuGraphAddKernelNode)                        \
  F(cuGraphAddMemsetNode)                        \
  F(cuGraphAddDependencies)                      \
  F(cuGraphGetNodes)                             \
  F(cuGraphExecKernelNodeSetParams)              \
  F(cuLaunchKernel)                              \
  F(cuLaunchHostFunc)                            \
  F(cuOccupancyMaxActiveBlocksPerMultiprocessor) \
  F(cuPointerGetAttribute)                       \
  F(cuGetProcAddress)

struct Api {
  void* library = nullptr;
#define NRAM_SANDBOX_FIELD(name) decltype(&::name) name = nullptr;
  NRAM_SANDBOX_FUNCTIONS(NRAM_SANDBOX_FIELD)
#undef NRAM_SANDBOX_FIELD
  CUresult (*cuCtxSynchronize)() = nullptr;
  CUresult (*cuEventElapsedTime)(float*, CUevent, CUevent) = nullptr;
  CUresult (*cuGetProcAddress_v1)(const char*, void**, int, cuuint64_t) = nullptr;

  int (*finding_count)() = nullptr;
  int (*error_count)() = nullptr;
  const char* (*finding_text)(int) = nullptr;
  const char* (*findings_json)() = nullptr;
  const char* (*counters_json)() = nullptr;
  void (*reset)() = nullptr;
  void (*set_seed)(uint64_t) = nullptr;
  int (*set_option)(const char*, const char*) = nullptr;
  void (*name_next_allocation)(const char*) = nullptr;
  const char* (*last_error)() = nullptr;
};
const Api& api();

// The device's memory with n floats in it.
class Sandbox {
 public:
  Sandbox();
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Loads the planted kernels when first asked.
  CUfunction kernel(const char* name);
  CUmodule module();
  // Throws if the driver refuses.
  CUdeviceptr allocate(const char* name, size_t floats);
  CUdeviceptr filled(const char* name, size_t floats, float value = 1);
  CUstream stream();
  CUevent event();
  float* pinned(size_t floats);
  void free(CUdeviceptr address);

  struct Size {
    unsigned grid = 1, block = 128, dynamic = 0;
  };
  // One of the planted kernels: all have the parameters (y, x, n).
  CUresult launch(const char* name, CUdeviceptr y, CUdeviceptr x, int n, Size size,
                  CUstream stream = nullptr);
  // Waits for everything and gives what the context says.
  CUresult finish();
  // What has been found since the sandbox was made.
  static std::vector<std::string> findings();

 private:
  CUmodule module_ = nullptr;
  std::vector<CUstream> streams_;
  std::vector<CUevent> events_;
  std::vector<void*> pinned_;
  std::vector<CUdeviceptr> memory_;
};

// The planted kernels as "ptx", "fatbin" or "cubin".
std::string planted_image(const std::string& kind);
// Throws std::runtime_error with the driver's name for a result that is no success.
void require(CUresult result, const char* what);

}  // namespace nram::planted
