// G = F^T F / (C H W) of each sample, and dF = F (dG + dG^T) / (C H W).
// Forward: G is symmetric, so that only pairs of channel tiles i <= j are multiplied. A block takes
// a pair and a chunk of the pixels and leaves its 64 x 64 sums; the finishing kernel adds the
// chunks up in order and writes both halves. Nothing depends on the card. Backward: a small kernel
// makes S = (dG + dG^T) / (C H W), padded with zeros to whole tiles; then a block takes 64 pixels
// by 64 channels of F S. Threads: simt.cuh for full float32, for what is not aligned, and for
// compute_75; tensor.cuh for TF32 and bfloat16. Bytes: F once for 64 channels, (C / 64 + 1) / 2
// times from the second level cache for more; the partial sums, at most a third of F for 64
// channels and 1.5 times F for 512, written and read. Limit: memory for 64 channels and tensor
// cores; float32 arithmetic without them.
#include "kernels/gram/simt.cuh"
#include "kernels/gram/tensor.cuh"

namespace nram::device {

// The channel tiles i <= j of this block's pair, and where its chunk's sums go.
struct GramPair {
  int row = 0;
  int column = 0;
  __device__ explicit GramPair(int pair) {
    while (pair > column) pair -= ++column;
    row = pair;
  }
};

__device__ __forceinline__ int64_t partial_tile(const GramShape& shape, int pairs, int pair,
                                                int chunk) {
  return ((blockIdx.z * static_cast<int64_t>(shape.chunks) + chunk) * pairs + pair) *
         (kGramTile * kGramTile);
}

// Adds up the chunks' sums of a square of 16 x 16 in a pair's tile; writes it to G and, where it is
// off the diagonal tiles, its mirror image. Grid: squares, pairs, samples.
__device__ void finish(const GramShape& shape, const float* partial, float* gram) {
  constexpr int kElements = kGramPatch * kGramPatch;
  constexpr int kPatches = kGramTile / kGramPatch;
  __shared__ float sums[kGramSlices][kElements];
  const int element = static_cast<int>(threadIdx.x) % kElements;
  const int slice = static_cast<int>(threadIdx.x) / kElements;
  const int row = element / kGramPatch, column = element % kGramPatch;
  const GramPair pair(static_cast<int>(blockIdx.y));
  const int first_row = static_cast<int>(blockIdx.x) / kPatches * kGramPatch;
  const int first_column = static_cast<int>(blockIdx.x) % kPatches * kGramPatch;
  const float* from =
      partial + (first_row + row) * kGramTile + static_cast<int64_t>(first_column + column);
  float sum = 0;
#pragma unroll 8
  for (int chunk = slice; chunk < shape.chunks; chunk += kGramSlices) {
    sum +=
        from[partial_tile(shape, static_cast<int>(gridDim.y), static_cast<int>(blockIdx.y), chunk)];
  }
  sums[slice][element] = sum;
  __syncthreads();
#pragma unroll
  for (int s = 1; s < kGramSlices; ++s) sum += sums[s][element];
  sum *= shape.scale;
  gram += blockIdx.z * static_cast<int64_t>(shape.channels) * shape.channels;
  const int i = pair.row * kGramTile + first_row;
  const int j = pair.column * kGramTile + first_column;
  const auto put = [&](int at_row, int at_column, float value) {
    if (slice > 0 || at_row >= shape.channels || at_column >= shape.channels) return;
    gram[static_cast<int64_t>(at_row) * shape.channels + at_column] = value;
  };
  put(i + row, j + column, sum);
  if (pair.row == pair.column) return;
  // Turned in shared memory; by the exclusive or, neither access meets a bank twice.
  __shared__ float turned[kElements];
  if (slice == 0) turned[row * kGramPatch + (column ^ row)] = sum;
  __syncthreads();
  put(j + row, i + column, turned[column * kGramPatch + (row ^ column)]);
}

// S = (dG + dG^T) * scale, [width, width] with zeros beyond the channels. Grid: tiles, samples.
template <class T>
__device__ void mirror(const GramShape& shape, const float* gradient, T* symmetric) {
  __shared__ float turned[kMirrorTile][kMirrorTile + 1];
  const int channels = shape.channels;
  const int width = static_cast<int>(gridDim.x) * kMirrorTile;
  const int x = static_cast<int>(threadIdx.x) % kMirrorTile;
  const int y = static_cast<int>(threadIdx.x) / kMirrorTile;
  const int i = static_cast<int>(blockIdx.y) * kMirrorTile;
  const int j = static_cast<int>(blockIdx.x) * kMirrorTile;
  gradient += blockIdx.z * static_cast<int64_t>(channels) * channels;
  symmetric += blockIdx.z * static_cast<int64_t>(width) * width;
  const auto at = [&](int row, int column) {
    if (row >= channels || column >= channels) return 0.0f;
    return gradient[static_cast<int64_t>(row) * channels + column];
  };
#pragma unroll
  for (int r = y; r < kMirrorTile; r += kMirrorRows) turned[r][x] = at(j + r, i + x);
  __syncthreads();
#pragma unroll
  for (int r = y; r < kMirrorTile; r += kMirrorRows) {
    const float sum = (at(i + r, j + x) + turned[x][r]) * shape.scale;
    symmetric[static_cast<int64_t>(i + r) * width + j + x] = from_float<T>(sum);
  }
}

// Calls body(row tile, column tile, place of the sums) of a block of the forward product.
template <class Body>
__device__ __forceinline__ void for_pair(const GramShape& shape, float* partial, Body&& body) {
  const GramPair pair(static_cast<int>(blockIdx.x));
  body(pair.row, pair.column,
       partial + partial_tile(shape, static_cast<int>(gridDim.x), static_cast<int>(blockIdx.x),
                              static_cast<int>(blockIdx.y)));
}

// Calls body(offset of the sample in F, offset in S, width of S, first pixel, first channel) of a
// block of the backward product. Grid: channel tiles of each pixel tile, samples.
template <class Body>
__device__ __forceinline__ void for_pixels(const GramShape& shape, Body&& body) {
  const int tiles = (shape.channels + kGramTile - 1) / kGramTile;
  const int width = tiles * kGramTile;
  const int pixel_tile = static_cast<int>(blockIdx.x) / tiles;
  const int channel_tile = static_cast<int>(blockIdx.x) - pixel_tile * tiles;
  body(blockIdx.z * shape.pixels * shape.channels, blockIdx.z * static_cast<int64_t>(width) * width,
       width, static_cast<int64_t>(pixel_tile) * kGramTile, channel_tile * kGramTile);
}

#define NRAM_GRAM(suffix, type, symmetric_type, forward, backward)                                 \
  extern "C" __global__ void __launch_bounds__(kGramThreads) gram_##suffix(                        \
      GramShape shape, const type* __restrict__ features, float* __restrict__ partial) {           \
    for_pair(shape, partial,                                                                       \
             [&](int row, int column, float* to) { forward(shape, features, row, column, to); });  \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(kGramThreads) gram_gradient_##suffix(               \
      GramShape shape, const type* __restrict__ features,                                          \
      const symmetric_type* __restrict__ symmetric, type* __restrict__ gradient) {                 \
    for_pixels(shape, [&](int64_t sample, int64_t matrix, int width, int64_t pixel, int channel) { \
      backward(shape, features + sample, symmetric + matrix, width, pixel, channel,                \
               gradient + sample);                                                                 \
    });                                                                                            \
  }

