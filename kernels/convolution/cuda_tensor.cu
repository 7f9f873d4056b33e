// Convolution, transposed convolution and weight gradient as gathered matrix products on tensor
// cores: y[m, n] = sum over k of A[m, k] B[n, k] in TF32 or bfloat16 with float sums; see
// implicit_gemm.h for rows, columns and k.
// Threads: tensor.cuh; 128 x 128 sums by 256 threads, or, where one side has at most 64 that are of
// use, 128 x 64 (64 x 128 in weight gradients) by 128.
// Moves, a block: (kTileM + kTileN) K elements through the L1 cache, which taps of neighbouring
// pixels share, into shared memory; from memory every tensor once where the image's part that a
// wave of blocks reads fits the L2 cache. On whole vectors sectors and wavefronts are their ideal.
// Main loop of a warp of the 128 x 128 kernels, sm_80 (two blocks a multiprocessor, no spills):
//                             HMMA  LDGSTS  LDSM  LDS  instructions  registers
//   convolution bfloat16        32       4    12    6           184        127
//   convolution TF32            32       4    12    6           286        128
//   weight gradient bfloat16    32       4    12    9           291        124
//   weight gradient TF32        32       4     0   57           441        128
// Limit: 32 HMMA take an A100's tensor cores 256 cycles, and a scheduler issues one instruction a
// cycle: bfloat16 pixel products are bound by tensor cores, TF32 (rounding of fragments) to 90 % of
// their peak, weight gradients (addresses of gathered pixels; TF32 has no transposed ldmatrix) to
// 88 and 58 %.
#include "kernels/convolution/tensor.cuh"

#include "kernels/convolution/epilogue.cuh"
#include "kernels/convolution/operands.cuh"

#if NRAM_TENSOR_CORES
namespace nram::device {

template <class T, class Tile>
__device__ __forceinline__ void pixel_product(const PixelProduct& p) {
  extern __shared__ __align__(128) char stages[];
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
  float sums[4][4][4];
  {
    PixelOperand<T, typename Tile::template StagingM<true>> a(p, c, first_row, slabs.begin);
    WeightOperand<T, typename Tile::template StagingN<true>> b(p, c, first_column, slabs.begin);
    tensor_product<T, Tile, true>(a, b, slabs.end - slabs.begin, shared_address(stages), sums);
  }
  for_sums<Tile>(sums, [&](int m, int n, float(&values)[4]) {
    if (first_row + m >= pixels) return;
    const int row = output_row(p, c, first_row + m);
    if (p.partial != nullptr) {
      keep_partial(p, split, row, first_column + n, values);
    } else {
      finish_pixel<T>(p, row, first_column + n, values);
    }
  });
}

template <class T, class Tile>
__device__ __forceinline__ void weight_product(const WeightProduct& p) {
  extern __shared__ __align__(128) char stages[];
  const int length = p.kernel_height * p.kernel_width * p.x.channels;
  const int tiles_n = (length + Tile::kTileN - 1) / Tile::kTileN;
  const int first_row = blockIdx.x / tiles_n * Tile::kTileM;
  const int first_column = blockIdx.x % tiles_n * Tile::kTileN;
  const int pixels = p.batch * p.output_height * p.output_width;
  const Part slabs((pixels + Tile::kSlab - 1) / Tile::kSlab, blockIdx.y, p.splits);
  float sums[4][4][4];
  {
    GradientOperand<T, typename Tile::template StagingM<false>> a(
        p, first_row, slabs.begin * Tile::kSlab, pixels);
    TapOperand<T, typename Tile::template StagingN<false>> b(p, first_column,
                                                             slabs.begin * Tile::kSlab);
    tensor_product<T, Tile, false>(a, b, slabs.end - slabs.begin, shared_address(stages), sums);
  }
  float* const dw = p.dw + static_cast<int64_t>(blockIdx.y) * p.outputs * length;
  for_sums<Tile>(sums, [&](int m, int n, const float(&values)[4]) {
    if (first_row + m >= p.outputs) return;
    store_columns(dw + static_cast<int64_t>(first_row + m) * length, first_column + n, length, true,
                  values);
  });
}

#define NRAM_TENSOR_KERNEL(name, product, Problem, type, threads, blocks, ...)          \
  extern "C" __global__ void __launch_bounds__(threads, blocks) name(const Problem p) { \
    product<type, TensorTile<type, __VA_ARGS__>>(p);                                    \
  }
#define NRAM_TENSOR_KERNELS(suffix, type)                                                          \
  NRAM_TENSOR_KERNEL(convolution_##suffix##_128x128, pixel_product, PixelProduct, type, 256, 2, 2, \
                     4)                                                                            \
  NRAM_TENSOR_KERNEL(convolution_##suffix##_128x64, pixel_product, PixelProduct, type, 128, 3, 2,  \
                     2)                                                                            \
  NRAM_TENSOR_KERNEL(weight_gradient_##suffix##_128x128, weight_product, WeightProduct, type, 256, \
                     2, 2, 4)                                                                      \
  NRAM_TENSOR_KERNEL(weight_gradient_##suffix##_64x128, weight_product, WeightProduct, type, 128,  \
                     3, 1, 4)

NRAM_TENSOR_KERNELS(tf32, float)
NRAM_TENSOR_KERNELS(bfloat16, bfloat16)

}  // namespace nram::device
#endif
