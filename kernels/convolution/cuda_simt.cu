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
#include "kernels/convolution/simt.cuh"

namespace nram::device {

// Rows: output pixels; along k: taps and channels, channels together.
template <class T, class Tile>
struct PixelOperand {
  using Staging = SimtStaging<Tile::kTileM, Tile::kThreads, Tile::kSlab, true>;
  const PixelProduct& p;
  const int taps_height, taps_width;
  TapWalk at, step;
  SourcePixel<T> pixels[Staging::kCount];
  Staging staging;

  __device__ PixelOperand(const PixelProduct& p, const TapClass& c, int first_row, int first_slab)
      : p(p),
        taps_height(c.taps_height),
        taps_width(c.taps_width),
        at(first_slab * Tile::kSlab + Staging::side(), c.taps_width, p.x.channels),
        step(Tile::kSlab, c.taps_width, p.x.channels) {
    const int count = p.batch * c.height * c.width;
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      pixels[i] = source_pixel<T>(p, c, first_row + Staging::line(i), count);
    }
  }
  __device__ __forceinline__ void read() {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      const int offset = at.row < taps_height ? pixel_offset(p.x, pixels[i].row + at.row,
                                                             pixels[i].column + at.column)
                                              : -1;
      staging.read(i, offset < 0 ? nullptr : pixels[i].image + offset + at.channel);
    }
    at.advance(step, taps_width, p.x.channels);
  }
};

// Rows: output channels; along k as the pixels.
template <class T, class Tile>
struct WeightOperand {
  using Staging = SimtStaging<Tile::kTileN, Tile::kThreads, Tile::kSlab, true>;
  const T* rows[Staging::kCount];
  int k, length;
  Staging staging;

  __device__ WeightOperand(const PixelProduct& p, const TapClass& c, int first_row, int first_slab)
      : k(first_slab * Tile::kSlab + Staging::side()),
        length(c.taps_height * c.taps_width * p.x.channels) {
    const T* const weights = static_cast<const T*>(p.weights) + c.weights;
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      const int n = first_row + Staging::line(i);
      rows[i] =
          Staging::active() && n < p.outputs ? weights + static_cast<int64_t>(n) * length : nullptr;
    }
  }
  __device__ __forceinline__ void read() {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      staging.read(i, rows[i] == nullptr || k >= length ? nullptr : rows[i] + k);
    }
    k += Tile::kSlab;
  }
};

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
  PixelOperand<T, Tile> a(p, c, first_row, slabs.begin);
  WeightOperand<T, Tile> b(p, c, first_column, slabs.begin);
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

// Rows: output channels; k: output pixels.
template <class T, class Tile>
struct GradientOperand {
  using Staging = SimtStaging<Tile::kTileM, Tile::kThreads, Tile::kSlab, false>;
  const WeightProduct& p;
  const T* column;
  int pixel, end;
  Staging staging;

  __device__ GradientOperand(const WeightProduct& p, int first_row, int first_pixel, int end)
      : p(p), pixel(first_pixel), end(end) {
    const int o = first_row + Staging::side();
    column = Staging::active() && o < p.outputs ? static_cast<const T*>(p.dy) + o : nullptr;
  }
  __device__ __forceinline__ void read() {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      const int k = pixel + Staging::line(i);
      staging.read(i, column == nullptr || k >= end ? nullptr : column + k * p.dy_pitch);
    }
    pixel += Tile::kSlab;
  }
};

// Rows: taps and channels; k: output pixels.
template <class T, class Tile>
struct TapOperand {
  using Staging = SimtStaging<Tile::kTileN, Tile::kThreads, Tile::kSlab, false>;
  const WeightProduct& p;
  TapWalk tap;
  PixelWalk<T> pixels[Staging::kCount];
  int lines, columns;
  Staging staging;

  __device__ TapOperand(const WeightProduct& p, int first_column, int first_pixel)
      : p(p),
        tap(first_column + Staging::side(), p.kernel_width, p.x.channels),
        lines(Tile::kSlab / p.output_width),
        columns(Tile::kSlab % p.output_width) {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      pixels[i].start(p, first_pixel + Staging::line(i));
    }
  }
  __device__ __forceinline__ void read() {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      staging.read(i, tap.row < p.kernel_height
                          ? pixels[i].source(p, tap.row, tap.column, tap.channel)
                          : nullptr);
      pixels[i].advance(p, lines, columns);
    }
  }
};

template <class T, class Tile>
__device__ void weight_product(const WeightProduct& p) {
  __shared__ __align__(16) float shared[Tile::kSharedFloats];
  const int length = p.kernel_height * p.kernel_width * p.x.channels;
  const int tiles_n = (length + Tile::kTileN - 1) / Tile::kTileN;
  const int first_row = blockIdx.x / tiles_n * Tile::kTileM;
  const int first_column = blockIdx.x % tiles_n * Tile::kTileN;
  const int pixels = p.batch * p.output_height * p.output_width;
  const Part slabs((pixels + Tile::kSlab - 1) / Tile::kSlab, blockIdx.y, p.splits);
  GradientOperand<T, Tile> a(p, first_row, slabs.begin * Tile::kSlab, pixels);
  TapOperand<T, Tile> b(p, first_column, slabs.begin * Tile::kSlab);
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
