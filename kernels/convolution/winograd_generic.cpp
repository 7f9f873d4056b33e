// Winograd's inner loops for any processor, and the choice between all.
#define NRAM_LANES 4
#define NRAM_MOST_ROWS 4
#include "kernels/convolution/winograd_lanes.h"

namespace nram::kernels::winograd {

extern const Kernels kGeneric = kernels_named("generic");

const Kernels& kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq")) {
    return kAvx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2;
#endif
  return kGeneric;
}

}  // namespace nram::kernels::winograd
