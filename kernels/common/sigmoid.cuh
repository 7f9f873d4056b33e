// Device code: the logistic function.
#pragma once

namespace nram::device {

// 1 / (1 + e^-x): 0 and 1 at the infinities, NaN of NaN.
__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

}  // namespace nram::device
