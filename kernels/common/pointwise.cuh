// Device code: the grid-stride loops of pointwise kernels (pointwise.h), and whole kernels from the
// formula of one element.
#pragma once

#include <type_traits>
#include <utility>

#include "kernels/common/pointwise.h"
#include "kernels/common/vector_access.cuh"

namespace nram::device {

template <int kWidth>
using Width = std::integral_constant<int, kWidth>;

// Calls body(row, column) for each vector of this thread, `column` counted in vectors. One division
// a thread, none in the loop.
template <class Body>
__device__ __forceinline__ void for_each_row_vector(int64_t vectors, uint32_t row_vectors,
                                                    Body&& body) {
  const uint32_t start = blockIdx.x * blockDim.x + threadIdx.x;
  const uint32_t step = gridDim.x * blockDim.x;
  const uint32_t row_step = step / row_vectors;
  const uint32_t column_step = step - row_step * row_vectors;
  int64_t row = start / row_vectors;
  uint32_t column = start % row_vectors;
  for (int64_t v = start; v < vectors; v += step) {
    body(row, column);
    row += row_step;
    column += column_step;
    if (column >= row_vectors) {
      column -= row_vectors;
      ++row;
    }
  }
}

// Calls body(width, offsets) for each vector of this thread: offsets[t] is where it lies in tensor
// t, in elements, and width() how many elements it has: kWidth, or 1 in the tail.
template <int kWidth, int kTensors, class Body>
__device__ __forceinline__ void for_each_vector(const PointwiseShape<kTensors>& shape,
                                                Body&& body) {
  int64_t offsets[kTensors];
  const auto at = [&](int64_t offset) {
#pragma unroll
    for (int t = 0; t < kTensors; ++t) offsets[t] = offset;
  };
  if (shape.row_vectors != 0) {
    for_each_row_vector(shape.vectors, shape.row_vectors, [&](int64_t row, uint32_t column) {
#pragma unroll
      for (int t = 0; t < kTensors; ++t) offsets[t] = row * shape.pitch[t] + column * kWidth;
      body(Width<kWidth>{}, offsets);
    });
    return;
  }
  const uint32_t start = blockIdx.x * blockDim.x + threadIdx.x;
  const uint32_t step = gridDim.x * blockDim.x;
  for (int64_t v = start; v < shape.vectors; v += step) {
    at(v * kWidth);
    body(Width<kWidth>{}, offsets);
  }
  if constexpr (kWidth > 1) {
    if (start < shape.tail) {
      at(shape.vectors * kWidth + start);
      body(Width<1>{}, offsets);
    }
  }
}

template <int kWidth, class Function, class Y, class... X, size_t... kInput>
__device__ __forceinline__ void map_inputs(std::index_sequence<kInput...>,
                                           const PointwiseShape<1 + sizeof...(X)>& shape,
                                           Function&& function, Y* y, const X*... x) {
  for_each_vector<kWidth>(shape, [&](auto width, const int64_t(&at)[1 + sizeof...(X)]) {
    float inputs[sizeof...(X)][width()];
    (load(x + at[kInput], inputs[kInput]), ...);
    float outputs[width()];
#pragma unroll
    for (int i = 0; i < width(); ++i) outputs[i] = function(inputs[kInput][i]...);
    store(y + at[sizeof...(X)], outputs);
  });
}

// y = function(x...), element by element, in float. The shape's tensors: the x, then y, which may
// be the memory of an x.
template <int kWidth, class Function, class Y, class... X>
__device__ __forceinline__ void map(const PointwiseShape<1 + sizeof...(X)>& shape,
                                    Function&& function, Y* y, const X*... x) {
  map_inputs<kWidth>(std::index_sequence_for<X...>{}, shape, function, y, x...);
}

}  // namespace nram::device

// KERNEL(type, width, ...) for both types, in vectors of 16 bytes and element by element.
#define NRAM_FOR_EACH_VECTOR_TYPE(KERNEL, ...)   \
  KERNEL(float, 4 __VA_OPT__(, ) __VA_ARGS__)    \
  KERNEL(float, 1 __VA_OPT__(, ) __VA_ARGS__)    \
  KERNEL(bfloat16, 8 __VA_OPT__(, ) __VA_ARGS__) \
  KERNEL(bfloat16, 1 __VA_OPT__(, ) __VA_ARGS__)

// The kernels <name>_<type>_<width>(shape, x, y, parameters...) of y = function(x), where
// `function` is an expression of the parameters, which follow as declarations. For
// pointwise_launch.
#define NRAM_POINTWISE_1(name, function, ...) \
  NRAM_FOR_EACH_VECTOR_TYPE(NRAM_POINTWISE_1_KERNEL, name, function __VA_OPT__(, ) __VA_ARGS__)
#define NRAM_POINTWISE_1_KERNEL(type, width, name, function, ...)                                \
  extern "C" __global__ void __launch_bounds__(nram::kPointwiseThreads) name##_##type##_##width( \
      nram::PointwiseShape<2> shape, const type* x, type* y __VA_OPT__(, ) __VA_ARGS__) {        \
    map<width>(shape, function, y, x);                                                           \
  }

// The same of y = function(a, b).
#define NRAM_POINTWISE_2(name, function, ...) \
  NRAM_FOR_EACH_VECTOR_TYPE(NRAM_POINTWISE_2_KERNEL, name, function __VA_OPT__(, ) __VA_ARGS__)
#define NRAM_POINTWISE_2_KERNEL(type, width, name, function, ...)                          \
  extern "C" __global__ void __launch_bounds__(nram::kPointwiseThreads)                    \
      name##_##type##_##width(nram::PointwiseShape<3> shape, const type* a, const type* b, \
                              type* y __VA_OPT__(, ) __VA_ARGS__) {                        \
    map<width>(shape, function, y, a, b);                                                  \
  }
