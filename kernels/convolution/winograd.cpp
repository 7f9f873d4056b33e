#include "kernels/common/parallel.h"
#include "kernels/convolution/cpu_paths.h"
#include "kernels/convolution/winograd_plan.h"

namespace nram::kernels {

using winograd::kInputSide;
using winograd::kOutputPixels;
using winograd::kOutputSide;
using winograd::kPlanes;
using winograd::kTaps;
using winograd::kWeightGroup;
using winograd::Plan;

namespace {

// Transforms of tiles that hang over the image are wasted work.
constexpr int64_t kLeastSide = 6;

// The threads that work on one block of tiles, in lockstep.
struct Team {
  int index = 0;
  int size = 1;
  Range part(int64_t count) const { return part_of(count, index, size); }
  void barrier() const {
    if (size > 1) {
#pragma omp barrier
    }
  }
};

struct Tile {
  int64_t image, y, x;  // of its first output pixel
};

Tile tile_at(const Plan& plan, int64_t index) {
  const int64_t row = index / plan.tiles_x;
  return {row / plan.tiles_y, row % plan.tiles_y * kOutputSide, index % plan.tiles_x * kOutputSide};
}

// The input's row or column that `at` reads; -1 where that is zero.
int64_t source_of(int64_t at, int64_t size, bool reflect) {
  if (at >= 0 && at < size) return at;
  if (!reflect) return -1;
  const int64_t mirrored = at < 0 ? -at : 2 * (size - 1) - at;
  return mirrored >= 0 && mirrored < size ? mirrored : -1;  // beyond: past the last whole tile
}

void input_pixels(const Plan& plan, const float* x, const Tile& tile, const float* zeros,
                  const float* (&pixels)[kPlanes]) {
  const float* const image = x + tile.image * plan.height * plan.width * plan.channels;
  int64_t columns[kInputSide];
  for (int j = 0; j < kInputSide; ++j) {
    columns[j] = source_of(tile.x + j - plan.padding, plan.width, plan.reflect);
  }
  for (int i = 0; i < kInputSide; ++i) {
    const int64_t row = source_of(tile.y + i - plan.padding, plan.height, plan.reflect);
    for (int j = 0; j < kInputSide; ++j) {
      const bool outside = row < 0 || columns[j] < 0;
      pixels[i * kInputSide + j] =
          outside ? zeros : image + (row * plan.width + columns[j]) * plan.channels;
    }
  }
}

// Pointers to channel `first` of a tile's pixels in the output; `outside` for those beyond it.
template <class T>
void output_pixels(const Plan& plan, T* y, const Tile& tile, T* outside,
                   T* (&pixels)[kOutputPixels]) {
  for (int i = 0; i < kOutputPixels; ++i) {
    const int64_t row = tile.y + i / kOutputSide, column = tile.x + i % kOutputSide;
    const bool inside = row < plan.output_height && column < plan.output_width;
    const int64_t pixel = (tile.image * plan.output_height + row) * plan.output_width + column;
    pixels[i] = inside ? y + pixel * plan.output_channels : outside;
  }
}

void transform_inputs(const Plan& plan, const Team& team, int64_t block, const float* x,
                      const float* zeros, float* to) {
  const Range part = team.part(plan.tiles_of(block));
  for (int64_t t = part.begin; t < part.end; ++t) {
    const float* pixels[kPlanes];
    input_pixels(plan, x, tile_at(plan, block * plan.block + t), zeros, pixels);
    plan.kernels->input(pixels, plan.channels, to + t * plan.input_tile, plan.input);
  }
}

// Filters of output channels [first, first + panel) to `to`, [channels][panel] for each plane. The
// forward pass has its output channels first in memory and transposes, the data pass last.
void transform_weights(const Plan& plan, const float* w, int64_t first, int64_t k, float* to) {
  const int64_t panel = plan.kernels->panel;
  constexpr int64_t kGroup = kWeightGroup;
  if (plan.pass == onednn::Pass::kData) {
    for (int64_t i = k; i < k + kGroup; ++i) {
      const float* const last_tap = w + (i * kTaps + kTaps - 1) * plan.output_channels + first;
      plan.kernels->weights(last_tap, -plan.output_channels, panel, to + i * panel,
                            plan.weight_plane);
    }
    return;
  }
  alignas(64) float taps[kTaps * kGroup * winograd::kChannelBlock];  // at most 18 KiB
  for (int64_t tap = 0; tap < kTaps; ++tap) {
    plan.kernels->transpose(w + (first * kTaps + tap) * plan.channels + k, kTaps * plan.channels,
                            taps + tap * kGroup * panel);
  }
  for (int64_t i = 0; i < kGroup; ++i) {
    plan.kernels->weights(taps + i * panel, kGroup * panel, panel, to + (k + i) * panel,
                          plan.weight_plane);
  }
}

// The filters of `panels` panels of output channels from panel `first`.
void transform_panels(const Plan& plan, const Team& team, const float* w, int64_t first,
                      int64_t panels, float* to) {
  const int64_t groups = plan.channels / kWeightGroup;
  const Range part = team.part(panels * groups);
  for (int64_t i = part.begin; i < part.end; ++i) {
    const int64_t panel = i / groups;
    transform_weights(plan, w, (first + panel) * plan.kernels->panel, i % groups * kWeightGroup,
                      to + panel * plan.channels * plan.kernels->panel);
  }
}

void multiply(const Plan& plan, const Team& team, int64_t tiles, int64_t panels,
              const float* inputs, const float* weights, float* to) {
  const int64_t width = plan.kernels->panel;
  const Range part = team.part(kPlanes * panels);
  for (int64_t i = part.begin; i < part.end; ++i) {
    const int64_t plane = i / panels, panel = i % panels;
    plan.kernels->product({.a = inputs + plane * plan.input.plane,
                           .row = plan.input_tile,
                           .column = 1,
                           .b = weights + plane * plan.weight_plane + panel * plan.channels * width,
                           .c = to + plane * plan.output_plane + panel * width,
                           .pitch = plan.output_pitch,
                           .rows = tiles,
                           .depth = plan.channels});
  }
}

struct Target {
  float* y;
  Epilogue epilogue;
  float* sink;
};

void transform_outputs(const Plan& plan, const Team& team, int64_t block, int64_t first,
                       int64_t channels, const float* from, const Target& target) {
  const Range part = team.part(plan.tiles_of(block));
  for (int64_t t = part.begin; t < part.end; ++t) {
    float* pixels[kOutputPixels];
    output_pixels(plan, target.y + first, tile_at(plan, block * plan.block + t), target.sink,
                  pixels);
    const float* const bias = target.epilogue.bias;
    plan.kernels->output(from + t * plan.output_pitch, plan.output_plane, channels,
                         bias != nullptr ? bias + first : nullptr, target.epilogue.slope, pixels);
  }
}

// y from x, or dx from dy, by one thread of all.
void convolve(const Plan& plan, const Team& all, const float* x, const float* w, float* y,
              const Epilogue& epilogue, float* workspace) {
  const int64_t panels = plan.output_channels / plan.kernels->panel;
  float* const weights = workspace;
  float* const own = workspace + plan.shared_floats + all.index * plan.own_floats;
  float* const line = own;  // zeros to read
  const Target target{y, epilogue, own + plan.channels};
  float* const inputs = plan.own_blocks ? own + plan.lines : workspace + plan.weights_floats;
  float* const outputs = inputs + plan.inputs_floats;
  std::fill_n(line, plan.channels, 0.0f);
  if (plan.keep_weights) transform_panels(plan, all, w, 0, panels, weights);
  if (plan.own_blocks) all.barrier();
  const Team team = plan.own_blocks ? Team{} : all;
  const Range blocks = plan.own_blocks ? all.part(plan.blocks) : Range{0, plan.blocks};
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    transform_inputs(plan, team, block, x, line, inputs);
    for (int64_t first = 0; first < panels; first += plan.chunk) {
      const int64_t chunk = std::min(plan.chunk, panels - first);
      if (!plan.keep_weights) transform_panels(plan, team, w, first, chunk, weights);
      const float* const chunk_weights =
          plan.keep_weights ? weights + first * plan.kernels->panel * plan.channels : weights;
      team.barrier();
      multiply(plan, team, plan.tiles_of(block), chunk, inputs, chunk_weights, outputs);
      team.barrier();
      transform_outputs(plan, team, block, first * plan.kernels->panel, chunk * plan.kernels->panel,
                        outputs, target);
    }
  }
}

void transform_output_gradients(const Plan& plan, const Team& team, int64_t block, const float* dy,
                                const float* zeros, float* to) {
  const Range part = team.part(plan.tiles_of(block));
  const winograd::TileLayout layout{plan.output_plane, plan.output_channels, 0};
  for (int64_t t = part.begin; t < part.end; ++t) {
    const float* pixels[kOutputPixels];
    output_pixels(plan, dy, tile_at(plan, block * plan.block + t), zeros, pixels);
    plan.kernels->output_gradient(pixels, plan.output_channels, to + t * plan.output_pitch, layout);
  }
}

// dw from x and dy, by one thread of all. Products are summed over the blocks of tiles.
void convolve_weights(const Plan& plan, const Team& team, const float* x, const float* dy,
                      float* dw, float* workspace) {
  const int64_t width = plan.kernels->panel, panels = plan.channels / width;
  float* const products = workspace;
  float* const inputs = products + plan.weights_floats;
  float* const outputs = inputs + plan.inputs_floats;
  float* const zeros = workspace + plan.shared_floats + team.index * plan.own_floats;
  std::fill_n(zeros, std::max(plan.channels, plan.output_channels), 0.0f);
  for (int64_t block = 0; block < plan.blocks; ++block) {
    if (block > 0) team.barrier();
    transform_inputs(plan, team, block, x, zeros, inputs);
    transform_output_gradients(plan, team, block, dy, zeros, outputs);
    for (int64_t first = 0; first < plan.output_channels; first += plan.chunk) {
      const int64_t chunk = std::min(plan.chunk, plan.output_channels - first);
      team.barrier();
      const Range part = team.part(kPlanes * panels);
      for (int64_t i = part.begin; i < part.end; ++i) {
        const int64_t plane = i / panels, panel = i % panels;
        plan.kernels->product(
            {.a = outputs + plane * plan.output_plane + first,
             .row = 1,
             .column = plan.output_pitch,
             .b = inputs + plane * plan.input.plane + panel * plan.input.panel_stride,
             .c = products + plane * plan.weight_plane + panel * width,
             .pitch = plan.weight_pitch,
             .rows = chunk,
             .depth = plan.tiles_of(block),
             .accumulate = block > 0});
      }
      team.barrier();
      if (block + 1 < plan.blocks) continue;
      const Range filters = team.part(chunk);
      for (int64_t o = filters.begin; o < filters.end; ++o) {
        plan.kernels->weight_gradient(products + o * plan.weight_pitch, plan.weight_plane,
                                      plan.channels, dw + (first + o) * kTaps * plan.channels,
                                      plan.channels);
      }
    }
  }
}

}  // namespace

