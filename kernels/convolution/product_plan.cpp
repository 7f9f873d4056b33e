#include "kernels/convolution/product_plan.h"

#include <algorithm>

#include "kernels/convolution/implicit_gemm.h"

namespace nram::kernels {
namespace {

// Threads that fill a card, and the least slabs that a split is worth.
constexpr int64_t kNominalThreads = 132 * 256;
constexpr int64_t kLeastSlabs = 8;
constexpr int64_t kMostSplits = 256;

constexpr ProductTile kPixels[kPixelTiles] = {
    {128, 64, 256}, {128, 32, 128}, {128, 16, 128}, {256, 4, 128}};
constexpr ProductTile kWeights[kWeightTiles] = {{64, 128, 256}, {16, 128, 128}, {4, 256, 128}};

constexpr ProductTile kTensorPixels[kTensorTiles] = {{128, 128, 256}, {128, 64, 128}};
constexpr ProductTile kTensorWeights[kTensorTiles] = {{128, 128, 256}, {64, 128, 128}};

int64_t round_up(int64_t count, int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}
size_t bytes_of(int64_t elements, int64_t size) {
  return static_cast<size_t>(round_up(elements * size, 256));
}

// Elements of k that a kernel has in shared memory at a time.
int64_t slab_of(const ProductPlan& plan) {
  return plan.path == ProductPath::kTensor ? 64 / size_of(plan.dtype) : 16;
}

// Sets path and tile. 128 channels at a time where that wastes no more than 64 at a time.
void choose_kernel(ProductPlan& plan, int64_t outputs, bool tensor_cores) {
  if (tensor_cores && outputs > 16) {
    plan.path = ProductPath::kTensor;
    plan.tile = round_up(outputs, 128) == round_up(outputs, 64) ? 0 : 1;
  } else if (plan.pass == ConvolutionPass::kWeights) {
    plan.tile = outputs <= 4 ? 2 : outputs <= 16 ? 1 : 0;
  } else {
    plan.tile = outputs <= 4 ? 3 : outputs <= 16 ? 2 : outputs <= 32 ? 1 : 0;
  }
}

// Blocks of a product without splits, and the slabs that a split may share out.
struct Work {
  int64_t blocks = 0, slabs = 0;
};

int64_t tiles_of(const ProductTile& tile, int64_t rows, int64_t columns) {
  return round_up(rows, tile.rows) / tile.rows * (round_up(columns, tile.columns) / tile.columns);
}

Work forward_work(const ProductPlan& plan) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t pixels = g.batch * g.output_height * g.output_width;
  return {
      tiles_of(plan.shape(), pixels, g.output_channels),
      round_up(g.kernel_height * g.kernel_width * plan.channels, slab_of(plan)) / slab_of(plan)};
}

Work transposed_work(const ProductPlan& plan) {
  const ConvolutionGeometry g = plan.inner();
  const auto stride = static_cast<int32_t>(g.stride), padding = static_cast<int32_t>(g.padding);
  Work work;
  for (int32_t a = 0; a < stride; ++a) {
    for (int32_t b = 0; b < stride; ++b) {
      const int64_t pixels =
          g.batch * ((g.height - a + stride - 1) / stride) * ((g.width - b + stride - 1) / stride);
      work.blocks += tiles_of(plan.shape(), pixels, g.channels);
      const int64_t taps =
          int64_t{tap_count(a, padding, stride, static_cast<int32_t>(g.kernel_height))} *
          tap_count(b, padding, stride, static_cast<int32_t>(g.kernel_width));
      work.slabs =
          std::max(work.slabs, round_up(taps * plan.channels, slab_of(plan)) / slab_of(plan));
    }
  }
  return work;
}

Work weight_work(const ProductPlan& plan) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t pixels = g.batch * g.output_height * g.output_width;
  return {
      tiles_of(plan.shape(), g.output_channels, g.kernel_height * g.kernel_width * plan.channels),
      round_up(pixels, slab_of(plan)) / slab_of(plan)};
}

