#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/convolution/cpu_paths.h"

namespace nram::kernels {
namespace {

constexpr int64_t kBlock = 16;
constexpr int64_t kLeastChannels = 64;
// Transforms of tiles that hang over the image are wasted work.
constexpr int64_t kLeastSide = 8;
// The transformed maps of a large batch take more memory than the time is worth.
constexpr size_t kLargestWorkspace = size_t{1} << 30;

// One image row: [width][channels] to [channels / 16][.., width][16] with blocks `stride` apart.
NRAM_MULTIVERSION
void row_to_blocks(const float* NRAM_RESTRICT row, float* NRAM_RESTRICT blocks, int64_t width,
                   int64_t channels, int64_t stride) {
  for (int64_t b = 0; b < channels / kBlock; ++b) {
    for (int64_t j = 0; j < width; ++j) {
      for (int64_t c = 0; c < kBlock; ++c) {
        blocks[b * stride + j * kBlock + c] = row[j * channels + b * kBlock + c];
      }
    }
  }
}

NRAM_MULTIVERSION
void row_from_blocks(const float* NRAM_RESTRICT blocks, float* NRAM_RESTRICT row, int64_t width,
                     int64_t channels, int64_t stride, float slope) {
  for (int64_t j = 0; j < width; ++j) {
    for (int64_t b = 0; b < channels / kBlock; ++b) {
      for (int64_t c = 0; c < kBlock; ++c) {
        const float value = blocks[b * stride + j * kBlock + c];
        row[j * channels + b * kBlock + c] = value > 0 ? value : slope * value;
      }
    }
  }
}

struct Map {
  int64_t batch, height, width, channels;
  int64_t count() const { return batch * height * width * channels; }
  size_t bytes() const { return round_to_line(static_cast<size_t>(count()) * sizeof(float)); }
};

Map input_of(const ConvolutionGeometry& g) { return {g.batch, g.height, g.width, g.channels}; }

Map output_of(const ConvolutionGeometry& g) {
  return {g.batch, g.output_height, g.output_width, g.output_channels};
}

// Calls body(offset of the row in NHWC, offset of its first block in nChw16c) for every row.
template <class Body>
void for_each_row(const Map& map, Body&& body) {
  const int64_t image = map.height * map.width * map.channels;
  parallel_ranges(map.batch * map.height, map.count(), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      body(r * map.width * map.channels,
           r / map.height * image + r % map.height * map.width * kBlock);
    }
  });
}

void to_blocks(const Map& map, const void* nhwc, void* blocked) {
  for_each_row(map, [&](int64_t row, int64_t block) {
    row_to_blocks(static_cast<const float*>(nhwc) + row, static_cast<float*>(blocked) + block,
                  map.width, map.channels, map.height * map.width * kBlock);
  });
}

void from_blocks(const Map& map, const void* blocked, void* nhwc, float slope) {
  for_each_row(map, [&](int64_t row, int64_t block) {
    row_from_blocks(static_cast<const float*>(blocked) + block, static_cast<float*>(nhwc) + row,
                    map.width, map.channels, map.height * map.width * kBlock, slope);
  });
}

onednn::Convolution winograd_problem(onednn::Pass pass, const ConvolutionGeometry& g, bool bias) {
  onednn::Convolution problem = problem_of(pass, g, bias);
  problem.algorithm = onednn::Algorithm::kWinograd;
  return problem;
}

}  // namespace

bool winograd_takes(onednn::Pass pass, const ConvolutionGeometry& g) {
  const bool fits = g.kernel_height == 3 && g.kernel_width == 3 && g.stride == 1 &&
                    g.padding <= 1 && g.padding_mode == PaddingMode::kZeros &&
                    g.channels % kBlock == 0 && g.output_channels % kBlock == 0 &&
                    std::min(g.channels, g.output_channels) >= kLeastChannels &&
                    std::min(g.output_height, g.output_width) >= kLeastSide;
  return fits && winograd_allowed() && onednn::available(winograd_problem(pass, g, false)) &&
         winograd_workspace(pass, g, false) <= kLargestWorkspace;
}

size_t winograd_workspace(onednn::Pass pass, const ConvolutionGeometry& g, bool bias) {
  return input_of(g).bytes() + output_of(g).bytes() +
         onednn::workspace(winograd_problem(pass, g, bias));
}

void run_winograd(onednn::Pass pass, const ConvolutionGeometry& g,
                  const onednn::ConvolutionMemory& memory, float slope) {
  const Map input = input_of(g), output = output_of(g);
  char* const x = static_cast<char*>(memory.workspace);
  char* const y = x + input.bytes();
  if (pass != onednn::Pass::kData) to_blocks(input, memory.x, x);
  if (pass != onednn::Pass::kForward) to_blocks(output, memory.y, y);
  onednn::run(winograd_problem(pass, g, memory.bias != nullptr), {.x = x,
                                                                  .weights = memory.weights,
                                                                  .bias = memory.bias,
                                                                  .y = y,
                                                                  .workspace = y + output.bytes()});
  if (pass == onednn::Pass::kForward) from_blocks(output, y, memory.y, slope);
  if (pass == onednn::Pass::kData) from_blocks(input, x, memory.x, slope);
}

}  // namespace nram::kernels
