// Winograd's inner loops for AVX2 with FMA; see CMakeLists.txt for this file's options.
#if defined(__x86_64__)
#define NRAM_LANES 8
#define NRAM_MOST_ROWS 6
#include "kernels/convolution/winograd_lanes.h"

namespace nram::kernels::winograd {

extern const Kernels kAvx2 = kernels_named("avx2");

}  // namespace nram::kernels::winograd
#endif
