// Convolution, transposed convolution and weight gradient as gathered matrix products in exact
// float arithmetic (float32 or bfloat16 memory): y[m, n] = sum over k of A[m, k] B[n, k], see
// implicit_gemm.h for rows, columns and k.
// Threads: simt.cuh; 256 threads for 128 x 64 sums (64 x 128 in weight gradients), 128 threads for
// the narrower blocks of few output channels.
// Moves, a block: (kTileM + kTileN) K elements from the caches, each once into shared memory; from
// memory every tensor once where the image's part that a wave of blocks reads fits the L2 cache.
// Limit: the FMA pipes: a thread's 32 FMA stand beside 3 shared loads of 16 bytes, one wavefront
// each; what is left are addresses (about 12 instructions per 4 elements gathered). An 8 x 8 tile
// would halve what the L2 cache gives, but spills at two blocks a multiprocessor.
#include "kernels/convolution/epilogue.cuh"
#include "kernels/convolution/operands.cuh"
#include "kernels/convolution/simt.cuh"

namespace nram::device {

template <class T, class Tile>
__device__ void pixel_product(const PixelProduct& p) {
  __shared__ __align__(16) float shared[Tile::kSharedFloats];
  const int split = static_cast<int>(blockIdx.z) % p.splits;
  __shared__ TapClass c;  // no registers of the loop
  if (threadIdx.x == 0) c = tap_class(p, static_cast<int>(blockIdx.z) / p.splits);
  __syncthreads();
  const int tiles_n = (p.outputs + Tile::kTileN - 1) / Tile::kTileN;
  const int first_row = blockIdx.x / tiles_n * Tile::kTileM;
  const int first_column = blockIdx.x % tiles_n * Tile::kTileN;
  const int pixels = p.batch * c.height * c.width;
  if (first_row >= pixels) return;
  const int length = c.taps_height * c.taps_width * p.x.channels;
  const Part slabs((length + Tile::kSlab - 1) / Tile::kSlab, split, p.splits);
  PixelOperand<T, typename Tile::template StagingM<true>> a(p, c, first_row, slabs.begin);
  WeightOperand<T, typename Tile::template StagingN<true>> b(p, c, first_column, slabs.begin);
  float sums[Tile::kThreadM][Tile::kThreadN];
  simt_product<Tile>(a, b, slabs.end - slabs.begin, shared, sums);

  constexpr int kWidth = Tile::kVectorN;
#pragma unroll
  for (int i = 0; i < Tile::kThreadM; ++i) {
    const int m = first_row + Tile::row(i / Tile::kVectorM) + i % Tile::kVectorM;
    if (m >= pixels) continue;
    const int row = output_row(p, c, m);
#pragma unroll
    for (int g = 0; g < Tile::kThreadN / kWidth; ++g) {
      float(&values)[kWidth] = reinterpret_cast<float(&)[kWidth]>(sums[i][g * kWidth]);
      const int n = first_column + Tile::column(g);
      if (p.partial != nullptr) {
        keep_partial(p, split, row, n, values);
      } else {
        finish_pixel<T>(p, row, n, values);
      }
    }
  }
}

template <class T, class Tile>
__device__ void weight_product(const WeightProduct& p) {
  __shared__ __align__(16) float shared[Tile::kSharedFloats];
  const int length = p.kernel_height * p.kernel_width * p.x.channels;
  const int tiles_n = (length + Tile::kTileN - 1) / Tile::kTileN;
  const int first_row = blockIdx.x / tiles_n * Tile::kTileM;
  const int first_column = blockIdx.x % tiles_n * Tile::kTileN;
  const int pixels = p.batch * p.output_height * p.output_width;
  const Part slabs((pixels + Tile::kSlab - 1) / Tile::kSlab, blockIdx.y, p.splits);
  GradientOperand<T, typename Tile::template StagingM<false>> a(p, first_row,
                                                                slabs.begin * Tile::kSlab, pixels);
  TapOperand<T, typename Tile::template StagingN<false>> b(p, first_column,
                                                           slabs.begin * Tile::kSlab);
  float sums[Tile::kThreadM][Tile::kThreadN];
  simt_product<Tile>(a, b, slabs.end - slabs.begin, shared, sums);

  constexpr int kWidth = Tile::kVectorN;
  float* const dw = p.dw + static_cast<int64_t>(blockIdx.y) * p.outputs * length;
#pragma unroll
  for (int i = 0; i < Tile::kThreadM; ++i) {
    const int m = first_row + Tile::row(i / Tile::kVectorM) + i % Tile::kVectorM;
    if (m >= p.outputs) continue;
#pragma unroll
    for (int g = 0; g < Tile::kThreadN / kWidth; ++g) {
      store_columns(dw + static_cast<int64_t>(m) * length, first_column + Tile::column(g), length,
                    true, reinterpret_cast<float(&)[kWidth]>(sums[i][g * kWidth]));
    }
  }
}

#define NRAM_SIMT_KERNEL(name, product, Problem, type, threads, blocks, ...)            \
  extern "C" __global__ void __launch_bounds__(threads, blocks) name(const Problem p) { \
    product<type, SimtTile<__VA_ARGS__>>(p);                                            \
  }
#define NRAM_SIMT_KERNELS(suffix, type)                                                           \
  NRAM_SIMT_KERNEL(convolution_simt_##suffix##_128x64, pixel_product, PixelProduct, type, 256, 2, \
                   128, 64, 8, 4, 16)                                                             \
  NRAM_SIMT_KERNEL(convolution_simt_##suffix##_128x32, pixel_product, PixelProduct, type, 128, 4, \
                   128, 32, 8, 4, 16)                                                             \
  NRAM_SIMT_KERNEL(convolution_simt_##suffix##_128x16, pixel_product, PixelProduct, type, 128, 4, \
                   128, 16, 4, 4, 16)                                                             \
  NRAM_SIMT_KERNEL(convolution_simt_##suffix##_256x4, pixel_product, PixelProduct, type, 128, 4,  \
                   256, 4, 2, 4, 16)                                                              \
  NRAM_SIMT_KERNEL(weight_gradient_simt_##suffix##_64x128, weight_product, WeightProduct, type,   \
                   256, 2, 64, 128, 4, 8, 16)                                                     \
  NRAM_SIMT_KERNEL(weight_gradient_simt_##suffix##_16x128, weight_product, WeightProduct, type,   \
                   128, 4, 16, 128, 4, 4, 16)                                                     \
  NRAM_SIMT_KERNEL(weight_gradient_simt_##suffix##_4x256, weight_product, WeightProduct, type,    \
                   128, 4, 4, 256, 4, 2, 16)

NRAM_SIMT_KERNELS(float, float)
NRAM_SIMT_KERNELS(bfloat16, bfloat16)

}  // namespace nram::device
