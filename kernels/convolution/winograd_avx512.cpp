// Winograd's inner loops for AVX-512; see CMakeLists.txt for this file's options.
#if defined(__x86_64__)
#define NRAM_LANES 16
#define NRAM_MOST_ROWS 14
#include "kernels/convolution/winograd_lanes.h"

namespace nram::kernels::winograd {

extern const Kernels kAvx512 = kernels_named("avx512");

}  // namespace nram::kernels::winograd
#endif