int64_t splits_for(const ProductPlan& plan, const Work& work) {
  const int64_t nominal = kNominalThreads / plan.shape().threads;
  const int64_t most = std::clamp<int64_t>(work.slabs / kLeastSlabs, 1, kMostSplits);
  return std::clamp<int64_t>(nominal / std::max<int64_t>(work.blocks, 1), 1, most);
}

void plan_pixels(ProductPlan& plan, bool tensor_cores) {
  const ConvolutionGeometry g = plan.inner();
  const bool transposed = plan.pass == ConvolutionPass::kData;
  const int64_t gathered = transposed ? g.output_channels : g.channels;
  const int64_t outputs = transposed ? g.channels : g.output_channels;
  const int64_t size = size_of(plan.dtype);
  plan.channels = round_up(gathered, 16 / size);
  choose_kernel(plan, outputs, tensor_cores);
  plan.splits = splits_for(plan, transposed ? transposed_work(plan) : forward_work(plan));
  plan.partial = plan.splits > 1 || g != plan.geometry;
  const bool padded = plan.channels != gathered;
  const int64_t pixels =
      transposed ? g.batch * g.output_height * g.output_width : g.batch * g.height * g.width;
  const int64_t taps = g.kernel_height * g.kernel_width;
  if (padded) plan.image_bytes = bytes_of(pixels * plan.channels, size);
  if (padded || transposed) plan.weight_bytes = bytes_of(outputs * taps * plan.channels, size);
  const int64_t results = transposed ? g.input_count() : g.output_count();
  if (plan.partial) plan.partial_bytes = bytes_of(plan.splits * results, 4);
}

void plan_weights(ProductPlan& plan, bool tensor_cores) {
  const ConvolutionGeometry& g = plan.geometry;
  const int64_t size = size_of(plan.dtype);
  plan.channels = round_up(g.channels, 16 / size);
  plan.gradients = round_up(g.output_channels, 16 / size);
  choose_kernel(plan, g.output_channels, tensor_cores);
  plan.splits = splits_for(plan, weight_work(plan));
  plan.partial = plan.splits > 1 || plan.channels != g.channels;
  const int64_t pixels = g.batch * g.height * g.width;
  const int64_t outputs = g.batch * g.output_height * g.output_width;
  if (plan.channels != g.channels) plan.image_bytes = bytes_of(pixels * plan.channels, size);
  if (plan.gradients != g.output_channels) {
    plan.gradient_bytes = bytes_of(outputs * plan.gradients, size);
  }
  const int64_t results = g.output_channels * g.kernel_height * g.kernel_width * plan.channels;
  if (plan.partial) plan.partial_bytes = bytes_of(plan.splits * results, 4);
}

}  // namespace

const ProductTile& ProductPlan::shape() const {
  const bool weights = pass == ConvolutionPass::kWeights;
  if (path == ProductPath::kTensor) return weights ? kTensorWeights[tile] : kTensorPixels[tile];
  return weights ? kWeights[tile] : kPixels[tile];
}

ConvolutionGeometry ProductPlan::inner() const {
  const bool folds =
      pass == ConvolutionPass::kData && geometry.padding_mode == PaddingMode::kReflect;
  return folds ? geometry.padded() : geometry;
}

ProductPlan plan_product(ConvolutionPass pass, const ConvolutionGeometry& geometry, DType dtype,
                         bool tensor_cores) {
  ProductPlan plan;
  plan.geometry = geometry;
  plan.pass = pass;
  plan.dtype = dtype;
  pass == ConvolutionPass::kWeights ? plan_weights(plan, tensor_cores)
                                    : plan_pixels(plan, tensor_cores);
  return plan;
}

size_t convolution_cuda_workspace(ConvolutionPass pass, const ConvolutionGeometry& geometry,
                                  DType dtype) {
  // Which card and precision it will be is not known here.
  return std::max(plan_product(pass, geometry, dtype, false).workspace(),
                  plan_product(pass, geometry, dtype, true).workspace());
}

}  // namespace nram::kernels
