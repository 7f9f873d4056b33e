// y = x > 0 ? x : slope x, and dx = y > 0 ? dy : slope dy.
// Threads: a vector of up to 16 bytes each, grid-stride. Moves every tensor once; bound by memory.
#include "kernels/common/pointwise.cuh"

namespace nram::device {

template <int kWidth, class T>
__device__ void forward(PointwiseShape<2> shape, const T* x, T* y, float slope) {
  for_each_vector<kWidth>(shape, [&](const int64_t(&at)[2]) {
    float values[kWidth];
    load(x + at[0], values);
#pragma unroll
    for (float& value : values) value = value > 0 ? value : slope * value;
    store(y + at[1], values);
  });
}

template <int kWidth, class T>
__device__ void backward(PointwiseShape<3> shape, const T* dy, const T* y, T* dx, float slope) {
  for_each_vector<kWidth>(shape, [&](const int64_t(&at)[3]) {
    float values[kWidth];
    float outputs[kWidth];
    load(dy + at[0], values);
    load(y + at[1], outputs);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] = outputs[i] > 0 ? values[i] : slope * values[i];
    store(dx + at[2], values);
  });
}

#define NRAM_LEAKY_RELU(suffix, type, width)                                                       \
  extern "C" __global__ void leaky_relu_##suffix##_##width(PointwiseShape<2> shape, const type* x, \
                                                           type* y, float slope) {                 \
    forward<width>(shape, x, y, slope);                                                            \
  }                                                                                                \
  extern "C" __global__ void leaky_relu_gradient_##suffix##_##width(                               \
      PointwiseShape<3> shape, const type* dy, const type* y, type* dx, float slope) {             \
    backward<width>(shape, dy, y, dx, slope);                                                      \
  }

NRAM_LEAKY_RELU(float, float, 4)
NRAM_LEAKY_RELU(float, float, 1)
NRAM_LEAKY_RELU(bfloat16, bfloat16, 8)
NRAM_LEAKY_RELU(bfloat16, bfloat16, 1)

}  // namespace nram::device
