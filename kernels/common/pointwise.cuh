// Device code: the grid-stride loop of a pointwise kernel (pointwise.h).
#pragma once

#include "kernels/common/pointwise.h"
#include "kernels/common/vector_access.cuh"

namespace nram::device {

// Calls body(offsets) for each vector of kWidth elements of this thread; offsets[t] is where the
// vector lies in tensor t, in elements.
template <int kWidth, int kTensors, class Body>
__device__ __forceinline__ void for_each_vector(const PointwiseShape<kTensors>& shape,
                                                Body&& body) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t v = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; v < shape.vectors;
       v += step) {
    int64_t offsets[kTensors];
    if (shape.row_vectors == 0) {
#pragma unroll
      for (int t = 0; t < kTensors; ++t) offsets[t] = v * kWidth;
    } else {
      const int64_t row = v / shape.row_vectors;
      const int64_t column = (v - row * shape.row_vectors) * kWidth;
#pragma unroll
      for (int t = 0; t < kTensors; ++t) offsets[t] = row * shape.pitch[t] + column;
    }
    body(offsets);
  }
}

}  // namespace nram::device
