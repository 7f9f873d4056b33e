// Convolution with few output channels. Input rows are turned to [channel][pixel], once each, in a
// ring of kernel_height rows per thread that stays in the second-level cache; then a tile of up to
// 4 x 16 pixels of all outputs is summed in registers over kernel rows, channels and columns.
#include <omp.h>

#include <array>

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/convolution/border.h"
#include "kernels/convolution/cpu_paths.h"

namespace nram::kernels {
namespace {

constexpr int64_t kLanes = 16;
constexpr int kMostOutputs = 8;
constexpr int kMostVectors = 4;

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));
typedef float UnalignedVector
    __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

// One tile: rows[u] is the input's row u as [channels][pitch], starting at the tile's first pixel;
// weights are [u][c][v][outputs]; sums are [outputs][vectors * 16].
struct Tile {
  const float* const* rows;
  const float* weights;
  float* sums;
  int64_t pitch, kernel_height, kernel_width, channels;
};

template <int kOutputs, int kVectors>
[[gnu::always_inline]] inline void sum_tile(const Tile& tile) {
  Vector sums[kOutputs][kVectors] = {};
  const float* weights = tile.weights;
  for (int64_t u = 0; u < tile.kernel_height; ++u) {
    const float* channel = tile.rows[u];
    for (int64_t c = 0; c < tile.channels; ++c, channel += tile.pitch) {
      for (int64_t v = 0; v < tile.kernel_width; ++v, weights += kOutputs) {
        Vector pixels[kVectors];
#pragma GCC unroll 4
        for (int p = 0; p < kVectors; ++p) {
          pixels[p] = *reinterpret_cast<const UnalignedVector*>(channel + v + p * kLanes);
        }
#pragma GCC unroll 8
        for (int o = 0; o < kOutputs; ++o) {
#pragma GCC unroll 4
          for (int p = 0; p < kVectors; ++p) sums[o][p] += pixels[p] * weights[o];
        }
      }
    }
  }
  for (int o = 0; o < kOutputs; ++o) {
    for (int p = 0; p < kVectors; ++p) {
      *reinterpret_cast<UnalignedVector*>(tile.sums + (o * kVectors + p) * kLanes) = sums[o][p];
    }
  }
}

template <int kOutputs>
[[gnu::always_inline]] inline void sum_tile_of(const Tile& tile, int vectors) {
  switch (vectors) {
    case 1:
      return sum_tile<kOutputs, 1>(tile);
    case 2:
      return sum_tile<kOutputs, 2>(tile);
    case 3:
      return sum_tile<kOutputs, 3>(tile);
    default:
      return sum_tile<kOutputs, 4>(tile);
  }
}

NRAM_MULTIVERSION
void sum_tile_1(const Tile& tile, int vectors) { sum_tile_of<1>(tile, vectors); }
NRAM_MULTIVERSION
void sum_tile_2(const Tile& tile, int vectors) { sum_tile_of<2>(tile, vectors); }
NRAM_MULTIVERSION
void sum_tile_3(const Tile& tile, int vectors) { sum_tile_of<3>(tile, vectors); }
NRAM_MULTIVERSION
void sum_tile_4(const Tile& tile, int vectors) { sum_tile_of<4>(tile, vectors); }
NRAM_MULTIVERSION
void sum_tile_6(const Tile& tile, int vectors) { sum_tile_of<6>(tile, vectors); }
NRAM_MULTIVERSION
void sum_tile_8(const Tile& tile, int vectors) { sum_tile_of<8>(tile, vectors); }

struct TileCode {
  int outputs;
  int vectors;  // at most: accumulators and pixels have to fit into 32 registers
  void (*run)(const Tile&, int vectors);
};

// The smallest code with enough outputs; missing ones get zero weights.
const TileCode& code_for(int64_t outputs) {
  static const std::array<TileCode, 6> codes = {{{1, 4, sum_tile_1},
                                                 {2, 4, sum_tile_2},
                                                 {3, 4, sum_tile_3},
                                                 {4, 4, sum_tile_4},
                                                 {6, 4, sum_tile_6},
                                                 {8, 3, sum_tile_8}}};
  for (const TileCode& code : codes) {
    if (code.outputs >= outputs) return code;
  }
  NRAM_CHECK(false, "no narrow convolution has ", outputs, " outputs");
}

int64_t pitch_of(const ConvolutionGeometry& g) {
  return (g.output_width + kLanes - 1) / kLanes * kLanes + g.kernel_width - 1;
}

int64_t row_floats(const ConvolutionGeometry& g) { return g.channels * pitch_of(g); }

size_t weight_bytes(const ConvolutionGeometry& g) {
  return round_to_line(static_cast<size_t>(g.kernel_height * g.kernel_width * g.channels *
                                           code_for(g.output_channels).outputs) *
                       sizeof(float));
}

size_t ring_bytes(const ConvolutionGeometry& g) {
  return round_to_line(static_cast<size_t>(g.kernel_height * row_floats(g)) * sizeof(float));
}

// [O,kh,kw,C] to [kh][C][kw][outputs].
void pack_weights(const ConvolutionGeometry& g, const float* weights, float* packed) {
  const int outputs = code_for(g.output_channels).outputs;
  for (int64_t u = 0; u < g.kernel_height; ++u) {
    for (int64_t c = 0; c < g.channels; ++c) {
      for (int64_t v = 0; v < g.kernel_width; ++v) {
        for (int64_t o = 0; o < outputs; ++o) {
          *packed++ =
              o >= g.output_channels
                  ? 0
                  : weights[((o * g.kernel_height + u) * g.kernel_width + v) * g.channels + c];
        }
      }
    }
  }
}

