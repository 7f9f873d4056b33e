// A' = A + M * R with M = sigmoid(logits), Bhat = (B - mean) * inverse_deviation, R = Bhat + A or
// Bhat; backward, with g = dA' * M: dA, dlogits = M * (1 - M) * sum over channels of dA' * R, and
//   dB = inverse_deviation * (g - mean of g - Bhat * mean of g * Bhat).
// Forward: B's statistics (normalization's first kernel), then one pass that merges them,
// normalises, takes the sigmoid, adds and writes A' and M. Backward: one pass that writes dA and
// leaves every chunk's sums of g and g * Bhat and every tile's part of dlogits, and one that adds
// them up and writes dB and dlogits. All on the grid of common/channel_tiles.h: 16 bytes of
// channels a thread, eight threads to a row's 128 bytes, 64 rows at a time.
// Bytes: forward A, B, A' once and B once more; backward dA', A, B, dA, dB once and dA', B once
// more, mostly from the second level cache; partial values add less than a tenth. Limit: memory,
// and below some millions of elements the latency of two dependent kernels.
#include "kernels/common/channel_tiles.cuh"
#include "kernels/common/sigmoid.cuh"

namespace nram::device {

// Rows at once: two or three tensors are read.
template <int kWidth>
constexpr int kAttentionBatch = kRowBatch<kWidth> / 2;

template <int kWidth, class T>
__device__ void attend(const ChannelTiles& tiles, const T* a, int64_t a_pitch, const T* b,
                       int64_t b_pitch, const T* logits, int64_t logits_pitch, T* out,
                       int64_t out_pitch, T* masks, int64_t masks_pitch, const float* partial,
                       float* mean_out, float* inverse_out, float epsilon, int inner_skip) {
  constexpr int kBatch = kAttentionBatch<kWidth>;
  constexpr int kRows = TileThread<kWidth>::kRows;
  __shared__ TileSums<kWidth> sums;
  const TileThread<kWidth> thread(tiles);
  float mean[kWidth], inverse[kWidth];
  merge_statistics(tiles, thread, sums, partial, epsilon, mean_out, inverse_out, mean, inverse);
  if (!thread.active) return;
  a = thread.start(a, a_pitch);
  b = thread.start(b, b_pitch);
  out = thread.start(out, out_pitch);
  logits += thread.first_row * logits_pitch;
  masks += thread.first_row * masks_pitch;
  for (int row = thread.row; row < thread.rows; row += kBatch * kRows) {
    float values[kBatch][kWidth], residuals[kBatch][kWidth], mask[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      if (row + k * kRows >= thread.rows) continue;
      mask[k] = to_float(logits[(row + k * kRows) * logits_pitch]);
      load(a + k * (kRows * a_pitch), values[k]);
      load(b + k * (kRows * b_pitch), residuals[k]);
    }
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      if (row + k * kRows >= thread.rows) continue;
      mask[k] = sigmoid(mask[k]);
      const float own = inner_skip ? 1 + mask[k] : 1.0f;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float normalized = (residuals[k][i] - mean[i]) * inverse[i];
        values[k][i] = own * values[k][i] + mask[k] * normalized;
      }
      store(out + k * (kRows * out_pitch), values[k]);
      if (thread.channel == 0) masks[(row + k * kRows) * masks_pitch] = from_float<T>(mask[k]);
    }
    a += kBatch * (kRows * a_pitch);
    b += kBatch * (kRows * b_pitch);
    out += kBatch * (kRows * out_pitch);
  }
}

// One thread's share of the first backward pass: adds to the sums, writes dA, returns its part of
// the row's sum of dA' * R.
template <int kWidth, class T>
__device__ __forceinline__ float backward_vector(const float (&gradients)[kWidth],
                                                 float (&values)[kWidth],
                                                 const float (&normalized)[kWidth], float mask,
                                                 int inner_skip, T* da, float (&sum)[kWidth],
                                                 float (&product)[kWidth]) {
  const float own = inner_skip ? 1 + mask : 1.0f;
  float dmask = 0;
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    dmask += gradients[i] * (inner_skip ? normalized[i] + values[i] : normalized[i]);
    values[i] = gradients[i] * own;
    const float g = gradients[i] * mask;
    sum[i] += g;
    product[i] += g * normalized[i];
  }
  store(da, values);
  return dmask;
}

