#include <algorithm>

#include "kernels/common/cuda_pointwise.h"
#include "kernels/gram/cuda_shape.h"
#include "kernels/gram/gram.h"
#include "kernels/vendor/cuda_choices.h"

namespace nram::kernels {
namespace {

constexpr const char* kModule = "gram";
enum Path { kFloat4, kFloat1, kBFloat16x4, kBFloat16x1, kTensorTf32, kTensorBFloat16 };
const CudaKernel kProduct[] = {{kModule, "gram_float_4"},     {kModule, "gram_float_1"},
                               {kModule, "gram_bfloat16_4"},  {kModule, "gram_bfloat16_1"},
                               {kModule, "gram_tensor_tf32"}, {kModule, "gram_tensor_bfloat16"}};
const CudaKernel kGradientProduct[] = {
    {kModule, "gram_gradient_float_4"},     {kModule, "gram_gradient_float_1"},
    {kModule, "gram_gradient_bfloat16_4"},  {kModule, "gram_gradient_bfloat16_1"},
    {kModule, "gram_gradient_tensor_tf32"}, {kModule, "gram_gradient_tensor_bfloat16"}};
const CudaKernel kFinish = {kModule, "gram_finish"};
const CudaKernel kMirror[2] = {{kModule, "gram_mirror_float"}, {kModule, "gram_mirror_bfloat16"}};

int64_t channel_tiles(const Shape& f) { return blocks_for(f[3], kGramTile); }
int64_t tile_pairs(const Shape& f) { return channel_tiles(f) * (channel_tiles(f) + 1) / 2; }

GramShape shape_of(const Shape& f) {
  GramShape shape;
  shape.pixels = f[1] * f[2];
  shape.channels = static_cast<int32_t>(f[3]);
  shape.scale = static_cast<float>(1.0 / static_cast<double>(f[3] * shape.pixels));
  // Enough blocks to fill a card, unless the partial sums would outweigh the features.
  constexpr int64_t kBlocks = 512, kLeastPixels = 192;
  const int64_t wanted = blocks_for(kBlocks, f[0] * tile_pairs(f));
  const int64_t chunks = std::clamp<int64_t>(shape.pixels / kLeastPixels, 1, wanted);
  const int64_t pixels = blocks_for(shape.pixels, chunks);
  shape.chunk = static_cast<int32_t>(blocks_for(pixels, kGramSlab) * kGramSlab);
  shape.chunks = static_cast<int32_t>(blocks_for(shape.pixels, shape.chunk));
  return shape;
}

Path path_of(const Call& call, const View& features, const View& other) {
  const Launcher& launcher = *call.launcher;
  const bool tensor_cores = launcher.capability() >= 80;
  const auto fits = [&](int64_t width) {
    return features.channels() % width == 0 && fits_vectors<1>({&features}, width) &&
           fits_vectors<1>({&other}, width);
  };
  if (features.dtype == DType::kBFloat16) {
    if (tensor_cores && fits(8)) return kTensorBFloat16;
    return fits(4) ? kBFloat16x4 : kBFloat16x1;
  }
  if (!fits(4)) return kFloat1;
  return tensor_cores && launcher.tf32() ? kTensorTf32 : kFloat4;
}

}  // namespace

size_t gram_cuda_workspace(const Shape& features) {
  return sizeof(float) * static_cast<size_t>(features[0] * shape_of(features).chunks *
                                             tile_pairs(features) * kGramTile * kGramTile);
}

void gram_cuda(const Call& call) {
  if (vendor::run_chosen_gram(call, false)) return;
  const View& f = call.in(0);
  const GramShape shape = shape_of(f.shape);
  const auto pairs = static_cast<uint32_t>(tile_pairs(f.shape));
  const auto batch = static_cast<uint32_t>(f.shape[0]);
  constexpr uint32_t kPatches = kGramTile / kGramPatch;
  call.launcher->launch(kProduct[path_of(call, f, f)],
                        {pairs, static_cast<uint32_t>(shape.chunks), batch}, {kGramThreads}, 0,
                        shape, f.data, call.workspace);
  call.launcher->launch(kFinish, {kPatches * kPatches, pairs, batch},
                        {kGramPatch * kGramPatch * kGramSlices}, 0, shape, call.workspace,
                        call.out(0).data);
}

size_t gram_gradient_cuda_workspace(const Shape& features) {
  const int64_t width = channel_tiles(features) * kGramTile;
  return sizeof(float) * static_cast<size_t>(features[0] * width * width);
}

void gram_gradient_cuda(const Call& call) {
  if (vendor::run_chosen_gram(call, true)) return;
  const View &dg = call.in(0), &f = call.in(1), &df = call.out(0);
  const GramShape shape = shape_of(f.shape);
  const Path path = path_of(call, f, df);
  const auto tiles = static_cast<uint32_t>(channel_tiles(f.shape));
  const auto batch = static_cast<uint32_t>(f.shape[0]);
  constexpr uint32_t kParts = kGramTile / kMirrorTile;
  call.launcher->launch(kMirror[path == kTensorBFloat16], {tiles * kParts, tiles * kParts, batch},
                        {kMirrorTile * kMirrorRows}, 0, shape, dg.data, call.workspace);
  call.launcher->launch(kGradientProduct[path],
                        {blocks_for(shape.pixels, kGramTile) * tiles, 1, batch}, {kGramThreads}, 0,
                        shape, f.data, call.workspace, df.data);
}

}  // namespace nram::kernels
