// y[n] = mean of S over the windows of 11 x 11 and the channels, and da; ssim.h has the formulas.
// The window is separable. Threads: a block takes 256 neighbouring values of one row of windows;
// its threads filter the values' columns down (and 10 more pixels'), leave the five moments in
// shared memory, and filter along it. Forward sums S by blocks, then a block a sample adds up the
// sums in order. Backward keeps dS by three moments of every window, then filters these the same
// way back. All sums are double: variances are small differences of large numbers.
// Bytes: a and b once, eleven times from the caches; backward 24 more a value written, and read
// eleven times from the caches. Limit: about 140 double operations a value forward and 250
// backward: some microseconds for an image where double runs at half of float's rate, an order more
// where it runs at a 64th.
#include "kernels/common/reductions.cuh"
#include "kernels/common/vector_access.cuh"
#include "kernels/ssim/cuda_shape.h"

namespace nram::device {

constexpr int kTaps = 11;
constexpr int kHalo = kTaps - 1;
constexpr int kMoments = 5;
constexpr int kDerivatives = 3;
constexpr int kLine = kSsimThreads + kHalo * kSsimChannels;

// Where a block works.
struct SsimBlock {
  int group;          // channels of this block
  int first_channel;  // of them
  int sample;
  int first;  // of the block's values in its row

