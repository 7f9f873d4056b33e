#include <algorithm>

#include "kernels/common/launch.h"
#include "kernels/convolution/implicit_gemm.h"
#include "kernels/convolution/product_plan.h"
#include "kernels/vendor/cuda_choices.h"

namespace nram::kernels {
namespace {

constexpr const char* kPasses = "convolution";
constexpr const char* kSimt = "convolution_simt";
constexpr const char* kTensor = "convolution_tensor";

// By bfloat16.
const CudaKernel kPadChannels[2] = {{kPasses, "convolution_pad_channels_float"},
                                    {kPasses, "convolution_pad_channels_bfloat16"}};
const CudaKernel kPackWeights[2] = {{kPasses, "convolution_pack_weights_float"},
                                    {kPasses, "convolution_pack_weights_bfloat16"}};
// By bfloat16 of the result, then whether four channels fit at once.
const CudaKernel kSumPartial[2][2] = {
    {{kPasses, "convolution_sum_partial_float_1"}, {kPasses, "convolution_sum_partial_float_4"}},
    {{kPasses, "convolution_sum_partial_bfloat16_1"},
     {kPasses, "convolution_sum_partial_bfloat16_4"}}};
// By bfloat16, tile.
const CudaKernel kPixelProducts[2][kPixelTiles] = {{{kSimt, "convolution_simt_float_128x64"},
                                                    {kSimt, "convolution_simt_float_128x32"},
                                                    {kSimt, "convolution_simt_float_128x16"},
                                                    {kSimt, "convolution_simt_float_256x4"}},
                                                   {{kSimt, "convolution_simt_bfloat16_128x64"},
                                                    {kSimt, "convolution_simt_bfloat16_128x32"},
                                                    {kSimt, "convolution_simt_bfloat16_128x16"},
                                                    {kSimt, "convolution_simt_bfloat16_256x4"}}};
const CudaKernel kWeightProducts[2][kWeightTiles] = {
    {{kSimt, "weight_gradient_simt_float_64x128"},
     {kSimt, "weight_gradient_simt_float_16x128"},
     {kSimt, "weight_gradient_simt_float_4x256"}},
    {{kSimt, "weight_gradient_simt_bfloat16_64x128"},
     {kSimt, "weight_gradient_simt_bfloat16_16x128"},
     {kSimt, "weight_gradient_simt_bfloat16_4x256"}}};

const CudaKernel kTensorPixelProducts[2][kTensorTiles] = {
    {{kTensor, "convolution_tf32_128x128"}, {kTensor, "convolution_tf32_128x64"}},
    {{kTensor, "convolution_bfloat16_128x128"}, {kTensor, "convolution_bfloat16_128x64"}}};
const CudaKernel kTensorWeightProducts[2][kTensorTiles] = {
    {{kTensor, "weight_gradient_tf32_128x128"}, {kTensor, "weight_gradient_tf32_64x128"}},
    {{kTensor, "weight_gradient_bfloat16_128x128"}, {kTensor, "weight_gradient_bfloat16_64x128"}}};

constexpr uint32_t kThreads = 256;

bool is_bfloat16(DType dtype) { return dtype == DType::kBFloat16; }

bool tensor_cores(const Launcher& launcher, DType dtype) {
  return launcher.capability() >= 80 && (is_bfloat16(dtype) || launcher.tf32());
}

// The product's kernel.
const CudaKernel& kernel_of(const ProductPlan& plan) {
  const bool bfloat16 = is_bfloat16(plan.dtype);
  if (plan.pass == ConvolutionPass::kWeights) {
    return plan.path == ProductPath::kTensor ? kTensorWeightProducts[bfloat16][plan.tile]
                                             : kWeightProducts[bfloat16][plan.tile];
  }
  return plan.path == ProductPath::kTensor ? kTensorPixelProducts[bfloat16][plan.tile]
                                           : kPixelProducts[bfloat16][plan.tile];
}

// Bytes of dynamic shared memory: four stages of 64 bytes for each row of both operands.
uint32_t shared_bytes(const ProductPlan& plan) {
  if (plan.path == ProductPath::kSimt) return 0;
  return static_cast<uint32_t>(4 * 64 * (plan.shape().rows + plan.shape().columns));
}

int32_t checked(int64_t count) {
  NRAM_CHECK(count < int64_t{1} << 31, "a convolution indexes ", count,
             " elements of one image, or as many pixels, with 32 bits");
  return static_cast<int32_t>(count);
}

// Enough blocks to fill any card; each thread loops over the rest.
LaunchSize grid_for(int64_t items) {
  return {static_cast<uint32_t>(std::clamp<int64_t>((items + kThreads - 1) / kThreads, 1, 4096))};
}

// The parts of the workspace.
struct Workspace {
  explicit Workspace(const Call& call, const ProductPlan& plan)
      : image(static_cast<char*>(call.workspace)),
        weights(image + plan.image_bytes),
        gradient(weights + plan.weight_bytes),
        partial(reinterpret_cast<float*>(gradient + plan.gradient_bytes)) {
    NRAM_CHECK(call.workspace_bytes >= plan.workspace(), "the workspace has ", call.workspace_bytes,
               " bytes, not ", plan.workspace());
  }
  char *image, *weights, *gradient;
  float* partial;
};

// `view` with `channels` channels: itself, or a copy at `copy` with zeros appended.
View padded(const Call& call, const View& view, int64_t channels, void* copy) {
  if (view.channels() == channels) {
    NRAM_CHECK(reinterpret_cast<uintptr_t>(view.data) % 16 == 0 &&
                   view.pitch * size_of(view.dtype) % 16 == 0,
               "convolutions read tensors that start at multiples of 16 bytes, and rows likewise");
    return view;
  }
  ChannelPadding padding;
  padding.x = view.data;
  padding.y = copy;
  padding.rows = view.rows();
  padding.x_pitch = view.pitch;
  padding.channels = static_cast<int32_t>(view.channels());
  padding.padded = static_cast<int32_t>(channels);
  call.launcher->launch(kPadChannels[is_bfloat16(view.dtype)],
                        grid_for(view.rows() * channels * size_of(view.dtype) / 16), {kThreads}, 0,
                        padding);
  Shape shape = view.shape;
  shape[shape.rank() - 1] = channels;
  return {copy, shape, view.dtype};
}

GatheredImage gathered(const View& x) {
  GatheredImage image;
  image.data = x.data;
  image.height = static_cast<int32_t>(x.shape[1]);
  image.width = static_cast<int32_t>(x.shape[2]);
  image.pitch = static_cast<int32_t>(x.pitch);
  image.channels = static_cast<int32_t>(x.channels());
  image.image_pitch = checked(x.shape[1] * x.shape[2] * x.pitch);
  return image;
}

void launch_pixels(const Call& call, const ProductPlan& plan, const PixelProduct& product,
                   int classes) {
  const ProductTile& tile = plan.shape();
  int64_t most_pixels = 0;
  for (int i = 0; i < classes; ++i) {
    const TapClass& c = product.classes[i];
    most_pixels = std::max(most_pixels, int64_t{product.batch} * c.height * c.width);
  }
  const LaunchSize grid = {
      blocks_for(most_pixels, tile.rows) * blocks_for(product.outputs, tile.columns), 1,
      static_cast<uint32_t>(classes * plan.splits)};
  call.launcher->launch(kernel_of(plan), grid, {static_cast<uint32_t>(tile.threads)},
                        shared_bytes(plan), product);
}

void launch_sum(const Call& call, const PartialSum& sum, DType dtype) {
  const bool wide = sum.channels % 4 == 0 && sum.partial_pitch % 4 == 0 && sum.y_pitch % 4 == 0 &&
                    reinterpret_cast<uintptr_t>(sum.y) % 16 == 0 &&
                    reinterpret_cast<uintptr_t>(sum.bias) % 16 == 0;
  call.launcher->launch(kSumPartial[is_bfloat16(dtype)][wide],
                        grid_for(sum.rows * sum.channels / (wide ? 4 : 1)), {kThreads}, 0, sum);
}

// What both pixel products have in common: destination, bias, slope.
PixelProduct pixel_product(const Call& call, const ProductPlan& plan, const Workspace& workspace,
                           float slope) {
  const View& y = call.out(0);
  const ConvolutionGeometry g = plan.inner();
  const bool transposed = plan.pass == ConvolutionPass::kData;
  PixelProduct product;
  product.batch = static_cast<int32_t>(g.batch);
  product.output_height = static_cast<int32_t>(transposed ? g.height : g.output_height);
  product.output_width = static_cast<int32_t>(transposed ? g.width : g.output_width);
  checked(g.batch * product.output_height * product.output_width);
  product.outputs = static_cast<int32_t>(y.channels());
  product.splits = static_cast<int32_t>(plan.splits);
  if (plan.partial) {
    product.partial = workspace.partial;
    product.wide_stores = product.outputs % 4 == 0;
    return product;
  }
  const int64_t wide = 16 / size_of(y.dtype);
  product.y = y.data;
  product.y_pitch = y.pitch;
  product.bias = call.input_count == 3 ? call.in(2).data : nullptr;
  product.slope = slope;
  product.wide_stores = y.channels() % wide == 0 && y.pitch % wide == 0 &&
                        reinterpret_cast<uintptr_t>(y.data) % 16 == 0;
  return product;
}

// Adds up what the product left in the workspace, if that is where it went.
void finish_pixels(const Call& call, const ProductPlan& plan, const PixelProduct& product,
                   float slope) {
  if (!plan.partial) return;
  const View& y = call.out(0);
  PartialSum sum;
  sum.partial = product.partial;
  sum.split_pitch =
      int64_t{product.batch} * product.output_height * product.output_width * product.outputs;
  sum.bias = call.input_count == 3 ? call.in(2).data : nullptr;
  sum.y = y.data;
  sum.y_pitch = y.pitch;
  sum.rows = y.rows();
  sum.height = static_cast<int32_t>(y.shape[1]);
  sum.width = static_cast<int32_t>(y.shape[2]);
  sum.channels = sum.partial_pitch = product.outputs;
  sum.padding = static_cast<int32_t>((product.output_height - y.shape[1]) / 2);
  sum.splits = product.splits;
  sum.slope = slope;
  launch_sum(call, sum, y.dtype);
}

TapClass class_of(const ConvolutionGeometry& g, int32_t row, int32_t column, int64_t row_length) {
  const auto stride = static_cast<int32_t>(g.stride), padding = static_cast<int32_t>(g.padding);
  const auto kernel_height = static_cast<int32_t>(g.kernel_height);
  const auto kernel_width = static_cast<int32_t>(g.kernel_width);
  // Output stride i + residue meets tap u0 + stride t at source row i + (residue + p - u0) / stride
  // - t; the packed taps run backwards in t.
  const auto padding_of = [&](int32_t residue, int32_t taps) {
    return taps - 1 - (residue + padding - first_tap(residue, padding, stride)) / stride;
  };
  TapClass c;
  c.taps_height = tap_count(row, padding, stride, kernel_height);
  c.taps_width = tap_count(column, padding, stride, kernel_width);
  c.padding_height = padding_of(row, c.taps_height);
  c.padding_width = padding_of(column, c.taps_width);
  c.height = static_cast<int32_t>((g.height - row + stride - 1) / stride);
  c.width = static_cast<int32_t>((g.width - column + stride - 1) / stride);
  c.first_row = row;
  c.first_column = column;
  c.weights =
      class_taps_before(row, column, padding, stride, kernel_height, kernel_width) * row_length;
  return c;
}

void pack(const Call& call, const ProductPlan& plan, const View& w, void* packed) {
  const ConvolutionGeometry g = plan.inner();
  WeightPacking packing;
  packing.weights = w.data;
  packing.packed = packed;
  packing.outputs = static_cast<int32_t>(g.output_channels);
  packing.padded = static_cast<int32_t>(plan.channels);
  packing.channels = static_cast<int32_t>(g.channels);
  packing.kernel_height = static_cast<int32_t>(g.kernel_height);
  packing.kernel_width = static_cast<int32_t>(g.kernel_width);
  packing.stride = static_cast<int32_t>(g.stride);
  packing.padding = static_cast<int32_t>(g.padding);
  const LaunchSize grid = {blocks_for(g.channels, 32), blocks_for(plan.channels, 32),
                           static_cast<uint32_t>(g.kernel_height * g.kernel_width)};
  call.launcher->launch(kPackWeights[is_bfloat16(w.dtype)], grid, {kThreads}, 0, packing);
}

}  // namespace

void convolution_cuda(const Call& call) {
  if (vendor::run_chosen_convolution(call, ConvolutionPass::kForward)) return;
  const auto attributes = call.get<ConvolutionAttributes>();
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const ConvolutionGeometry g = geometry_of(x.shape, y.shape, w.shape[1], w.shape[2], attributes);
  const ProductPlan plan =
      plan_product(ConvolutionPass::kForward, g, x.dtype, tensor_cores(*call.launcher, x.dtype));
  const Workspace workspace(call, plan);
  PixelProduct product = pixel_product(call, plan, workspace, attributes.slope);
  product.x = gathered(padded(call, x, plan.channels, workspace.image));
  product.x.stride = static_cast<int32_t>(g.stride);
  product.x.reflect = g.padding_mode == PaddingMode::kReflect;
  product.weights = padded(call, w, plan.channels, workspace.weights).data;
  TapClass& c = product.classes[0];
  c.taps_height = static_cast<int32_t>(g.kernel_height);
  c.taps_width = static_cast<int32_t>(g.kernel_width);
  c.padding_height = c.padding_width = static_cast<int32_t>(g.padding);
  c.height = product.output_height;
  c.width = product.output_width;
  launch_pixels(call, plan, product, 1);
  finish_pixels(call, plan, product, attributes.slope);
}

void transposed_convolution_cuda(const Call& call) {
  if (vendor::run_chosen_convolution(call, ConvolutionPass::kData)) return;
  const auto attributes = call.get<TransposedConvolutionAttributes>().convolution;
  const View &x = call.in(0), &w = call.in(1), &y = call.out(0);
  const ProductPlan plan = plan_product(
      ConvolutionPass::kData, geometry_of(y.shape, x.shape, w.shape[1], w.shape[2], attributes),
      x.dtype, tensor_cores(*call.launcher, x.dtype));
  const ConvolutionGeometry g = plan.inner();
  const Workspace workspace(call, plan);
  PixelProduct product = pixel_product(call, plan, workspace, attributes.slope);
  product.x = gathered(padded(call, x, plan.channels, workspace.image));
  product.weights = workspace.weights;
  product.output_step = static_cast<int32_t>(g.stride);
  pack(call, plan, w, workspace.weights);
  const auto stride = static_cast<int32_t>(g.stride);
  int classes = 0;
  for (int32_t i = 0; i < stride * stride; ++i) {
    product.classes[classes++] = class_of(g, i / stride, i % stride, g.channels * plan.channels);
    if (classes == kMostTapClasses || i + 1 == stride * stride) {
      launch_pixels(call, plan, product, classes);
      classes = 0;
    }
  }
  finish_pixels(call, plan, product, attributes.slope);
}

void convolution_weight_gradient_cuda(const Call& call) {
  if (vendor::run_chosen_convolution(call, ConvolutionPass::kWeights)) return;
  const auto attributes = call.get<ConvolutionWeightGradientAttributes>();
  const View &x = call.in(0), &dy = call.in(1), &dw = call.out(0);
  const ConvolutionGeometry g = geometry_of(x.shape, dy.shape, attributes.kernel_height,
                                            attributes.kernel_width, attributes.convolution);
  const ProductPlan plan =
      plan_product(ConvolutionPass::kWeights, g, x.dtype, tensor_cores(*call.launcher, x.dtype));
  const Workspace workspace(call, plan);
  const View gradient = padded(call, dy, plan.gradients, workspace.gradient);
  WeightProduct product;
  product.x = gathered(padded(call, x, plan.channels, workspace.image));
  product.x.stride = static_cast<int32_t>(g.stride);
  product.x.reflect = g.padding_mode == PaddingMode::kReflect;
  product.dy = gradient.data;
  product.dy_pitch = gradient.pitch;
  product.dw = plan.partial ? workspace.partial : dw.as<float>();
  product.batch = static_cast<int32_t>(g.batch);
  product.output_height = static_cast<int32_t>(g.output_height);
  product.output_width = static_cast<int32_t>(g.output_width);
  product.outputs = static_cast<int32_t>(g.output_channels);
  product.padding = static_cast<int32_t>(g.padding);
  product.kernel_height = static_cast<int32_t>(g.kernel_height);
  product.kernel_width = static_cast<int32_t>(g.kernel_width);
  product.splits = static_cast<int32_t>(plan.splits);
  checked(g.batch * g.output_height * g.output_width);
  const ProductTile& tile = plan.shape();
  const int64_t taps = g.kernel_height * g.kernel_width;
  const LaunchSize grid = {
      blocks_for(g.output_channels, tile.rows) * blocks_for(taps * plan.channels, tile.columns),
      static_cast<uint32_t>(plan.splits)};
  call.launcher->launch(kernel_of(plan), grid, {static_cast<uint32_t>(tile.threads)},
                        shared_bytes(plan), product);
  if (!plan.partial) return;
  PartialSum sum;
  sum.partial = product.dw;
  sum.split_pitch = g.output_channels * taps * plan.channels;
  sum.y = dw.data;
  sum.y_pitch = g.channels;
  sum.rows = g.output_channels * taps;
  sum.channels = static_cast<int32_t>(g.channels);
  sum.partial_pitch = static_cast<int32_t>(plan.channels);
  sum.splits = product.splits;
  launch_sum(call, sum, DType::kFloat32);
}

}  // namespace nram::kernels