template <int kWidth, class T>
__device__ void first_pass(const ChannelTiles& tiles, const T* dout, int64_t dout_pitch, const T* a,
                           int64_t a_pitch, const T* b, int64_t b_pitch, const T* masks,
                           int64_t masks_pitch, const float* means, const float* inverses, T* da,
                           int64_t da_pitch, float* partial, float* row_sums, int inner_skip) {
  using Thread = TileThread<kWidth>;
  __shared__ TileSums<kWidth> sums;
  const Thread thread(tiles);
  float mean[kWidth] = {}, inverse[kWidth] = {}, sum[kWidth] = {}, product[kWidth] = {};
  if (thread.active) {
    const int64_t at = static_cast<int64_t>(blockIdx.z) * tiles.channels + thread.channel;
    load_floats(means + at, mean);
    load_floats(inverses + at, inverse);
  }
  dout = thread.start(dout, dout_pitch);
  a = thread.start(a, a_pitch);
  b = thread.start(b, b_pitch);
  da = thread.start(da, da_pitch);
  masks += thread.first_row * masks_pitch;
  row_sums += static_cast<int64_t>(blockIdx.x) * gridDim.z * tiles.rows + thread.first_row;
  // All lanes of a warp stay in the loop for the shuffles: its first row decides.
  const int warp_row = static_cast<int>(threadIdx.x) / 32 * (32 / Thread::kColumns);
  for (int first = 0; first + warp_row < thread.rows; first += Thread::kRows) {
    const int row = first + thread.row;
    float dmask = 0;
    if (thread.active && row < thread.rows) {
      float gradients[kWidth], values[kWidth], normalized[kWidth];
      load(dout, gradients);
      load(b, normalized);
      load(a, values);
      const float mask = to_float(masks[row * masks_pitch]);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) normalized[i] = (normalized[i] - mean[i]) * inverse[i];
      dmask = backward_vector(gradients, values, normalized, mask, inner_skip, da, sum, product);
    }
#pragma unroll
    for (int lane = Thread::kColumns / 2; lane > 0; lane /= 2) {
      dmask += __shfl_xor_sync(0xffffffffu, dmask, lane);
    }
    if (thread.column == 0 && row < thread.rows) row_sums[row] = dmask;
    dout += Thread::kRows * dout_pitch;
    a += Thread::kRows * a_pitch;
    b += Thread::kRows * b_pitch;
    da += Thread::kRows * da_pitch;
  }
  sums.sum_rows(0, thread, sum);
  sums.sum_rows(1, thread, product);
  store_totals(sums, partial);
}

// dlogits of this block's share of its chunk, from the tiles' sums in order.
template <class T>
__device__ __forceinline__ void finish_rows(const ChannelTiles& tiles, int64_t first_row, int rows,
                                            const T* masks, int64_t masks_pitch, T* dlogits,
                                            int64_t dlogits_pitch, const float* row_sums) {
  const int64_t all_rows = tiles.rows * gridDim.z;
  const int step = static_cast<int>(gridDim.x) * kChannelTileThreads;
  for (int i = static_cast<int>(blockIdx.x) * kChannelTileThreads + threadIdx.x; i < rows;
       i += step) {
    const int64_t row = first_row + i;
    float sum = 0;
    for (int tile = 0; tile < static_cast<int>(gridDim.x); ++tile) {
      sum += row_sums[tile * all_rows + row];
    }
    const float mask = to_float(masks[row * masks_pitch]);
    dlogits[row * dlogits_pitch] = from_float<T>(sum * mask * (1 - mask));
  }
}

