// y = m x; dx = m dy and dm = sum over channels of x dy, m of one channel.
// Threads: a vector of up to 16 bytes of channels each, grid-stride. Backward, up to a warp of them
// takes a row and adds dm by shuffles. Moves every tensor once; bound by memory.
#include "kernels/common/pointwise.cuh"
#include "kernels/common/reductions.cuh"

namespace nram::device {

// The shape's tensors: x, m, y.
template <int kWidth, class T>
__device__ void forward(const PointwiseShape<3>& shape, const T* x, const T* m, T* y) {
  for_each_row_vector(shape.vectors, shape.row_vectors, [&](int64_t row, uint32_t column) {
    float values[kWidth];
    load(x + row * shape.pitch[0] + column * kWidth, values);
    const float mask = to_float(m[row * shape.pitch[1]]);
#pragma unroll
    for (float& value : values) value *= mask;
    store(y + row * shape.pitch[2] + column * kWidth, values);
  });
}

// The shape's tensors: dy, x, m, dx, dm. Groups of `lanes` lanes, a power of two, take a row each;
// whole warps stay together for the sum.
template <int kWidth, class T>
__device__ void backward(const PointwiseShape<5>& shape, int lanes, const T* dy, const T* x,
                         const T* m, T* dx, T* dm) {
  const int lane = threadIdx.x % lanes;
  const int row_vectors = shape.row_vectors;
  const int64_t rows = shape.vectors / row_vectors;
  const uint32_t step = gridDim.x * (blockDim.x / lanes);
  const uint32_t group = blockIdx.x * (blockDim.x / lanes) + threadIdx.x / lanes;
  const uint32_t first_of_warp = group - threadIdx.x % kWarp / lanes;
  for (int64_t turn = 0; turn + first_of_warp < rows; turn += step) {
    const int64_t row = turn + group;
    const bool inside = row < rows;
    float sum = 0;
    if (inside) {
      const float mask = to_float(m[row * shape.pitch[2]]);
      for (int column = lane; column < row_vectors; column += lanes) {
        float gradients[kWidth];
        float values[kWidth];
        load(dy + row * shape.pitch[0] + column * kWidth, gradients);
        load(x + row * shape.pitch[1] + column * kWidth, values);
#pragma unroll
        for (int i = 0; i < kWidth; ++i) {
          sum += gradients[i] * values[i];
          gradients[i] *= mask;
        }
        store(dx + row * shape.pitch[3] + column * kWidth, gradients);
      }
    }
    sum = warp_sum(sum, lanes);
    if (inside && lane == 0) dm[row * shape.pitch[4]] = from_float<T>(sum);
  }
}

#define NRAM_MASK_MULTIPLY(type, width)                                                            \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads) mask_multiply_##type##_##width(  \
      PointwiseShape<3> shape, const type* x, const type* __restrict__ m, type* y) {               \
    forward<width>(shape, x, m, y);                                                                \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads)                                  \
      mask_multiply_gradient_##type##_##width(PointwiseShape<5> shape, int lanes, const type* dy,  \
                                              const type* x, const type* __restrict__ m, type* dx, \
                                              type* dm) {                                          \
    backward<width>(shape, lanes, dy, x, m, dx, dm);                                               \
  }
NRAM_FOR_EACH_VECTOR_TYPE(NRAM_MASK_MULTIPLY)

}  // namespace nram::device
