#include "kernels/convolution/convolution.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

namespace nram::kernels {
namespace {

std::atomic<bool>& winograd_switch() {
  static std::atomic<bool> allowed = [] {
    const char* value = std::getenv("NRAM_WINOGRAD");
    return value == nullptr || std::string_view(value) != "0";
  }();
  return allowed;
}

std::atomic<bool> double_sums_switch = false;

}  // namespace

bool double_sums() { return double_sums_switch; }

void use_double_sums(bool use) { double_sums_switch = use; }

bool winograd_allowed() { return winograd_switch(); }

void allow_winograd(bool allowed) { winograd_switch() = allowed; }

ConvolutionGeometry ConvolutionGeometry::padded() const {
  ConvolutionGeometry result = *this;
  result.height += 2 * padding;
  result.width += 2 * padding;
  result.padding = 0;
  result.padding_mode = PaddingMode::kZeros;
  return result;
}

ConvolutionGeometry geometry_of(const Shape& input, const Shape& output, int64_t kernel_height,
                                int64_t kernel_width, const ConvolutionAttributes& attributes) {
  ConvolutionGeometry g;
  g.batch = input[0];
  g.height = input[1];
  g.width = input[2];
  g.channels = input[3];
  g.output_height = output[1];
  g.output_width = output[2];
  g.output_channels = output[3];
  g.kernel_height = kernel_height;
  g.kernel_width = kernel_width;
  g.stride = attributes.stride;
  g.padding = attributes.padding;
  g.padding_mode = attributes.padding == 0 ? PaddingMode::kZeros : attributes.padding_mode;
  return g;
}

}  // namespace nram::kernels
