// A convolution's gradients at stride 1 are convolutions too: these give oneDNN or our own code the
// one of the two whose vectors are full.
#include "kernels/common/parallel.h"
#include "kernels/convolution/cpu_paths.h"

namespace nram::kernels {
namespace {

constexpr int64_t kFewChannels = 8;

// flipped[c,u,v,o] = weights[o,kh-1-u,kw-1-v,c].
void flip(const float* weights, float* flipped, int64_t outputs, int64_t kernel_height,
          int64_t kernel_width, int64_t channels) {
  const int64_t taps = kernel_height * kernel_width;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < taps; ++t) {
      for (int64_t o = 0; o < outputs; ++o) {
        *flipped++ = weights[(o * taps + (taps - 1 - t)) * channels + c];
      }
    }
  }
}

// The convolution of dy, with its own border, that has x as output.
ConvolutionGeometry swapped(const ConvolutionGeometry& g) {
  const ConvolutionGeometry gradient = data_gradient_geometry(g);
  return gradient.padded();
}

size_t floats(int64_t count) { return round_to_line(static_cast<size_t>(count) * sizeof(float)); }

// Copies dy into the middle of zeros.
void add_zero_border(const ConvolutionGeometry& g, int64_t p, const float* dy, float* bordered) {
  const int64_t rows = g.output_height + 2 * p, row = (g.output_width + 2 * p) * g.output_channels;
  const int64_t length = g.output_width * g.output_channels;
  parallel_ranges(g.batch * rows, g.batch * rows * row, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      float* const to = bordered + r * row;
      std::fill_n(to, row, 0.0f);
      const int64_t i = r % rows - p;
      if (i < 0 || i >= g.output_height) continue;
      std::copy_n(dy + (r / rows * g.output_height + i) * length, length,
                  to + p * g.output_channels);
    }
  });
}

}  // namespace

ConvolutionGeometry data_gradient_geometry(const ConvolutionGeometry& geometry) {
  const ConvolutionGeometry g =
      geometry.padding_mode == PaddingMode::kReflect ? geometry.padded() : geometry;
  ConvolutionGeometry result = g;
  result.height = g.output_height;
  result.width = g.output_width;
  result.channels = g.output_channels;
  result.output_height = g.height;
  result.output_width = g.width;
  result.output_channels = g.channels;
  result.padding = g.kernel_height - 1 - g.padding;
  return result;
}

void flip_weights(const ConvolutionGeometry& g, const float* weights, float* flipped) {
  flip(weights, flipped, g.output_channels, g.kernel_height, g.kernel_width, g.channels);
}

bool swapped_weights_takes(const ConvolutionGeometry& g) {
  return g.output_channels <= kFewChannels && g.channels >= 16 && g.stride == 1 &&
         g.kernel_height == g.kernel_width && g.kernel_height > 1 && g.padding < g.kernel_height;
}

size_t swapped_weights_workspace(const ConvolutionGeometry& g) {
  const ConvolutionGeometry s = swapped(g);
  return floats(s.input_count()) + floats(s.weight_count()) +
         onednn::workspace(problem_of(onednn::Pass::kWeights, s));
}

void run_swapped_weights(const ConvolutionGeometry& g, const float* x, const float* dy, float* dw,
                         void* workspace) {
  const ConvolutionGeometry s = swapped(g);
  char* const bordered = static_cast<char*>(workspace);
  char* const flipped = bordered + floats(s.input_count());
  add_zero_border(g, data_gradient_geometry(g).padding, dy, reinterpret_cast<float*>(bordered));
  onednn::run(problem_of(onednn::Pass::kWeights, s),
              {.x = bordered,
               .weights = flipped,
               .y = const_cast<float*>(x),
               .workspace = flipped + floats(s.weight_count())});
  flip(reinterpret_cast<const float*>(flipped), dw, g.channels, g.kernel_height, g.kernel_width,
       g.output_channels);
}

}  // namespace nram::kernels
