// Names and descriptions of the driver's results.
#include "kernels/simulator/driver_cuda.h"

namespace nram::simulator::driver {
namespace {

struct Named {
  CUresult result;
  const char* name;
  const char* description;
};

#define NRAM_NAMED(result, description) \
  { result, #result, description }
constexpr Named kResults[] = {
    NRAM_NAMED(CUDA_SUCCESS, "no error"),
    NRAM_NAMED(CUDA_ERROR_INVALID_VALUE, "invalid argument"),
    NRAM_NAMED(CUDA_ERROR_OUT_OF_MEMORY, "out of memory"),
    NRAM_NAMED(CUDA_ERROR_NOT_INITIALIZED, "initialization error"),
    NRAM_NAMED(CUDA_ERROR_DEINITIALIZED, "driver shutting down"),
    NRAM_NAMED(CUDA_ERROR_PROFILER_DISABLED,
               "profiler disabled while using external profiling tool"),
    NRAM_NAMED(CUDA_ERROR_STUB_LIBRARY, "CUDA driver is a stub library"),
    NRAM_NAMED(CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA-capable device(s) is/are busy or unavailable"),
    NRAM_NAMED(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected"),
    NRAM_NAMED(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal"),
    NRAM_NAMED(CUDA_ERROR_INVALID_IMAGE, "device kernel image is invalid"),
    NRAM_NAMED(CUDA_ERROR_INVALID_CONTEXT, "invalid device context"),
    NRAM_NAMED(CUDA_ERROR_MAP_FAILED, "mapping of buffer object failed"),
    NRAM_NAMED(CUDA_ERROR_UNMAP_FAILED, "unmapping of buffer object failed"),
    NRAM_NAMED(CUDA_ERROR_NO_BINARY_FOR_GPU,
               "no kernel image is available for execution on the device"),
    NRAM_NAMED(CUDA_ERROR_UNSUPPORTED_LIMIT, "limit is not supported on this architecture"),
    NRAM_NAMED(CUDA_ERROR_CONTEXT_ALREADY_IN_USE,
               "exclusive-thread device already in use by a different thread"),
    NRAM_NAMED(CUDA_ERROR_PEER_ACCESS_UNSUPPORTED,
               "peer access is not supported between these two devices"),
    NRAM_NAMED(CUDA_ERROR_INVALID_PTX, "a PTX JIT compilation failed"),
    NRAM_NAMED(CUDA_ERROR_JIT_COMPILER_NOT_FOUND, "PTX JIT compiler library not found"),
    NRAM_NAMED(CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
               "the provided PTX was compiled with an unsupported toolchain."),
    NRAM_NAMED(CUDA_ERROR_INVALID_SOURCE, "device kernel image is invalid"),
    NRAM_NAMED(CUDA_ERROR_FILE_NOT_FOUND, "file not found"),
    NRAM_NAMED(CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND, "shared object symbol not found"),
    NRAM_NAMED(CUDA_ERROR_SHARED_OBJECT_INIT_FAILED, "shared object initialization failed"),
    NRAM_NAMED(CUDA_ERROR_OPERATING_SYSTEM, "OS call failed or operation not supported on this OS"),
    NRAM_NAMED(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle"),
    NRAM_NAMED(CUDA_ERROR_ILLEGAL_STATE, "the operation cannot be performed in the present state"),
    NRAM_NAMED(CUDA_ERROR_NOT_FOUND, "named symbol not found"),
    NRAM_NAMED(CUDA_ERROR_NOT_READY, "device not ready"),
    NRAM_NAMED(CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered"),
    NRAM_NAMED(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "too many resources requested for launch"),
    NRAM_NAMED(CUDA_ERROR_LAUNCH_TIMEOUT, "the launch timed out and was terminated"),
    NRAM_NAMED(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, "peer access is already enabled"),
    NRAM_NAMED(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, "peer access has not been enabled"),
    NRAM_NAMED(CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE,
               "cannot set while device is active in this process"),
    NRAM_NAMED(CUDA_ERROR_CONTEXT_IS_DESTROYED, "context is destroyed"),
    NRAM_NAMED(CUDA_ERROR_ASSERT, "device-side assert triggered"),
    NRAM_NAMED(CUDA_ERROR_TOO_MANY_PEERS, "peer mapping resources exhausted"),
    NRAM_NAMED(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
               "part or all of the requested memory range is already mapped"),
    NRAM_NAMED(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED,
               "pointer does not correspond to a registered memory region"),
    NRAM_NAMED(CUDA_ERROR_HARDWARE_STACK_ERROR, "hardware stack error"),
    NRAM_NAMED(CUDA_ERROR_ILLEGAL_INSTRUCTION, "an illegal instruction was encountered"),
    NRAM_NAMED(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address"),
    NRAM_NAMED(CUDA_ERROR_INVALID_ADDRESS_SPACE,
               "operation not supported on global/shared address space"),
    NRAM_NAMED(CUDA_ERROR_INVALID_PC, "invalid program counter"),
    NRAM_NAMED(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure"),
    NRAM_NAMED(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "too many blocks in cooperative launch"),
    NRAM_NAMED(CUDA_ERROR_NOT_PERMITTED, "operation not permitted"),
    NRAM_NAMED(CUDA_ERROR_NOT_SUPPORTED, "operation not supported"),
    NRAM_NAMED(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
               "operation not permitted when stream is capturing"),
    NRAM_NAMED(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
               "operation failed due to a previous error during capture"),
    NRAM_NAMED(CUDA_ERROR_STREAM_CAPTURE_MERGE,
               "operation would result in a merge of separate capture sequences"),
    NRAM_NAMED(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED,
               "capture was not ended in the same stream as it began"),
    NRAM_NAMED(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "capturing stream has unjoined work"),
    NRAM_NAMED(CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
               "dependency created on uncaptured work in another stream"),
    NRAM_NAMED(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
               "operation would make the legacy stream depend on a capturing blocking stream"),
    NRAM_NAMED(CUDA_ERROR_CAPTURED_EVENT,
               "operation not permitted on an event last recorded in a capturing stream"),
    NRAM_NAMED(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD,
               "attempt to terminate a thread-local capture sequence from another thread"),
    NRAM_NAMED(CUDA_ERROR_TIMEOUT, "wait operation timed out"),
    NRAM_NAMED(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE,
               "the graph update was not performed because it included changes which violated "
               "constraints specific to instantiated graph update"),
    NRAM_NAMED(CUDA_ERROR_INVALID_CLUSTER_SIZE, "invalid cluster size"),
    NRAM_NAMED(CUDA_ERROR_UNKNOWN, "unknown error"),
};
#undef NRAM_NAMED

const Named* find(CUresult result) {
  for (const Named& named : kResults) {
    if (named.result == result) return &named;
  }
  return nullptr;
}

}  // namespace

const char* error_name(CUresult result) {
  const Named* named = find(result);
  return named == nullptr ? nullptr : named->name;
}

const char* error_description(CUresult result) {
  const Named* named = find(result);
  return named == nullptr ? nullptr : named->description;
}

}  // namespace nram::simulator::driver