  __device__ explicit SsimBlock(const SsimShape& shape) {
    sample = static_cast<int>(blockIdx.z) / shape.groups;
    first_channel = (static_cast<int>(blockIdx.z) - sample * shape.groups) * shape.group;
    group = min(shape.group, shape.channels - first_channel);
    first = static_cast<int>(blockIdx.x) * kSsimThreads;
  }
  // Offset in a row of all channels of value `value`, which may lie before the row.
  __device__ int offset(const SsimShape& shape, int value) const {
    const int pixel = value / group;
    return pixel * shape.channels + first_channel + value - pixel * group;
  }
};

// sums[m] = sum over taps of taps[t] * lines[m][at + t * step].
template <int kLines>
__device__ __forceinline__ void filter_along(const SsimShape& shape,
                                             const double (&lines)[kLines][kLine], int at, int step,
                                             double (&sums)[kLines]) {
#pragma unroll
  for (int m = 0; m < kLines; ++m) {
    sums[m] = 0;
#pragma unroll
    for (int t = 0; t < kTaps; ++t) sums[m] += shape.taps[t] * lines[m][at + t * step];
  }
}

// The moments of this thread's window: sums of w times a, b, a^2, b^2 and a b. All threads call it,
// with shared memory for the lines; false where the thread has no window.
template <class T>
__device__ __forceinline__ bool window_moments(const SsimShape& shape, const SsimBlock& block,
                                               const T* a, const T* b,
                                               double (&lines)[kMoments][kLine],
                                               double (&moments)[kMoments]) {
  const int pitch = shape.width * shape.channels;
  const int64_t row = (static_cast<int64_t>(block.sample) * shape.height + blockIdx.y) * pitch;
  const int line = min(kSsimThreads + kHalo * block.group, shape.width * block.group - block.first);
  for (int i = static_cast<int>(threadIdx.x); i < line; i += kSsimThreads) {
    const int64_t at = row + block.offset(shape, block.first + i);
    double sums[kMoments] = {};
#pragma unroll
    for (int t = 0; t < kTaps; ++t) {
      const double p = to_float(a[at + t * pitch]);
      const double q = to_float(b[at + t * pitch]);
      const double weighted_p = shape.taps[t] * p, weighted_q = shape.taps[t] * q;
      sums[0] += weighted_p;
      sums[1] += weighted_q;
      sums[2] += weighted_p * p;
      sums[3] += weighted_q * q;
      sums[4] += weighted_p * q;
    }
#pragma unroll
    for (int m = 0; m < kMoments; ++m) lines[m][i] = sums[m];
  }
  __syncthreads();
  const int columns = shape.width - kHalo;
  if (block.first + static_cast<int>(threadIdx.x) >= columns * block.group) return false;
  filter_along(shape, lines, static_cast<int>(threadIdx.x), block.group, moments);
  return true;
}

// The factors of S = numerator[0] * numerator[1] / (denominator[0] * denominator[1]).
struct SsimFactors {
  double numerator[2], denominator[2];
  __device__ SsimFactors(const double (&m)[kMoments], double range) {
    const double c1 = 0.01 * range * (0.01 * range);
    const double c2 = 0.03 * range * (0.03 * range);
    numerator[0] = 2 * m[0] * m[1] + c1;
    numerator[1] = 2 * (m[4] - m[0] * m[1]) + c2;
    denominator[0] = m[0] * m[0] + m[1] * m[1] + c1;
    denominator[1] = m[2] - m[0] * m[0] + m[3] - m[1] * m[1] + c2;
  }
};

// Grid: tiles of a row of windows, rows, groups of channels of each sample.
template <class T>
__device__ void similarity(const SsimShape& shape, const T* a, const T* b, const float* range,
                           double* sums) {
  __shared__ double lines[kMoments][kLine];
  __shared__ double scratch[1][kSsimThreads / kWarp];
  const SsimBlock block(shape);
  double moments[kMoments];
  double value[1] = {};
  if (window_moments(shape, block, a, b, lines, moments)) {
    const SsimFactors f(moments, range[block.sample]);
    value[0] = f.numerator[0] * f.numerator[1] / (f.denominator[0] * f.denominator[1]);
  }
  block_sum<kSsimThreads>(value, scratch);
  if (threadIdx.x != 0) return;
  sums[(static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] =
      value[0];
}

// dS by the moments of a, times dy / count, to derivatives [3, N, rows, columns, C].
template <class T>
__device__ void similarity_derivatives(const SsimShape& shape, const float* dy, const T* a,
                                       const T* b, const float* range, double* derivatives) {
  __shared__ double lines[kMoments][kLine];
  const SsimBlock block(shape);
  double m[kMoments];
  if (!window_moments(shape, block, a, b, lines, m)) return;
  const int rows = static_cast<int>(gridDim.y), columns = shape.width - kHalo;
  const double count = static_cast<double>(rows) * columns * shape.channels;
  const double scale = dy[block.sample] / count;
  const SsimFactors f(m, range[block.sample]);
  const double inverse = 1 / (f.denominator[0] * f.denominator[1]);
  const double s = f.numerator[0] * f.numerator[1] * inverse;
  const double by_mean =
      2 * m[1] * f.numerator[1] * inverse - 2 * m[0] * s * f.denominator[1] * inverse;
  const double by_variance = -s * f.denominator[0] * inverse;
  const double by_covariance = 2 * f.numerator[0] * inverse;
  const int64_t pitch = static_cast<int64_t>(columns) * shape.channels;
  const int64_t plane = static_cast<int64_t>(gridDim.z) / shape.groups * rows * pitch;
  double* to = derivatives + (static_cast<int64_t>(block.sample) * rows + blockIdx.y) * pitch +
               block.offset(shape, block.first + static_cast<int>(threadIdx.x));
  to[0] = scale * (by_mean - 2 * m[0] * by_variance - m[1] * by_covariance);
  to[plane] = scale * by_variance;
  to[2 * plane] = scale * by_covariance;
}

// da of a row: the derivatives of the windows that hold each value. Grid: tiles of an image row,
// rows, groups of channels of each sample.
template <class T>
__device__ void similarity_gradient(const SsimShape& shape, const T* a, const T* b,
                                    const double* derivatives, T* da) {
  __shared__ double lines[kDerivatives][kLine];
  const SsimBlock block(shape);
  const int rows = shape.height - kHalo, columns = shape.width - kHalo;
  const int64_t pitch = static_cast<int64_t>(columns) * shape.channels;
  const int64_t plane = static_cast<int64_t>(gridDim.z) / shape.groups * rows * pitch;
  const int row = static_cast<int>(blockIdx.y);
  derivatives += static_cast<int64_t>(block.sample) * rows * pitch;
  // lines[m][i]: of the windows ten pixels left of value i of the tile, over the rows down to here.
  const int halo = kHalo * block.group;
  for (int i = static_cast<int>(threadIdx.x); i < kSsimThreads + halo; i += kSsimThreads) {
    const int value = block.first + i - halo;
    double sums[kDerivatives] = {};
    if (value >= 0 && value < columns * block.group) {
      const double* from = derivatives + block.offset(shape, value);
#pragma unroll
      for (int t = 0; t < kTaps; ++t) {
        const int window = row - kHalo + t;
        if (window < 0 || window >= rows) continue;
#pragma unroll
        for (int m = 0; m < kDerivatives; ++m) {
          sums[m] += shape.taps[t] * from[m * plane + window * pitch];
        }
      }
    }
#pragma unroll
    for (int m = 0; m < kDerivatives; ++m) lines[m][i] = sums[m];
  }
  __syncthreads();
  const int value = block.first + static_cast<int>(threadIdx.x);
  if (value >= shape.width * block.group) return;
  double sums[kDerivatives];
  filter_along(shape, lines, static_cast<int>(threadIdx.x), block.group, sums);
  const int64_t at =
      (static_cast<int64_t>(block.sample) * shape.height + row) * shape.width * shape.channels +
      block.offset(shape, value);
  const double gradient = sums[0] + 2 * to_float(a[at]) * sums[1] + to_float(b[at]) * sums[2];
  da[at] = from_float<T>(static_cast<float>(gradient));
}

#define NRAM_SSIM(type)                                                                            \
  extern "C" __global__ void __launch_bounds__(kSsimThreads)                                       \
      ssim_##type(SsimShape shape, const type* __restrict__ a, const type* __restrict__ b,         \
                  const float* __restrict__ range, double* __restrict__ sums) {                    \
    similarity(shape, a, b, range, sums);                                                          \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(kSsimThreads)                                       \
      ssim_derivatives_##type(SsimShape shape, const float* __restrict__ dy,                       \
                              const type* __restrict__ a, const type* __restrict__ b,              \
                              const float* __restrict__ range, double* __restrict__ derivatives) { \
    similarity_derivatives(shape, dy, a, b, range, derivatives);                                   \
  }                                                                                                \
  extern "C" __global__ void __launch_bounds__(kSsimThreads) ssim_gradient_##type(                 \
      SsimShape shape, const type* __restrict__ a, const type* __restrict__ b,                     \
      const double* __restrict__ derivatives, type* __restrict__ da) {                             \
    similarity_gradient(shape, a, b, derivatives, da);                                             \
  }

NRAM_SSIM(float)
NRAM_SSIM(bfloat16)

// y of a sample from its blocks' sums, in order.
extern "C" __global__ void __launch_bounds__(kSsimThreads)
    ssim_finish(SsimShape shape, const double* __restrict__ sums, float* __restrict__ y) {
  __shared__ double scratch[1][kSsimThreads / kWarp];
  sums += static_cast<int64_t>(blockIdx.x) * shape.sums;
  double sum[1] = {};
  for (int i = static_cast<int>(threadIdx.x); i < shape.sums; i += kSsimThreads) sum[0] += sums[i];
  block_sum<kSsimThreads>(sum, scratch);
  const double count =
      static_cast<double>(shape.height - kHalo) * (shape.width - kHalo) * shape.channels;
  if (threadIdx.x == 0) y[blockIdx.x] = static_cast<float>(sum[0] / count);
}

}  // namespace nram::device
