// cuGetProcAddress, and the names that functions had before their second version.
#include <dlfcn.h>

#include <map>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {
namespace {

struct Version {
  int since;  // 3020: CUDA 3.2
  const char* exported;
};

// Names of which programs of different age mean different functions; the last version that is
// not later than the program's counts. Others are exported under their own name.
const std::multimap<std::string, Version>& versions() {
  static const std::multimap<std::string, Version> table = {
      {"cuDeviceTotalMem", {3020, "cuDeviceTotalMem_v2"}},
      {"cuDeviceGetUuid", {11040, "cuDeviceGetUuid_v2"}},
      {"cuDevicePrimaryCtxRelease", {11000, "cuDevicePrimaryCtxRelease_v2"}},
      {"cuDevicePrimaryCtxReset", {11000, "cuDevicePrimaryCtxReset_v2"}},
      {"cuDevicePrimaryCtxSetFlags", {11000, "cuDevicePrimaryCtxSetFlags_v2"}},
      {"cuCtxCreate", {3020, "cuCtxCreate_v2"}},
      {"cuCtxCreate", {11040, "cuCtxCreate_v3"}},
      {"cuCtxCreate", {12050, "cuCtxCreate_v4"}},
      {"cuCtxDestroy", {4000, "cuCtxDestroy_v2"}},
      {"cuCtxPushCurrent", {4000, "cuCtxPushCurrent_v2"}},
      {"cuCtxPopCurrent", {4000, "cuCtxPopCurrent_v2"}},
      {"cuCtxGetDevice", {2000, "cuCtxGetDevice"}},
      {"cuCtxGetDevice", {13000, "cuCtxGetDevice_v2"}},
      {"cuCtxSynchronize", {2000, "cuCtxSynchronize"}},
      {"cuCtxSynchronize", {13000, "cuCtxSynchronize_v2"}},
      {"cuModuleGetGlobal", {3020, "cuModuleGetGlobal_v2"}},
      {"cuMemGetInfo", {3020, "cuMemGetInfo_v2"}},
      {"cuMemAlloc", {3020, "cuMemAlloc_v2"}},
      {"cuMemAllocPitch", {3020, "cuMemAllocPitch_v2"}},
      {"cuMemFree", {3020, "cuMemFree_v2"}},
      {"cuMemGetAddressRange", {3020, "cuMemGetAddressRange_v2"}},
      {"cuMemAllocHost", {3020, "cuMemAllocHost_v2"}},
      {"cuMemHostGetDevicePointer", {3020, "cuMemHostGetDevicePointer_v2"}},
      {"cuMemHostRegister", {6050, "cuMemHostRegister_v2"}},
      {"cuMemcpyHtoD", {3020, "cuMemcpyHtoD_v2"}},
      {"cuMemcpyDtoH", {3020, "cuMemcpyDtoH_v2"}},
      {"cuMemcpyDtoD", {3020, "cuMemcpyDtoD_v2"}},
      {"cuMemcpy2D", {3020, "cuMemcpy2D_v2"}},
      {"cuMemcpy2DUnaligned", {3020, "cuMemcpy2DUnaligned_v2"}},
      {"cuMemcpy3D", {3020, "cuMemcpy3D_v2"}},
      {"cuMemcpyHtoDAsync", {3020, "cuMemcpyHtoDAsync_v2"}},
      {"cuMemcpyDtoHAsync", {3020, "cuMemcpyDtoHAsync_v2"}},
      {"cuMemcpyDtoDAsync", {3020, "cuMemcpyDtoDAsync_v2"}},
      {"cuMemcpy2DAsync", {3020, "cuMemcpy2DAsync_v2"}},
      {"cuMemcpy3DAsync", {3020, "cuMemcpy3DAsync_v2"}},
      {"cuMemsetD8", {3020, "cuMemsetD8_v2"}},
      {"cuMemsetD16", {3020, "cuMemsetD16_v2"}},
      {"cuMemsetD32", {3020, "cuMemsetD32_v2"}},
      {"cuMemsetD2D8", {3020, "cuMemsetD2D8_v2"}},
      {"cuMemsetD2D16", {3020, "cuMemsetD2D16_v2"}},
      {"cuMemsetD2D32", {3020, "cuMemsetD2D32_v2"}},
      {"cuStreamDestroy", {4000, "cuStreamDestroy_v2"}},
      {"cuStreamBeginCapture", {10010, "cuStreamBeginCapture_v2"}},
      {"cuStreamGetCaptureInfo", {11030, "cuStreamGetCaptureInfo_v2"}},
      {"cuStreamGetCaptureInfo", {12030, "cuStreamGetCaptureInfo_v3"}},
      {"cuEventDestroy", {4000, "cuEventDestroy_v2"}},
      {"cuEventElapsedTime", {2000, "cuEventElapsedTime"}},
      {"cuEventElapsedTime", {12080, "cuEventElapsedTime_v2"}},
      {"cuGraphAddKernelNode", {12000, "cuGraphAddKernelNode_v2"}},
      {"cuGraphKernelNodeGetParams", {12000, "cuGraphKernelNodeGetParams_v2"}},
      {"cuGraphKernelNodeSetParams", {12000, "cuGraphKernelNodeSetParams_v2"}},
      {"cuGraphExecKernelNodeSetParams", {12000, "cuGraphExecKernelNodeSetParams_v2"}},
      {"cuGraphGetEdges", {10000, "cuGraphGetEdges"}},
      {"cuGraphGetEdges", {12030, "cuGraphGetEdges_v2"}},
      {"cuGraphNodeGetDependencies", {10000, "cuGraphNodeGetDependencies"}},
      {"cuGraphNodeGetDependencies", {12030, "cuGraphNodeGetDependencies_v2"}},
      {"cuGraphNodeGetDependentNodes", {10000, "cuGraphNodeGetDependentNodes"}},
      {"cuGraphNodeGetDependentNodes", {12030, "cuGraphNodeGetDependentNodes_v2"}},
      {"cuGraphAddDependencies", {10000, "cuGraphAddDependencies"}},
      {"cuGraphAddDependencies", {12030, "cuGraphAddDependencies_v2"}},
      {"cuGraphRemoveDependencies", {10000, "cuGraphRemoveDependencies"}},
      {"cuGraphRemoveDependencies", {12030, "cuGraphRemoveDependencies_v2"}},
      {"cuGraphExecUpdate", {10020, "cuGraphExecUpdate"}},
      {"cuGraphExecUpdate", {12000, "cuGraphExecUpdate_v2"}},
      {"cuGraphInstantiate", {10000, "cuGraphInstantiate"}},
      {"cuGraphInstantiate", {11000, "cuGraphInstantiate_v2"}},
      {"cuGraphInstantiate", {12000, "cuGraphInstantiateWithFlags"}},
      {"cuGetProcAddress", {11030, "cuGetProcAddress"}},
      {"cuGetProcAddress", {12000, "cuGetProcAddress_v2"}},
  };
  return table;
}

void* own_library() {
  static void* const library = [] {
    Dl_info info{};
    dladdr(reinterpret_cast<const void*>(&versions), &info);
    return dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  }();
  return library;
}

void* exported(const std::string& name, bool per_thread) {
  if (per_thread) {
    for (const char* suffix : {"_ptsz", "_ptds"}) {
      if (void* found = dlsym(own_library(), (name + suffix).c_str())) return found;
    }
  }
  return dlsym(own_library(), name.c_str());
}

CUresult find_symbol(const char* symbol, void** function, int version, cuuint64_t flags,
                     CUdriverProcAddressQueryResult* status) {
  if (symbol == nullptr || function == nullptr) return CUDA_ERROR_INVALID_VALUE;
  *function = nullptr;
  const bool per_thread = (flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM) != 0;
  const auto [first, last] = versions().equal_range(symbol);
  const char* name = first == last ? symbol : nullptr;
  for (auto at = first; at != last; ++at) {
    if (at->second.since <= version) name = at->second.exported;
  }
  if (name != nullptr) *function = exported(name, per_thread);
  CUdriverProcAddressQueryResult found = CU_GET_PROC_ADDRESS_SUCCESS;
  if (*function == nullptr) {
    found = name == nullptr ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
                            : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  }
  if (status != nullptr) *status = found;
  return *function == nullptr ? CUDA_ERROR_NOT_FOUND : CUDA_SUCCESS;
}

// What the plain name of a function with a second version means: 32-bit addresses and sizes, which
// no program of today wants. Loading it is the mistake.
CUresult first_version(const char* function) {
  return call(function, kPlain, [&](Driver&, Context&) {
    refuse(CUDA_ERROR_INVALID_CONTEXT,
           std::string("this is the interface of CUDA 3.1, with 32-bit addresses: load ") +
               function + "_v2");
  });
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuGetProcAddress_v2(const char* symbol, void** function, int version, cuuint64_t flags,
                             CUdriverProcAddressQueryResult* status) {
  // A missing function is an answer, not an error, to programs that look at the status.
  const CUresult result = find_symbol(symbol, function, version, flags, status);
  return result == CUDA_ERROR_NOT_FOUND && status != nullptr ? CUDA_SUCCESS : result;
}
CUresult cuGetProcAddress(const char* symbol, void** function, int version, cuuint64_t flags) {
  return find_symbol(symbol, function, version, flags, nullptr);
}

CUresult cuDeviceTotalMem(unsigned*, CUdevice) { return first_version(__func__); }
CUresult cuCtxCreate(CUcontext*, unsigned, CUdevice) { return first_version(__func__); }
CUresult cuModuleGetGlobal(CUdeviceptr_v1*, unsigned*, CUmodule, const char*) {
  return first_version(__func__);
}
CUresult cuMemGetInfo(unsigned*, unsigned*) { return first_version(__func__); }
CUresult cuMemAlloc(CUdeviceptr_v1*, unsigned) { return first_version(__func__); }
CUresult cuMemFree(CUdeviceptr_v1) { return first_version(__func__); }
CUresult cuMemAllocHost(void**, unsigned) { return first_version(__func__); }
CUresult cuMemcpyHtoD(CUdeviceptr_v1, const void*, unsigned) { return first_version(__func__); }
CUresult cuMemcpyDtoH(void*, CUdeviceptr_v1, unsigned) { return first_version(__func__); }
CUresult cuMemcpyDtoD(CUdeviceptr_v1, CUdeviceptr_v1, unsigned) { return first_version(__func__); }
CUresult cuMemcpyHtoDAsync(CUdeviceptr_v1, const void*, unsigned, CUstream) {
  return first_version(__func__);
}
CUresult cuMemcpyDtoHAsync(void*, CUdeviceptr_v1, unsigned, CUstream) {
  return first_version(__func__);
}
CUresult cuMemcpyDtoDAsync(CUdeviceptr_v1, CUdeviceptr_v1, unsigned, CUstream) {
  return first_version(__func__);
}
CUresult cuMemsetD8(CUdeviceptr_v1, unsigned char, unsigned) { return first_version(__func__); }
CUresult cuMemsetD32(CUdeviceptr_v1, unsigned, unsigned) { return first_version(__func__); }

}  // extern "C"
