#include "engine/ops/convolution_samples.h"

#include "kernels/convolution/convolution.h"

namespace nram {
namespace {

using kernels::ConvolutionAttributes;
using kernels::ConvolutionWeightGradientAttributes;
using kernels::PaddingMode;
using kernels::TransposedConvolutionAttributes;

constexpr PaddingMode kZeros = PaddingMode::kZeros;
constexpr PaddingMode kReflect = PaddingMode::kReflect;

struct Case {
  const char* name;
  Shape input;  // [N,H,W,C]
  int64_t output_channels;
  int64_t kernel;
  ConvolutionAttributes attributes;
  bool bias = false;
  bool benchmark = false;

  Shape weights() const { return {output_channels, kernel, kernel, input[3]}; }
  Shape output() const {
    const auto size = [&](int64_t in) {
      return (in + 2 * attributes.padding - kernel) / attributes.stride + 1;
    };
    return {input[0], size(input[1]), size(input[2]), output_channels};
  }
};

// Attributes: stride, padding, padding mode, slope.
const std::vector<Case>& cases() {
  static const std::vector<Case> cases = {
      {"1x1", {2, 5, 7, 20}, 6, 1, {1, 0, kZeros, 1}},
      {"1x1 to one channel with bias", {2, 9, 7, 37}, 1, 1, {1, 0, kZeros, 1}, true},
      {"3x3", {2, 5, 7, 3}, 5, 3, {1, 1, kZeros, 1}},
      {"3x3 with bias and slope", {1, 6, 5, 4}, 3, 3, {1, 1, kZeros, 0.01f}, true},
      {"3x3 with bias, whole vectors", {2, 9, 11, 32}, 48, 3, {1, 1, kZeros, 1}, true},
      {"3x3 with bias and slope, whole vectors",
       {1, 13, 10, 64},
       64,
       3,
       {1, 1, kZeros, 0.01f},
       true},
      {"3x3 with bias and ReLU", {1, 6, 7, 16}, 33, 3, {1, 1, kZeros, 0}, true},
      {"3x3 with slope, part of a vector", {1, 8, 9, 21}, 35, 3, {1, 1, kZeros, 0.2f}},
      {"3x3 to one channel with bias", {2, 6, 7, 40}, 1, 3, {1, 1, kZeros, 1}, true},
      {"3x3 without padding", {1, 7, 6, 5}, 4, 3, {1, 0, kZeros, 1}},
      {"3x3 reflected with bias", {2, 5, 4, 3}, 4, 3, {1, 1, kReflect, 1}, true},
      {"3x3 stride 2, even size", {2, 8, 6, 5}, 7, 3, {2, 1, kZeros, 1}},
      {"3x3 stride 2, odd size, bias and slope", {1, 7, 9, 16}, 32, 3, {2, 1, kZeros, 0.01f}, true},
      {"4x4 stride 1", {2, 7, 6, 3}, 4, 4, {1, 1, kZeros, 1}},
      {"4x4 stride 2 with bias and slope", {1, 10, 12, 6}, 18, 4, {2, 1, kZeros, 0.2f}, true},
      {"4x4 stride 2, size left over", {1, 9, 11, 16}, 16, 4, {2, 1, kZeros, 1}},
      {"7x7 reflected, three channels", {2, 9, 11, 3}, 16, 7, {1, 3, kReflect, 1}},
      {"7x7 reflected, smallest image", {1, 4, 5, 2}, 3, 7, {1, 3, kReflect, 1}, true},
      {"7x7 reflected to three channels with bias",
       {1, 10, 8, 16},
       3,
       7,
       {1, 3, kReflect, 1},
       true},
      {"7x7 reflected with bias and slope", {1, 8, 9, 21}, 20, 7, {1, 3, kReflect, 0.01f}, true},
      {"7x7", {1, 9, 8, 6}, 8, 7, {1, 3, kZeros, 1}},
      {"3x3 to six channels, wide", {2, 4, 71, 20}, 6, 3, {1, 1, kZeros, 0.01f}, true},
      {"4x4 to five channels", {2, 6, 9, 17}, 5, 4, {1, 1, kZeros, 1}},
      {"7x7 to eight channels, wide", {1, 8, 83, 16}, 8, 7, {1, 3, kReflect, 1}, true},
      {"5x5 reflected to two channels", {1, 6, 7, 24}, 2, 5, {1, 2, kReflect, 1}},
      {"3x3, odd size, many channels", {2, 9, 11, 128}, 192, 3, {1, 1, kZeros, 0.01f}, true},
      {"3x3 reflected, many channels", {1, 10, 9, 64}, 80, 3, {1, 1, kReflect, 1}, true},
      {"3x3 256 -> 256", {1, 64, 44, 256}, 256, 3, {1, 1, kZeros, 1}, false, true},
      {"3x3 512 -> 512", {1, 64, 44, 512}, 512, 3, {1, 1, kZeros, 1}, false, true},
      {"7x7 3 -> 64", {1, 256, 176, 3}, 64, 7, {1, 3, kReflect, 1}, false, true},
      {"7x7 6 -> 64", {1, 256, 176, 6}, 64, 7, {1, 3, kReflect, 1}, false, true},
      {"7x7 21 -> 64", {1, 256, 176, 21}, 64, 7, {1, 3, kReflect, 1}, false, true},
      {"7x7 36 -> 64", {1, 256, 176, 36}, 64, 7, {1, 3, kReflect, 1}, false, true},
      {"7x7 64 -> 3", {1, 256, 176, 64}, 3, 7, {1, 3, kReflect, 1}, true, true},
      {"3x3 stride 2, 64 -> 128", {1, 256, 176, 64}, 128, 3, {2, 1, kZeros, 1}, false, true},
      {"3x3 stride 2, 128 -> 256", {1, 128, 88, 128}, 256, 3, {2, 1, kZeros, 1}, false, true},
      {"1x1 256 -> 1", {1, 64, 44, 256}, 1, 1, {1, 0, kZeros, 1}, true, true},
      {"3x3 256 -> 1", {1, 64, 44, 256}, 1, 3, {1, 1, kZeros, 1}, true, true},
      {"3x3 3 -> 64", {1, 256, 176, 3}, 64, 3, {1, 1, kZeros, 1}, true, true},
      {"3x3 64 -> 64", {1, 256, 176, 64}, 64, 3, {1, 1, kZeros, 1}, true, true},
      {"3x3 128 -> 128", {1, 128, 88, 128}, 128, 3, {1, 1, kZeros, 1}, true, true},
      {"3x3 512 -> 512 on a small map", {1, 32, 22, 512}, 512, 3, {1, 1, kZeros, 1}, true, true},
  };
  return cases;
}

}  // namespace

std::vector<Sample> convolution_samples() {
  std::vector<Sample> samples;
  for (const Case& c : cases()) {
    Sample sample{c.name, {c.input, c.weights()}, c.attributes};
    if (c.bias) sample.inputs.push_back({c.output_channels});
    sample.benchmark = c.benchmark;
    samples.push_back(sample);
  }
  return samples;
}

std::vector<Sample> transposed_convolution_samples() {
  std::vector<Sample> samples;
  for (const Case& c : cases()) {
    const TransposedConvolutionAttributes attributes{c.attributes, static_cast<int32_t>(c.input[1]),
                                                     static_cast<int32_t>(c.input[2])};
    Sample sample{c.name, {c.output(), c.weights()}, attributes};
    if (c.bias) sample.inputs.push_back({c.input[3]});
    sample.benchmark = c.benchmark;
    samples.push_back(sample);
  }
  return samples;
}

std::vector<Sample> convolution_weight_gradient_samples() {
  std::vector<Sample> samples;
  for (const Case& c : cases()) {
    ConvolutionAttributes convolution = c.attributes;
    convolution.slope = 1;
    const auto kernel = static_cast<int32_t>(c.kernel);
    Sample sample{c.name,
                  {c.input, c.output()},
                  ConvolutionWeightGradientAttributes{convolution, kernel, kernel}};
    sample.benchmark = c.benchmark;
    samples.push_back(sample);
  }
  return samples;
}

}  // namespace nram
