// Device code: losses that are a scaled sum over the elements of dense tensors, from the formula of
// one element, with their gradients. Two launches: a partial sum a block, then their total; or one,
// where one block has everything. Both orders depend on the number of elements alone.
#pragma once

#include "kernels/common/pointwise.cuh"
#include "kernels/common/reductions.cuh"
#include "kernels/common/reductions.h"

namespace nram::device {

// sums[block] = scale * (this block's share of sum function(x...)).
template <int kWidth, class Function, class... X, size_t... kInput>
__device__ __forceinline__ void sum_inputs(std::index_sequence<kInput...>, int64_t count,
                                           float scale, float* sums, Function&& function,
                                           const X*... x) {
  __shared__ float scratch[1][kReductionThreads / kWarp];
  PointwiseShape<1> shape;
  shape.vectors = count / kWidth;
  shape.tail = static_cast<int32_t>(count % kWidth);
  float sum[1] = {0};
  for_each_vector<kWidth>(shape, [&](auto width, const int64_t(&at)[1]) {
    float inputs[sizeof...(X)][width()];
    (load(x + at[0], inputs[kInput]), ...);
#pragma unroll
    for (int i = 0; i < width(); ++i) sum[0] += function(inputs[kInput][i]...);
  });
  block_sum<kReductionThreads>(sum, scratch);
  if (threadIdx.x == 0) sums[blockIdx.x] = scale * sum[0];
}

template <int kWidth, class Function, class... X>
__device__ __forceinline__ void sum(int64_t count, float scale, float* sums, Function&& function,
                                    const X*... x) {
  sum_inputs<kWidth>(std::index_sequence_for<X...>{}, count, scale, sums, function, x...);
}

}  // namespace nram::device

// The kernels of loss_launch: scale * sum over function(x), an expression of the parameters that
// follow as declarations. The total of the partial sums is the module's kernel <name>_total.
#define NRAM_LOSS_1(name, function, ...)                                                   \
  NRAM_FOR_EACH_VECTOR_TYPE(NRAM_LOSS_1_KERNEL, name, function __VA_OPT__(, ) __VA_ARGS__) \
  NRAM_LOSS_TOTAL(name)
#define NRAM_LOSS_1_KERNEL(type, width, name, function, ...)                          \
  extern "C" __global__ void __launch_bounds__(nram::kReductionThreads)               \
      name##_##type##_##width(const type* __restrict__ x, int64_t count, float scale, \
                              float* __restrict__ sums __VA_OPT__(, ) __VA_ARGS__) {  \
    sum<width>(count, scale, sums, function, x);                                      \
  }
#define NRAM_LOSS_TOTAL(name)                                                                 \
  extern "C" __global__ void __launch_bounds__(nram::kReductionThreads)                       \
      name##_total(const float* __restrict__ sums, int64_t count, float* __restrict__ loss) { \
    sum<1>(                                                                                   \
        count, 1, loss, [](float x) { return x; }, sums);                                     \
  }

// The same of function(a, b).
#define NRAM_LOSS_2(name, function, ...)                                                   \
  NRAM_FOR_EACH_VECTOR_TYPE(NRAM_LOSS_2_KERNEL, name, function __VA_OPT__(, ) __VA_ARGS__) \
  NRAM_LOSS_TOTAL(name)
#define NRAM_LOSS_2_KERNEL(type, width, name, function, ...)                                     \
  extern "C" __global__ void __launch_bounds__(nram::kReductionThreads) name##_##type##_##width( \
      const type* __restrict__ a, const type* __restrict__ b, int64_t count, float scale,        \
      float* __restrict__ sums __VA_OPT__(, ) __VA_ARGS__) {                                     \
    sum<width>(count, scale, sums, function, a, b);                                              \
  }

// Gradients for pointwise_launch: dx = function(x), where the expression may use `factor`, `scale`
// times the scalar's gradient.
#define NRAM_LOSS_GRADIENT_1(name, function, ...) \
  NRAM_FOR_EACH_VECTOR_TYPE(NRAM_LOSS_GRADIENT_1_KERNEL, name, function __VA_OPT__(, ) __VA_ARGS__)
#define NRAM_LOSS_GRADIENT_1_KERNEL(type, width, name, function, ...)                            \
  extern "C" __global__ void __launch_bounds__(nram::kPointwiseThreads) name##_##type##_##width( \
      nram::PointwiseShape<2> shape, const type* __restrict__ x, type* __restrict__ dx,          \
      const float* __restrict__ gradient, float scale __VA_OPT__(, ) __VA_ARGS__) {              \
    const float factor = scale * *gradient;                                                      \
    map<width>(shape, function, dx, x);                                                          \
  }

// The same of da = function(a, b).
#define NRAM_LOSS_GRADIENT_2(name, function, ...) \
  NRAM_FOR_EACH_VECTOR_TYPE(NRAM_LOSS_GRADIENT_2_KERNEL, name, function __VA_OPT__(, ) __VA_ARGS__)
#define NRAM_LOSS_GRADIENT_2_KERNEL(type, width, name, function, ...)                            \
  extern "C" __global__ void __launch_bounds__(nram::kPointwiseThreads) name##_##type##_##width( \
      nram::PointwiseShape<3> shape, const type* __restrict__ a, const type* __restrict__ b,     \
      type* __restrict__ da, const float* __restrict__ gradient,                                 \
      float scale __VA_OPT__(, ) __VA_ARGS__) {                                                  \
    const float factor = scale * *gradient;                                                      \
    map<width>(shape, function, da, a, b);                                                       \
  }
