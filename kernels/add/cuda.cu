// y = ((x_0 + x_1) + x_2) + ..., in float whatever the tensors' type.
// Threads: a vector of up to 16 bytes each, grid-stride. Moves every tensor once; bound by memory.
#include "kernels/add/terms.h"
#include "kernels/common/pointwise.cuh"

namespace nram::device {

NRAM_POINTWISE_2(add_two, [](float a, float b) { return a + b; })

// The shape's tensors: the terms, then y.
template <int kWidth, class T>
__device__ void add(const PointwiseShape<kernels::kAddMostInputs + 1>& shape,
                    const kernels::AddTerms& terms, T* y) {
  constexpr int kMost = kernels::kAddMostInputs;
  for_each_vector<kWidth>(shape, [&](auto width, const int64_t(&at)[kMost + 1]) {
    float sum[width()];
    load(static_cast<const T*>(terms.data[0]) + at[0], sum);
#pragma unroll
    for (int t = 1; t < kMost; ++t) {
      if (t >= terms.count) break;
      float term[width()];
      load(static_cast<const T*>(terms.data[t]) + at[t], term);
#pragma unroll
      for (int i = 0; i < width(); ++i) sum[i] += term[i];
    }
    store(y + at[kMost], sum);
  });
}

#define NRAM_ADD(type, width)                                                                \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads) add_##type##_##width(      \
      PointwiseShape<kernels::kAddMostInputs + 1> shape, kernels::AddTerms terms, type* y) { \
    add<width>(shape, terms, y);                                                             \
  }
NRAM_FOR_EACH_VECTOR_TYPE(NRAM_ADD)

}  // namespace nram::device
