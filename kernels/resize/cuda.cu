// y[i] = (1 - w) x[low] + w x[low + 1] along both axes at low + w = max(0, (2 i + 1) size_in -
// size_out) / (2 size_out), in integers up to w itself: exact where float positions would not be.
// Backward, a pixel of x gathers, in order, from the pixels of y that it went to: no atomics.
// Threads: a vector of up to 16 bytes of a pixel's channels each, grid-stride. Moves both tensors
// once, the repeated reads of the narrower one coming from cache. Images of three channels go an
// element at a time and are bound by the divisions of the positions, about eight an element.
#include "kernels/common/pointwise.cuh"
#include "kernels/resize/sizes.h"

namespace nram::device {

using kernels::ResizeSizes;

struct Tap {
  int low, high;
  float weight;  // of high
};

__device__ __forceinline__ Tap tap_at(int i, int size_in, int size_out) {
  const int position = max(0, (2 * i + 1) * size_in - size_out);  // in parts of 1 / (2 size_out)
  const int low = position / (2 * size_out);
  const int rest = position - low * 2 * size_out;
  return {low, min(low + 1, size_in - 1), static_cast<float>(rest) / (2 * size_out)};
}

// Output pixels [begin, end) that lie between input pixels `in` - 1 and `in` + 1: the only ones
// that read it.
struct Readers {
  int begin, end;
};

__device__ __forceinline__ Readers readers_of(int in, int size_in, int size_out) {
  const auto first_from = [&](int doubled) {
    return (max(0, doubled * size_out - size_in) + 2 * size_in - 1) / (2 * size_in);
  };
  return {in == 0 ? 0 : first_from(2 * in - 1),
          in == size_in - 1 ? size_out : min(size_out, first_from(2 * in + 3))};
}

__device__ __forceinline__ float weight_of(const Tap& tap, int in) {
  return (tap.low == in ? 1 - tap.weight : 0) + (tap.high == in ? tap.weight : 0);
}

// Calls body(image, line, column, first channel) for each vector of this thread in a tensor whose
// images have `height` lines.
template <int kWidth, class Body>
__device__ __forceinline__ void for_each_pixel(const ResizeSizes& sizes, int height, Body&& body) {
  for_each_row_vector(sizes.vectors, sizes.line_vectors, [&](int64_t row, uint32_t line_vector) {
    const uint32_t column = line_vector / sizes.pixel_vectors;
    const uint32_t image = static_cast<uint32_t>(row) / height;
    const auto line = static_cast<int>(static_cast<uint32_t>(row) - image * height);
    body(static_cast<int>(image), line, static_cast<int>(column),
         (line_vector - column * sizes.pixel_vectors) * kWidth);
  });
}

template <int kWidth, class T>
__device__ void resize(const ResizeSizes& sizes, const T* __restrict__ x, T* __restrict__ y) {
  const int channels = sizes.pixel_vectors * kWidth;
  for_each_pixel<kWidth>(sizes, sizes.y_height, [&](int image, int line, int column, uint32_t c) {
    const Tap down = tap_at(line, sizes.height, sizes.y_height);
    const Tap across = tap_at(column, sizes.width, sizes.y_width);
    const int64_t lines = int64_t{image} * sizes.height;
    const auto at = [&](int source_line, int source_column) {
      return x + ((lines + source_line) * sizes.width + source_column) * channels + c;
    };
    float values[4][kWidth];
    load(at(down.low, across.low), values[0]);
    load(at(down.low, across.high), values[1]);
    load(at(down.high, across.low), values[2]);
    load(at(down.high, across.high), values[3]);
    float result[kWidth];
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float top = (1 - across.weight) * values[0][i] + across.weight * values[1][i];
      const float bottom = (1 - across.weight) * values[2][i] + across.weight * values[3][i];
      result[i] = (1 - down.weight) * top + down.weight * bottom;
    }
    const int64_t row = (int64_t{image} * sizes.y_height + line) * sizes.y_width + column;
    store(y + row * channels + c, result);
  });
}

template <int kWidth, class T>
__device__ void resize_gradient(const ResizeSizes& sizes, const T* __restrict__ dy,
                                T* __restrict__ dx) {
  const int channels = sizes.pixel_vectors * kWidth;
  for_each_pixel<kWidth>(sizes, sizes.height, [&](int image, int line, int column, uint32_t c) {
    const Readers down = readers_of(line, sizes.height, sizes.y_height);
    const Readers across = readers_of(column, sizes.width, sizes.y_width);
    float sum[kWidth] = {};
    for (int h = down.begin; h < down.end; ++h) {
      const float line_weight = weight_of(tap_at(h, sizes.height, sizes.y_height), line);
      const int64_t row = (int64_t{image} * sizes.y_height + h) * sizes.y_width;
      for (int w = across.begin; w < across.end; ++w) {
        const float weight = line_weight * weight_of(tap_at(w, sizes.width, sizes.y_width), column);
        float values[kWidth];
        load(dy + (row + w) * channels + c, values);
#pragma unroll
        for (int i = 0; i < kWidth; ++i) sum[i] += weight * values[i];
      }
    }
    const int64_t row = (int64_t{image} * sizes.height + line) * sizes.width + column;
    store(dx + row * channels + c, sum);
  });
}

#define NRAM_RESIZE(type, width)                                                           \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads) resize_##type##_##width( \
      ResizeSizes sizes, const type* __restrict__ x, type* __restrict__ y) {               \
    resize<width>(sizes, x, y);                                                            \
  }                                                                                        \
  extern "C" __global__ void __launch_bounds__(kPointwiseThreads)                          \
      resize_gradient_##type##_##width(ResizeSizes sizes, const type* __restrict__ dy,     \
                                       type* __restrict__ dx) {                            \
    resize_gradient<width>(sizes, dy, dx);                                                 \
  }
NRAM_FOR_EACH_VECTOR_TYPE(NRAM_RESIZE)

}  // namespace nram::device
