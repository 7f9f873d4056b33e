// m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2,
// p -= rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon), if the guard is finite.
// Threads: four parameters each, grid-stride; the step and the guard are read from memory, so that
// a recorded step stays valid. Moves p, m, v twice and g once, 28 bytes a parameter; bound by
// memory.
#include "kernels/adam/factors.h"
#include "kernels/common/pointwise.cuh"

namespace nram::device {

// p, m, v may lie on their outputs.
template <int kWidth>
__device__ void adam(int64_t count, const kernels::AdamFactors& factors, const float* p,
                     const float* __restrict__ g, const float* m, const float* v,
                     const float* __restrict__ step, const float* __restrict__ guard, float* p_out,
                     float* m_out, float* v_out) {
  const bool update = guard == nullptr || isfinite(*guard);
  if (!update && p == p_out && m == m_out && v == v_out) return;
  const float rate = step[0] / step[1];
  const float root_correction = 1 / sqrtf(step[2]);
  PointwiseShape<1> shape;
  shape.vectors = count / kWidth;
  shape.tail = static_cast<int32_t>(count % kWidth);
  for_each_vector<kWidth>(shape, [&](auto width, const int64_t(&at)[1]) {
    float parameters[width()], gradients[width()], first[width()], second[width()];
    load(p + at[0], parameters);
    load(g + at[0], gradients);
    load(m + at[0], first);
    load(v + at[0], second);
    if (update) {
#pragma unroll
      for (int i = 0; i < width(); ++i) {
        const float gradient = gradients[i];
        first[i] = factors.keep1 * first[i] + factors.add1 * gradient;
        second[i] = factors.keep2 * second[i] + factors.add2 * gradient * gradient;
        parameters[i] -= rate * first[i] / (sqrtf(second[i]) * root_correction + factors.epsilon);
      }
    }
    store(p_out + at[0], parameters);
    store(m_out + at[0], first);
    store(v_out + at[0], second);
  });
}

#define NRAM_ADAM(width)                                                                        \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads)                               \
      adam_##width(int64_t count, kernels::AdamFactors factors, const float* p, const float* g, \
                   const float* m, const float* v, const float* step, const float* guard,       \
                   float* p_out, float* m_out, float* v_out) {                                  \
    adam<width>(count, factors, p, g, m, v, step, guard, p_out, m_out, v_out);                  \
  }
NRAM_ADAM(4)
NRAM_ADAM(1)

}  // namespace nram::device
