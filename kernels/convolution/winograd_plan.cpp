#include "kernels/convolution/winograd_plan.h"

#include <algorithm>

namespace nram::kernels::winograd {
namespace {

// Floats, measured on Zen 4 (1 MiB second-level cache a core, 32 MiB third-level cache): what a
// thread's own block of tiles takes, and the most transformed weights for which that pays, as every
// thread reads them for every block; a block that all threads share, with weights kept and with
// weights that are transformed anew for each block; a chunk of products or of transformed weights.
constexpr int64_t kOwnFloats = 384 << 10;
constexpr int64_t kOwnWeightFloats = 1 << 20;
constexpr int64_t kSharedFloats = 3 << 19;
constexpr int64_t kKeptWeightFloats = 4 << 20;
constexpr int64_t kLargeSharedFloats = 4 << 20;
constexpr int64_t kChunkFloats = 512 << 10;
// Fewer tiles than this do not pay for reading all weights.
constexpr int64_t kLeastBlock = 28;

int64_t round_up(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

// Rows and planes start in different sets of a cache: not at multiples of a page's half.
int64_t spread(int64_t floats) {
  const int64_t lines = round_up(floats, 16) / 16;
  return 16 * (lines % 2 == 0 ? lines + 1 : lines);
}

void set_sizes(Plan& p, const ConvolutionGeometry& g) {
  const bool data = p.pass == onednn::Pass::kData;
  p.height = data ? g.output_height : g.height;
  p.width = data ? g.output_width : g.width;
  p.channels = data ? g.output_channels : g.channels;
  p.output_height = data ? g.height : g.output_height;
  p.output_width = data ? g.width : g.output_width;
  p.output_channels = data ? g.channels : g.output_channels;
  p.padding = data ? 2 - g.padding : g.padding;
  p.reflect = g.padding_mode == PaddingMode::kReflect;
  p.tiles_x = (p.output_width + kOutputSide - 1) / kOutputSide;
  p.tiles_y = (p.output_height + kOutputSide - 1) / kOutputSide;
  p.tiles = g.batch * p.tiles_y * p.tiles_x;
}

// Even blocks of about `most` tiles, at least `parts` of them where there are enough tiles.
void set_blocks(Plan& p, int64_t most, int64_t parts) {
  p.blocks = std::max((p.tiles + most - 1) / most, std::min(parts, p.tiles));
  p.blocks = round_up(p.blocks, parts);
  p.block = (p.tiles + p.blocks - 1) / p.blocks;
  p.blocks = (p.tiles + p.block - 1) / p.block;
}

// Panels of a chunk: so many floats, work for all threads, even.
int64_t chunk_of(const Plan& p, int64_t panels, int64_t panel_floats) {
  const int64_t least = std::min<int64_t>(panels, (4 * p.threads + kPlanes - 1) / kPlanes);
  const int64_t most = std::clamp(kChunkFloats / panel_floats, least, panels);
  const int64_t chunks = (panels + most - 1) / most;
  return (panels + chunks - 1) / chunks;
}

void plan_convolution(Plan& p) {
  const int64_t panel = p.kernels->panel, panels = p.output_channels / panel;
  const int64_t tile_floats = kPlanes * (p.channels + p.output_channels);
  const int64_t weight_floats = kPlanes * p.channels * p.output_channels;
  p.own_blocks = p.threads > 1 && kOwnFloats / tile_floats >= kLeastBlock &&
                 weight_floats <= kOwnWeightFloats && p.tiles >= kLeastBlock * p.threads;
  p.keep_weights = p.own_blocks || weight_floats <= kKeptWeightFloats;
  const int64_t shared = p.keep_weights ? kSharedFloats : kLargeSharedFloats;
  const int64_t most = p.own_blocks ? kOwnFloats / tile_floats
                                    : std::max(shared / (kPlanes * p.channels), kLeastBlock);
  set_blocks(p, most, p.own_blocks ? p.threads : 1);
  p.chunk = p.own_blocks
                ? panels
                : chunk_of(p, panels, kPlanes * panel * (p.keep_weights ? p.block : p.channels));
  p.input_tile = spread(p.channels);
  p.input = {spread(p.block * p.input_tile), p.channels, 0};
  p.output_pitch = spread(p.chunk * panel);
  p.output_plane = spread(p.block * p.output_pitch);
  p.weight_plane = spread((p.keep_weights ? panels : p.chunk) * panel * p.channels);
  p.lines = spread(p.channels + p.output_channels);
}

void plan_weights(Plan& p) {
  const int64_t panel = p.kernels->panel;
  const int64_t tile_floats = kPlanes * (p.channels + p.output_channels);
  set_blocks(p, std::max(2 * kLargeSharedFloats / tile_floats, kLeastBlock), 1);
  p.chunk = p.output_channels;
  if (p.blocks == 1) {
    p.chunk =
        std::clamp<int64_t>(kChunkFloats / (kPlanes * p.channels) / 16 * 16, 16, p.output_channels);
  }
  p.input_tile = panel;
  p.input = {spread(p.channels / panel * p.block * panel), panel, p.block * panel};
  p.output_pitch = spread(p.output_channels);
  p.output_plane = spread(p.block * p.output_pitch);
  p.weight_pitch = spread(p.channels);
  p.weight_plane = spread(p.chunk * p.weight_pitch);
  p.lines = spread(std::max(p.channels, p.output_channels));
}

}  // namespace

bool takes(onednn::Pass pass, const ConvolutionGeometry& g) {
  return g.kernel_height == 3 && g.kernel_width == 3 && g.stride == 1 && g.padding <= 2 &&
         (g.padding_mode == PaddingMode::kZeros || pass != onednn::Pass::kData) &&
         g.channels % kChannelBlock == 0 && g.output_channels % kChannelBlock == 0;
}

Plan plan_of(onednn::Pass pass, const ConvolutionGeometry& geometry, int threads,
             const Kernels& kernels) {
  Plan p;
  p.kernels = &kernels;
  p.pass = pass;
  p.threads = threads;
  set_sizes(p, geometry);
  if (pass == onednn::Pass::kWeights) {
    plan_weights(p);
  } else {
    plan_convolution(p);
  }
  p.weights_floats = kPlanes * p.weight_plane;
  p.inputs_floats = kPlanes * p.input.plane;
  p.outputs_floats = kPlanes * p.output_plane;
  const int64_t blocks = p.inputs_floats + p.outputs_floats;
  p.shared_floats = p.weights_floats + (p.own_blocks ? 0 : blocks);
  p.own_floats = p.lines + (p.own_blocks ? blocks : 0);
  return p;
}

}  // namespace nram::kernels::winograd