// to[c * pitch + j] = row[j * channels + c].
NRAM_MULTIVERSION
void transpose(const float* NRAM_RESTRICT row, float* NRAM_RESTRICT to, int64_t width,
               int64_t channels, int64_t pitch) {
  constexpr int64_t kSide = 16;
  for (int64_t j = 0; j < width; j += kSide) {
    const int64_t count = std::min(kSide, width - j);
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t k = 0; k < count; ++k) to[c * pitch + j + k] = row[(j + k) * channels + c];
    }
  }
}

// Row `a` (from -padding on) of an image as [channels][pitch] with its border.
void load_row(const ConvolutionGeometry& g, const float* image, int64_t a, float* to) {
  const int64_t pitch = pitch_of(g), p = g.padding;
  const bool reflect = g.padding_mode == PaddingMode::kReflect;
  if (!reflect && (a < 0 || a >= g.height)) {
    std::fill_n(to, row_floats(g), 0.0f);
    return;
  }
  transpose(image + mirrored(a, g.height) * g.width * g.channels, to + p, g.width, g.channels,
            pitch);
  for (int64_t c = 0; c < g.channels; ++c) {
    float* const line = to + c * pitch;
    for (int64_t j = 0; j < p; ++j) {
      line[j] = reflect ? line[p + mirrored(j - p, g.width)] : 0;
      line[p + g.width + j] = reflect ? line[p + mirrored(g.width + j, g.width)] : 0;
    }
    std::fill(line + std::min(pitch, g.width + 2 * p), line + pitch, 0.0f);
  }
}

// sums [outputs][vectors * 16] to count pixels of y.
void store_tile(const float* sums, int64_t lanes, int64_t count, const ConvolutionGeometry& g,
                const Epilogue& epilogue, float* y) {
  for (int64_t o = 0; o < g.output_channels; ++o) {
    const float bias = epilogue.bias == nullptr ? 0 : epilogue.bias[o];
    for (int64_t j = 0; j < count; ++j) {
      const float value = sums[o * lanes + j] + bias;
      y[j * g.output_channels + o] = value > 0 ? value : epilogue.slope * value;
    }
  }
}

// Output row from the ring of input rows.
void compute_row(const ConvolutionGeometry& g, const float* const* rows, const float* weights,
                 const Epilogue& epilogue, float* y) {
  const TileCode& code = code_for(g.output_channels);
  alignas(64) std::array<float, kMostOutputs * kMostVectors * kLanes> sums;
  std::array<const float*, 16> tile_rows{};
  for (int64_t j = 0; j < g.output_width;) {
    const int64_t left = g.output_width - j;
    const int64_t vectors = std::min<int64_t>(code.vectors, (left + kLanes - 1) / kLanes);
    for (int64_t u = 0; u < g.kernel_height; ++u) tile_rows[static_cast<size_t>(u)] = rows[u] + j;
    code.run({tile_rows.data(), weights, sums.data(), pitch_of(g), g.kernel_height, g.kernel_width,
              g.channels},
             static_cast<int>(vectors));
    const int64_t count = std::min(left, vectors * kLanes);
    store_tile(sums.data(), vectors * kLanes, count, g, epilogue, y + j * g.output_channels);
    j += count;
  }
}

// Output rows [begin, end) of all images, by one thread.
void compute_rows(const ConvolutionGeometry& g, int64_t begin, int64_t end, const float* x,
                  const float* weights, const Epilogue& epilogue, float* y, float* ring) {
  int64_t loaded_image = -1, loaded_end = 0;  // input rows before loaded_end are in the ring
  std::array<const float*, 16> rows{};
  for (int64_t r = begin; r < end; ++r) {
    const int64_t n = r / g.output_height, i = r % g.output_height;
    const int64_t first = i - g.padding, last = first + g.kernel_height;
    if (n != loaded_image) loaded_end = first;
    loaded_image = n;
    const auto slot = [&](int64_t a) {
      return ring + (a + g.padding) % g.kernel_height * row_floats(g);
    };
    for (; loaded_end < last; ++loaded_end) {
      load_row(g, x + n * g.height * g.width * g.channels, loaded_end, slot(loaded_end));
    }
    for (int64_t u = 0; u < g.kernel_height; ++u) rows[static_cast<size_t>(u)] = slot(first + u);
    compute_row(g, rows.data(), weights, epilogue, y + r * g.output_width * g.output_channels);
  }
}

}  // namespace

bool narrow_takes(const ConvolutionGeometry& g) {
  return g.output_channels <= kMostOutputs && g.stride == 1 && g.channels >= kLanes &&
         g.kernel_height * g.kernel_width > 1 && g.kernel_height <= 16 && g.kernel_width <= 16;
}

size_t narrow_workspace(const ConvolutionGeometry& g) {
  return weight_bytes(g) + static_cast<size_t>(omp_get_max_threads()) * ring_bytes(g);
}

void run_narrow(const ConvolutionGeometry& g, const float* x, const float* weights,
                const Epilogue& epilogue, float* y, void* workspace) {
  float* const packed = static_cast<float*>(workspace);
  pack_weights(g, weights, packed);
  char* const rings = static_cast<char*>(workspace) + weight_bytes(g);
  const int64_t work = g.output_count() * g.kernel_height * g.kernel_width * g.channels;
  parallel_ranges(g.batch * g.output_height, work, [&](int64_t begin, int64_t end) {
    float* const ring =
        reinterpret_cast<float*>(rings + static_cast<size_t>(omp_get_thread_num()) * ring_bytes(g));
    compute_rows(g, begin, end, x, packed, epilogue, y, ring);
  });
}

}  // namespace nram::kernels
