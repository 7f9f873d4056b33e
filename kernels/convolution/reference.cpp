#include <vector>

#include "kernels/convolution/convolution.h"

namespace nram::kernels {
namespace {

// Index into [0, size) that position i of the padded axis reads, or -1 for a zero.
int64_t source_index(int64_t i, int64_t size, PaddingMode mode) {
  if (i >= 0 && i < size) return i;
  if (mode == PaddingMode::kZeros) return -1;
  return i < 0 ? -i : 2 * (size - 1) - i;
}

// Calls visit(output pixel, kernel pixel, input pixel) for every product of the convolution, all
// three as row numbers of their tensors (kernel pixel: u * kernel_width + v).
template <class Visit>
void for_each_tap(const ConvolutionGeometry& g, Visit&& visit) {
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t i = 0; i < g.output_height; ++i) {
      for (int64_t j = 0; j < g.output_width; ++j) {
        const int64_t output = (n * g.output_height + i) * g.output_width + j;
        for (int64_t u = 0; u < g.kernel_height; ++u) {
          const int64_t a = source_index(i * g.stride + u - g.padding, g.height, g.padding_mode);
          for (int64_t v = 0; v < g.kernel_width; ++v) {
            const int64_t b = source_index(j * g.stride + v - g.padding, g.width, g.padding_mode);
            if (a < 0 || b < 0) continue;
            visit(output, u * g.kernel_width + v, (n * g.height + a) * g.width + b);
          }
        }
      }
    }
  }
}

// sums[r, c] + b[c] through LeakyReLU into y.
template <class T>
void write_output(const std::vector<double>& sums, const View* bias, double slope, const View& y) {
  for (int64_t r = 0; r < y.rows(); ++r) {
    for (int64_t c = 0; c < y.channels(); ++c) {
      double value = sums[static_cast<size_t>(r * y.channels() + c)];
      if (bias != nullptr) value += static_cast<double>(bias->as<T>()[c]);
      y.row<T>(r)[c] = static_cast<T>(value > 0 ? value : slope * value);
    }
  }
}

const View* bias_of(const Call& call) { return call.input_count == 3 ? &call.in(2) : nullptr; }

}  // namespace

void convolution_reference(const Call& call) {
  const auto attributes = call.get<ConvolutionAttributes>();
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const ConvolutionGeometry g = geometry_of(x.shape, y.shape, w.shape[1], w.shape[2], attributes);
  const int64_t taps = g.kernel_height * g.kernel_width;
  with_reference_type(x.dtype, [&]<class T>(T) {
    std::vector<double> sums(static_cast<size_t>(g.output_count()));
    for_each_tap(g, [&](int64_t output, int64_t tap, int64_t input) {
      const T* pixel = x.row<T>(input);
      for (int64_t o = 0; o < g.output_channels; ++o) {
        const T* weights = w.as<T>() + (o * taps + tap) * g.channels;
        double sum = 0;
        for (int64_t c = 0; c < g.channels; ++c) sum += double{pixel[c]} * double{weights[c]};
        sums[static_cast<size_t>(output * g.output_channels + o)] += sum;
      }
    });
    write_output<T>(sums, bias_of(call), attributes.slope, y);
  });
}

void transposed_convolution_reference(const Call& call) {
  const auto attributes = call.get<TransposedConvolutionAttributes>().convolution;
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const ConvolutionGeometry g = geometry_of(y.shape, x.shape, w.shape[1], w.shape[2], attributes);
  const int64_t taps = g.kernel_height * g.kernel_width;
  with_reference_type(x.dtype, [&]<class T>(T) {
    std::vector<double> sums(static_cast<size_t>(g.input_count()));
    for_each_tap(g, [&](int64_t output, int64_t tap, int64_t input) {
      const T* pixel = x.row<T>(output);
      for (int64_t o = 0; o < g.output_channels; ++o) {
        const T* weights = w.as<T>() + (o * taps + tap) * g.channels;
        double* sum = sums.data() + input * g.channels;
        for (int64_t c = 0; c < g.channels; ++c) sum[c] += double{pixel[o]} * double{weights[c]};
      }
    });
    write_output<T>(sums, bias_of(call), attributes.slope, y);
  });
}

void convolution_weight_gradient_reference(const Call& call) {
  const auto attributes = call.get<ConvolutionWeightGradientAttributes>();
  const View &x = call.in(0), &dy = call.in(1), &dw = call.out(0);
  const ConvolutionGeometry g = geometry_of(x.shape, dy.shape, attributes.kernel_height,
                                            attributes.kernel_width, attributes.convolution);
  const int64_t taps = g.kernel_height * g.kernel_width;
  with_reference_type(x.dtype, [&]<class T>(T) {
    std::vector<double> sums(static_cast<size_t>(g.weight_count()));
    for_each_tap(g, [&](int64_t output, int64_t tap, int64_t input) {
      const T* pixel = x.row<T>(input);
      const T* gradient = dy.row<T>(output);
      for (int64_t o = 0; o < g.output_channels; ++o) {
        double* sum = sums.data() + (o * taps + tap) * g.channels;
        for (int64_t c = 0; c < g.channels; ++c) sum[c] += double{pixel[c]} * double{gradient[o]};
      }
    });
    for (size_t i = 0; i < sums.size(); ++i) dw.as<T>()[i] = static_cast<T>(sums[i]);
  });
}

}  // namespace nram::kernels
