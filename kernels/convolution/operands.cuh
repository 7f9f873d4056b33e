// Device code: the operands of the products (implicit_gemm.h), slab after slab of k. What becomes
// of a vector of elements is a Staging's matter: registers (simt.cuh) or a copy on its way to
// shared memory (tensor.cuh). It says which lines and which side of a slab are this thread's, and
// reads one vector at an address; null stands for zeros.
#pragma once

#include "kernels/convolution/gather.cuh"

namespace nram::device {

// Rows: output pixels; along k: taps and channels, channels together.
template <class T, class Staging>
struct PixelOperand {
  const PixelProduct& p;
  const int taps_height, taps_width;
  TapWalk at, step;
  SourcePixel<T> pixels[Staging::kCount];
  Staging staging;

  __device__ PixelOperand(const PixelProduct& p, const TapClass& c, int first_row, int first_slab)
      : p(p),
        taps_height(c.taps_height),
        taps_width(c.taps_width),
        at(first_slab * Staging::kSlab + Staging::side(), c.taps_width, p.x.channels),
        step(Staging::kSlab, c.taps_width, p.x.channels) {
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
      staging.read(i, offset < 0 ? nullptr : pixels[i].image + offset + at.channel,
                   static_cast<const T*>(p.x.data));
    }
    at.advance(step, taps_width, p.x.channels);
  }
};

// Rows: output channels; along k as the pixels.
template <class T, class Staging>
struct WeightOperand {
  const T* const all;
  const T* rows[Staging::kCount];
  int k, length;
  Staging staging;

  __device__ WeightOperand(const PixelProduct& p, const TapClass& c, int first_row, int first_slab)
      : all(static_cast<const T*>(p.weights)),
        k(first_slab * Staging::kSlab + Staging::side()),
        length(c.taps_height * c.taps_width * p.x.channels) {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      const int n = first_row + Staging::line(i);
      rows[i] = Staging::active() && n < p.outputs
                    ? all + c.weights + static_cast<int64_t>(n) * length
                    : nullptr;
    }
  }
  __device__ __forceinline__ void read() {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      staging.read(i, rows[i] == nullptr || k >= length ? nullptr : rows[i] + k, all);
    }
    k += Staging::kSlab;
  }
};

// Rows: output channels; k: output pixels.
template <class T, class Staging>
struct GradientOperand {
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
      staging.read(i, column == nullptr || k >= end ? nullptr : column + k * p.dy_pitch,
                   static_cast<const T*>(p.dy));
    }
    pixel += Staging::kSlab;
  }
};

// Rows: taps and channels; k: output pixels.
template <class T, class Staging>
struct TapOperand {
  const WeightProduct& p;
  TapWalk tap;
  PixelWalk<T> pixels[Staging::kCount];
  int lines, columns;
  Staging staging;

  __device__ TapOperand(const WeightProduct& p, int first_column, int first_pixel)
      : p(p),
        tap(first_column + Staging::side(), p.kernel_width, p.x.channels),
        lines(Staging::kSlab / p.output_width),
        columns(Staging::kSlab % p.output_width) {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      pixels[i].start(p, first_pixel + Staging::line(i));
    }
  }
  __device__ __forceinline__ void read() {
#pragma unroll
    for (int i = 0; i < Staging::kCount; ++i) {
      staging.read(i,
                   tap.row < p.kernel_height ? pixels[i].source(p, tap.row, tap.column, tap.channel)
                                             : nullptr,
                   static_cast<const T*>(p.x.data));
      pixels[i].advance(p, lines, columns);
    }
  }
};

}  // namespace nram::device
