// Device code: where the elements of a gathered operand lie (implicit_gemm.h).
#pragma once

#include "kernels/common/vector_access.cuh"
#include "kernels/convolution/implicit_gemm.h"

namespace nram::device {

// The row or column that i stands for; what no mirror brings inside stays outside.
__device__ __forceinline__ int mirrored(int i, int size) {
  i = abs(i);
  return min(i, 2 * (size - 1) - i);
}

// Offset of a pixel in its image in elements, -1 where the border is zero.
__device__ __forceinline__ int pixel_offset(const GatheredImage& x, int row, int column) {
  if (x.reflect != 0) {
    row = mirrored(row, x.height);
    column = mirrored(column, x.width);
  }
  const bool inside = static_cast<unsigned>(row) < static_cast<unsigned>(x.height) &&
                      static_cast<unsigned>(column) < static_cast<unsigned>(x.width);
  return inside ? (row * x.width + column) * x.pitch : -1;
}

// A position in [rows][columns][channels] that moves by a fixed step without divisions.
struct TapWalk {
  int row, column, channel;

  __device__ TapWalk(int index, int columns, int channels) {
    const int tap = index / channels;
    channel = index - tap * channels;
    row = columns == 0 ? 0 : tap / columns;
    column = tap - row * columns;
  }
  __device__ __forceinline__ void advance(const TapWalk& step, int columns, int channels) {
    channel += step.channel;
    column += step.column;
    row += step.row;
    if (channel >= channels) {
      channel -= channels;
      ++column;
    }
    if (column >= columns) {
      column -= columns;
      ++row;
    }
  }
};

// A copy of one class: kernel parameters are no array that a variable may index without a copy in
// local memory.
__device__ __forceinline__ TapClass tap_class(const PixelProduct& p, int index) {
  TapClass c = p.classes[0];
#pragma unroll
  for (int i = 1; i < kMostTapClasses; ++i) {
    if (index == i) c = p.classes[i];
  }
  return c;
}

// The first element of image n, and the source of tap (0, 0) of one output pixel there. Pixels past
// the end have a source that is outside under every tap.
template <class T>
struct SourcePixel {
  const T* image;
  int row, column;

  __device__ static constexpr int outside() { return -(1 << 29); }
};

// Output pixel m of a class.
template <class T>
__device__ __forceinline__ SourcePixel<T> source_pixel(const PixelProduct& p, const TapClass& c,
                                                       int m, int pixels) {
  const T* const data = static_cast<const T*>(p.x.data);
  if (m >= pixels) return {data, SourcePixel<T>::outside(), 0};
  const int line = m / c.width;
  const int n = line / c.height;
  return {data + n * p.x.image_pitch, (line - n * c.height) * p.x.stride - c.padding_height,
          (m - line * c.width) * p.x.stride - c.padding_width};
}

// Output pixel m of a class as a row of y.
__device__ __forceinline__ int output_row(const PixelProduct& p, const TapClass& c, int m) {
  if (p.output_step == 1) return m;
  const int line = m / c.width;
  const int n = line / c.height;
  const int row = (line - n * c.height) * p.output_step + c.first_row;
  const int column = (m - line * c.width) * p.output_step + c.first_column;
  return (n * p.output_height + row) * p.output_width + column;
}

// A range of [0, count): part `index` of `parts`, of one size but for the last ones.
struct Part {
  int begin, end;
  __device__ Part(int count, int index, int parts) {
    const int most = (count + parts - 1) / parts;
    begin = min(index * most, count);
    end = min(begin + most, count);
  }
};

// Walks the output pixels of a weight gradient in equal steps, and finds what a tap reads there.
template <class T>
struct PixelWalk {
  int row, column, image;

  __device__ void start(const WeightProduct& p, int m) {
    const int line = m / p.output_width;
    column = m - line * p.output_width;
    image = line / p.output_height;
    row = line - image * p.output_height;
  }
  // `lines` and `columns` are the step / output_width and the step % output_width.
  __device__ __forceinline__ void advance(const WeightProduct& p, int lines, int columns) {
    column += columns;
    row += lines;
    if (column >= p.output_width) {
      column -= p.output_width;
      ++row;
    }
    while (row >= p.output_height) {
      row -= p.output_height;
      ++image;
    }
  }
  // Elements of the tap at (row, column) relative to tap (0, 0) without padding; null: zeros.
  __device__ __forceinline__ const T* source(const WeightProduct& p, int tap_row, int tap_column,
                                             int channel) const {
    if (image >= p.batch) return nullptr;
    const int offset = pixel_offset(p.x, row * p.x.stride + tap_row - p.padding,
                                    column * p.x.stride + tap_column - p.padding);
    return offset < 0
               ? nullptr
               : static_cast<const T*>(p.x.data) + image * p.x.image_pitch + offset + channel;
  }
};

}  // namespace nram::device
