// A' = A + M * R with M = sigmoid(logits), R = B + A or B; backward dA, dB and
//   dlogits = M * (1 - M) * sum over channels of dA' * R.
// Threads: a team of `team` lanes (a power of two, at most a warp) takes one pixel and walks its
// channels in vectors of up to 16 bytes; backward adds the lanes' sums by shuffles. Bytes: every
// tensor once, in one kernel each way. Limit: memory.
#include "kernels/attention/cuda_team.h"
#include "kernels/common/sigmoid.cuh"
#include "kernels/common/vector_access.cuh"

namespace nram::device {

// Calls body(row, first channel of this lane, channels between its vectors) for the team's pixels.
// All lanes of a warp take part in every step; `row` is beyond the end for some in the last. Bodies
// walk a row by pointers: of pointer + index nvcc makes four stores of a vector's.
template <class Body>
__device__ __forceinline__ void for_each_row(const AttentionTeam& shape, int width, Body&& body) {
  const int lane = static_cast<int>(threadIdx.x) & (shape.team - 1);
  const int teams = static_cast<int>(blockDim.x) / shape.team;
  const int first = static_cast<int>(threadIdx.x) / shape.team;
  const int64_t step = static_cast<int64_t>(gridDim.x) * teams;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * teams; row < shape.rows; row += step) {
    body(row + first, lane * width, shape.team * width);
  }
}

template <int kWidth, class T>
__device__ void attend(const AttentionTeam& shape, const T* a, int64_t a_pitch, const T* b,
                       int64_t b_pitch, const T* logits, int64_t logits_pitch, T* out,
                       int64_t out_pitch, T* masks, int64_t masks_pitch) {
  for_each_row(shape, kWidth, [&](int64_t row, int first, int step) {
    if (row >= shape.rows) return;
    const float mask = sigmoid(to_float(logits[row * logits_pitch]));
    const float own = shape.inner_skip ? 1 + mask : 1.0f;
    const T* from_a = a + row * a_pitch + first;
    const T* from_b = b + row * b_pitch + first;
    T* to = out + row * out_pitch + first;
    for (int c = first; c < shape.channels; c += step) {
      float values[kWidth], others[kWidth];
      load(from_a, values);
      load(from_b, others);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) values[i] = own * values[i] + mask * others[i];
      store(to, values);
      from_a += step;
      from_b += step;
      to += step;
    }
    if (first == 0) masks[row * masks_pitch] = from_float<T>(mask);
  });
}

template <int kWidth, class T>
__device__ void attend_backward(const AttentionTeam& shape, const T* dout, int64_t dout_pitch,
                                const T* a, int64_t a_pitch, const T* b, int64_t b_pitch,
                                const T* masks, int64_t masks_pitch, T* da, int64_t da_pitch, T* db,
                                int64_t db_pitch, T* dlogits, int64_t dlogits_pitch) {
  for_each_row(shape, kWidth, [&](int64_t row, int first, int step) {
    const bool valid = row < shape.rows;
    const float mask = valid ? to_float(masks[row * masks_pitch]) : 0.0f;
    const float own = shape.inner_skip ? 1 + mask : 1.0f;
    const T* from_dout = dout + row * dout_pitch + first;
    const T* from_a = a + row * a_pitch + first;
    const T* from_b = b + row * b_pitch + first;
    T* to_a = da + row * da_pitch + first;
    T* to_b = db + row * db_pitch + first;
    float sum = 0;
    for (int c = first; valid && c < shape.channels; c += step) {
      float gradients[kWidth], residuals[kWidth], values[kWidth];
      load(from_dout, gradients);
      load(from_b, residuals);
      if (shape.inner_skip) {
        load(from_a, values);
#pragma unroll
        for (int i = 0; i < kWidth; ++i) residuals[i] += values[i];
      }
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        sum += gradients[i] * residuals[i];
        values[i] = gradients[i] * own;
        gradients[i] *= mask;
      }
      store(to_a, values);
      store(to_b, gradients);
      from_dout += step;
      from_a += step;
      from_b += step;
      to_a += step;
      to_b += step;
    }
    for (int lanes = shape.team / 2; lanes > 0; lanes /= 2) {
      sum += __shfl_xor_sync(0xffffffffu, sum, lanes);
    }
    if (valid && first == 0) {
      dlogits[row * dlogits_pitch] = from_float<T>(sum * mask * (1 - mask));
    }
  });
}

#define NRAM_ATTENTION(suffix, type, width)                                                        \
  extern "C" __global__ void __launch_bounds__(kAttentionThreads, 4) attention_##suffix##_##width( \
      AttentionTeam shape, const type* a, int64_t a_pitch, const type* b, int64_t b_pitch,         \
      const type* __restrict__ logits, int64_t logits_pitch, type* out, int64_t out_pitch,         \
      type* __restrict__ masks, int64_t masks_pitch) {                                             \
    attend<width>(shape, a, a_pitch, b, b_pitch, logits, logits_pitch, out, out_pitch, masks,      \
                  masks_pitch);                                                                    \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(kAttentionThreads, 4)                               \
      attention_gradient_##suffix##_##width(                                                       \
          AttentionTeam shape, const type* dout, int64_t dout_pitch, const type* a,                \
          int64_t a_pitch, const type* b, int64_t b_pitch, const type* __restrict__ masks,         \
          int64_t masks_pitch, type* da, int64_t da_pitch, type* db, int64_t db_pitch,             \
          type* __restrict__ dlogits, int64_t dlogits_pitch) {                                     \
    attend_backward<width>(shape, dout, dout_pitch, a, a_pitch, b, b_pitch, masks, masks_pitch,    \
                           da, da_pitch, db, db_pitch, dlogits, dlogits_pitch);                    \
  }

NRAM_ATTENTION(float, float, 4)
NRAM_ATTENTION(float, float, 1)
NRAM_ATTENTION(bfloat16, bfloat16, 8)
NRAM_ATTENTION(bfloat16, bfloat16, 1)

}  // namespace nram::device