template <int kWidth, class T>
__device__ void second_pass(const ChannelTiles& tiles, const T* dout, int64_t dout_pitch,
                            const T* b, int64_t b_pitch, const T* masks, int64_t masks_pitch,
                            const float* means, const float* inverses, T* db, int64_t db_pitch,
                            const float* partial) {
  constexpr int kBatch = kAttentionBatch<kWidth>;
  constexpr int kRows = TileThread<kWidth>::kRows;
  __shared__ TileSums<kWidth> sums;
  const TileThread<kWidth> thread(tiles);
  load_totals(sums, partial);
  if (!thread.active) return;
  float mean[kWidth], inverse[kWidth], sum[kWidth], product[kWidth];
  const int64_t at = static_cast<int64_t>(blockIdx.z) * tiles.channels + thread.channel;
  load_floats(means + at, mean);
  load_floats(inverses + at, inverse);
  sums.get(0, thread, sum);
  sums.get(1, thread, product);
  const float per_row = 1.0f / static_cast<float>(tiles.rows);
#pragma unroll
  for (int i = 0; i < kWidth; ++i) {
    sum[i] *= per_row;
    product[i] *= per_row * inverse[i];
  }
  dout = thread.start(dout, dout_pitch);
  b = thread.start(b, b_pitch);
  db = thread.start(db, db_pitch);
  masks += thread.first_row * masks_pitch;
  for (int row = thread.row; row < thread.rows; row += kBatch * kRows) {
    float gradients[kBatch][kWidth], values[kBatch][kWidth], mask[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      if (row + k * kRows >= thread.rows) continue;
      mask[k] = to_float(masks[(row + k * kRows) * masks_pitch]);
      load(dout + k * (kRows * dout_pitch), gradients[k]);
      load(b + k * (kRows * b_pitch), values[k]);
    }
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      if (row + k * kRows >= thread.rows) continue;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        const float difference = values[k][i] - mean[i];
        values[k][i] = inverse[i] * (gradients[k][i] * mask[k] - sum[i] - difference * product[i]);
      }
      store(db + k * (kRows * db_pitch), values[k]);
    }
    dout += kBatch * (kRows * dout_pitch);
    b += kBatch * (kRows * b_pitch);
    db += kBatch * (kRows * db_pitch);
  }
}

// Eight channels' statistics and sums take more registers than two blocks leave.
template <int kWidth>
constexpr int kFirstPassBlocks = kWidth == 8 ? 1 : 2;

#define NRAM_NORMALIZED_ATTENTION(suffix, type, width)                                             \
  extern "C" __global__ void __launch_bounds__(kChannelTileThreads, 2)                             \
      normalized_attention_##suffix##_##width(                                                     \
          ChannelTiles tiles, const type* a, int64_t a_pitch, const type* b, int64_t b_pitch,      \
          const type* __restrict__ logits, int64_t logits_pitch, type* out, int64_t out_pitch,     \
          type* __restrict__ masks, int64_t masks_pitch, const float* __restrict__ partial,        \
          float* __restrict__ mean, float* __restrict__ inverse, float epsilon, int inner_skip) {  \
    attend<width>(tiles, a, a_pitch, b, b_pitch, logits, logits_pitch, out, out_pitch, masks,      \
                  masks_pitch, partial, mean, inverse, epsilon, inner_skip);                       \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(kChannelTileThreads, kFirstPassBlocks<width>)       \
      normalized_attention_first_pass_##suffix##_##width(                                          \
          ChannelTiles tiles, const type* __restrict__ dout, int64_t dout_pitch, const type* a,    \
          int64_t a_pitch, const type* __restrict__ b, int64_t b_pitch,                            \
          const type* __restrict__ masks, int64_t masks_pitch, const float* __restrict__ mean,     \
          const float* __restrict__ inverse, type* da, int64_t da_pitch,                           \
          float* __restrict__ partial, float* __restrict__ row_sums, int inner_skip) {             \
    first_pass<width>(tiles, dout, dout_pitch, a, a_pitch, b, b_pitch, masks, masks_pitch, mean,   \
                      inverse, da, da_pitch, partial, row_sums, inner_skip);                       \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(kChannelTileThreads, 2)                             \
      normalized_attention_second_pass_##suffix##_##width(                                         \
          ChannelTiles tiles, const type* __restrict__ dout, int64_t dout_pitch,                   \
          const type* __restrict__ b, int64_t b_pitch, const type* __restrict__ masks,             \
          int64_t masks_pitch, const float* __restrict__ mean, const float* __restrict__ inverse,  \
          type* __restrict__ db, int64_t db_pitch, type* __restrict__ dlogits,                     \
          int64_t dlogits_pitch, const float* __restrict__ partial,                                \
          const float* __restrict__ row_sums) {                                                    \
    const TileThread<width> thread(tiles);                                                         \
    finish_rows(tiles, thread.first_row, thread.rows, masks, masks_pitch, dlogits, dlogits_pitch,  \
                row_sums);                                                                         \
    second_pass<width>(tiles, dout, dout_pitch, b, b_pitch, masks, masks_pitch, mean, inverse, db, \
                       db_pitch, partial);                                                         \
  }

NRAM_NORMALIZED_ATTENTION(float, float, 4)
NRAM_NORMALIZED_ATTENTION(float, float, 1)
NRAM_NORMALIZED_ATTENTION(bfloat16, bfloat16, 8)
NRAM_NORMALIZED_ATTENTION(bfloat16, bfloat16, 1)

}  // namespace nram::device
