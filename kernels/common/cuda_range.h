// A named range on the timeline of NVIDIA's profilers (NVTX), for as long as the object lives:
// header-only, as NVTX itself is. Without a profiler it costs a load and a branch; without NVTX's
// header, nothing.
#pragma once

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define NRAM_HAS_NVTX 1
#else
#define NRAM_HAS_NVTX 0
#endif

namespace nram {

class CudaRange {
 public:
#if NRAM_HAS_NVTX
  explicit CudaRange(const char* name) { nvtxRangePushA(name); }
  ~CudaRange() { nvtxRangePop(); }
#else
  explicit CudaRange(const char*) {}
#endif
  CudaRange(const CudaRange&) = delete;
  CudaRange& operator=(const CudaRange&) = delete;
};

}  // namespace nram