NRAM_GRAM(float_4, float, float, gram_simt<true>, gram_gradient_simt<true>)
NRAM_GRAM(float_1, float, float, gram_simt<false>, gram_gradient_simt<false>)
NRAM_GRAM(bfloat16_4, bfloat16, float, gram_simt<true>, gram_gradient_simt<true>)
NRAM_GRAM(bfloat16_1, bfloat16, float, gram_simt<false>, gram_gradient_simt<false>)
#if NRAM_TENSOR_CORES
NRAM_GRAM(tensor_tf32, float, float, gram_tensor, gram_gradient_tensor)
NRAM_GRAM(tensor_bfloat16, bfloat16, bfloat16, gram_tensor, gram_gradient_tensor)
#endif

extern "C" __global__ void __launch_bounds__(kGramPatch* kGramPatch* kGramSlices)
    gram_finish(GramShape shape, const float* __restrict__ partial, float* __restrict__ gram) {
  finish(shape, partial, gram);
}

extern "C" __global__ void __launch_bounds__(kMirrorTile* kMirrorRows)
    gram_mirror_float(GramShape shape, const float* __restrict__ gradient,
                      float* __restrict__ symmetric) {
  mirror(shape, gradient, symmetric);
}
extern "C" __global__ void __launch_bounds__(kMirrorTile* kMirrorRows)
    gram_mirror_bfloat16(GramShape shape, const float* __restrict__ gradient,
                         bfloat16* __restrict__ symmetric) {
  mirror(shape, gradient, symmetric);
}

}  // namespace nram::device
