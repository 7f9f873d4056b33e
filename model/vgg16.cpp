#include "model/vgg16.h"

#include "engine/ops/channel_affine.h"
#include "engine/ops/convolution.h"
#include "engine/ops/leaky_relu.h"
#include "engine/ops/max_pool.h"

namespace nram {
namespace {

struct Convolution {
  int index;  // torchvision's number in `features`
  int64_t inputs;
  int64_t outputs;
  bool pool_before;
  bool tapped;  // its ReLU is a style feature
};

constexpr Convolution kConvolutions[] = {
    {0, 3, 64, false, false},    {2, 64, 64, false, true},    {5, 64, 128, true, false},
    {7, 128, 128, false, true},  {10, 128, 256, true, false}, {12, 256, 256, false, false},
    {14, 256, 256, false, true}, {17, 256, 512, true, false}, {19, 512, 512, false, false},
    {21, 512, 512, false, true},
};

constexpr double kMean[3] = {0.485, 0.456, 0.406};
constexpr double kDeviation[3] = {0.229, 0.224, 0.225};

std::string name_of(const Convolution& convolution) {
  return text("vgg16.features.", convolution.index);
}

// From [-1, 1] to what the network was trained on: ((x + 1) / 2 - mean) / deviation.
Variable normalized_image(Variable image) {
  std::vector<float> scale;
  std::vector<float> offset;
  for (int c = 0; c < 3; ++c) {
    scale.push_back(static_cast<float>(0.5 / kDeviation[c]));
    offset.push_back(static_cast<float>((0.5 - kMean[c]) / kDeviation[c]));
  }
  const Graph::Scope scope(image.graph(), "vgg16.normalize");
  return channel_affine(image, scale, offset);
}

}  // namespace

std::vector<ParameterSpec> vgg16_specs() {
  std::vector<ParameterSpec> specs;
  for (const Convolution& c : kConvolutions) {
    specs.push_back({name_of(c) + ".weight", {c.outputs, c.inputs, 3, 3}, Initializer::kHe, false});
    specs.push_back({name_of(c) + ".bias", {c.outputs}, Initializer::kZero, false});
  }
  return specs;
}

std::array<Variable, 4> vgg16_features(ParameterBinding& parameters, Variable image) {
  std::array<Variable, 4> features;
  size_t next = 0;
  Variable x = normalized_image(image);
  for (const Convolution& c : kConvolutions) {
    const Graph::Scope scope(parameters.graph(), name_of(c));
    if (c.pool_before) x = max_pool(x);
    kernels::ConvolutionAttributes attributes{};
    attributes.stride = 1;
    attributes.padding = 1;
    attributes.slope = 1;
    x = convolution(parameters.activation(x), parameters.weight(name_of(c) + ".weight"),
                    parameters.weight(name_of(c) + ".bias"), attributes);
    x = leaky_relu(x, 0.0f);
    if (c.tapped) features[next++] = x;
  }
  return features;
}

}  // namespace nram
