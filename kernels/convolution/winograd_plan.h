// How a Winograd convolution is cut up for the caches: blocks of tiles, whose transforms stay in
// the third-level cache (threads work on one block together) or in the second-level cache (each
// thread on blocks of its own, where channels are few), and chunks of output channels.
#pragma once

#include "kernels/convolution/convolution.h"
#include "kernels/convolution/winograd_kernels.h"
#include "kernels/vendor/onednn.h"

namespace nram::kernels::winograd {

struct Plan {
  const Kernels* kernels = nullptr;
  onednn::Pass pass = onednn::Pass::kForward;
  // Of the convolution that is computed: the data pass convolves dy with flipped filters, the
  // weights pass has x as input and dy as output.
  int64_t height = 0, width = 0, channels = 0;
  int64_t output_height = 0, output_width = 0, output_channels = 0;
  int64_t padding = 0;
  bool reflect = false;

  int64_t tiles_x = 0, tiles_y = 0;  // of one image
  int64_t tiles = 0;                 // of the batch
  int64_t block = 0, blocks = 0;     // tiles of a block
  int64_t chunk = 0;                 // forward, data: panels; weights: output channels
  bool own_blocks = false;
  bool keep_weights = false;  // transformed once, not for each block anew
  int threads = 1;

  // Strides in floats.
  TileLayout input;
  int64_t input_tile = 0;
  int64_t output_plane = 0, output_pitch = 0;
  int64_t weight_plane = 0, weight_pitch = 0;
  // Memory in floats: shared by all threads, starting with transformed weights, then a thread's
  // own, starting with single lines.
  int64_t weights_floats = 0, inputs_floats = 0, outputs_floats = 0;
  int64_t lines = 0, shared_floats = 0, own_floats = 0;

  int64_t tiles_of(int64_t at) const { return at + 1 < blocks ? block : tiles - at * block; }
  size_t workspace_bytes() const {
    return static_cast<size_t>(shared_floats + threads * own_floats) * sizeof(float);
  }
};

// 3x3, stride 1, channel counts multiples of kChannelBlock; reflected borders only where x is read.
bool takes(onednn::Pass pass, const ConvolutionGeometry& geometry);
Plan plan_of(onednn::Pass pass, const ConvolutionGeometry& geometry, int threads,
             const Kernels& kernels = kernels());
// As run_winograd in cpu_paths.h.
void run(const Plan& plan, const onednn::ConvolutionMemory& memory, const float* bias, float slope);

}  // namespace nram::kernels::winograd