void winograd::run(const Plan& plan, const onednn::ConvolutionMemory& memory, const float* bias,
                   float slope) {
  float* const workspace = static_cast<float*>(memory.workspace);
  float* const x = static_cast<float*>(memory.x);
  float* const w = static_cast<float*>(memory.weights);
  float* const y = static_cast<float*>(memory.y);
#pragma omp parallel num_threads(plan.threads)
  {
    const Team all{omp_get_thread_num(), omp_get_num_threads()};
    switch (plan.pass) {
      case onednn::Pass::kForward:
        convolve(plan, all, x, w, y, {bias, slope}, workspace);
        break;
      case onednn::Pass::kData:
        convolve(plan, all, y, w, x, {bias, slope}, workspace);
        break;
      case onednn::Pass::kWeights:
        convolve_weights(plan, all, x, y, w, workspace);
        break;
    }
  }
}

bool winograd_takes(onednn::Pass pass, const ConvolutionGeometry& g) {
  return winograd_allowed() && winograd::takes(pass, g) &&
         std::min(g.output_height, g.output_width) >= kLeastSide;
}

size_t winograd_workspace(onednn::Pass pass, const ConvolutionGeometry& g) {
  return winograd::plan_of(pass, g, omp_get_max_threads()).workspace_bytes();
}

void run_winograd(onednn::Pass pass, const ConvolutionGeometry& g,
                  const onednn::ConvolutionMemory& memory, const Epilogue& epilogue) {
  winograd::run(winograd::plan_of(pass, g, omp_get_max_threads()), memory, epilogue.bias,
                epilogue.slope);
}

}  // namespace nram::kernels
