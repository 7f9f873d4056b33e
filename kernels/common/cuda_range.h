// Named ranges on the timeline of NVIDIA's profilers (NVTX), which is header-only. Without a
// profiler a range costs a load and a branch; without NVTX's header, nothing.
#pragma once

#if __has_include(<nvtx3/nvToolsExt.h>)
#include <nvtx3/nvToolsExt.h>
#define NRAM_HAS_NVTX 1
#else
#define NRAM_HAS_NVTX 0
#endif

namespace nram {

// Ranges nest, for each thread.
inline void begin_cuda_range([[maybe_unused]] const char* name) {
#if NRAM_HAS_NVTX
  nvtxRangePushA(name);
#endif
}

inline void end_cuda_range() {
#if NRAM_HAS_NVTX
  nvtxRangePop();
#endif
}

}  // namespace nram
