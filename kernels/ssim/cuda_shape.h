// Host and device: how the SSIM kernels cut images.
#pragma once

#include <cstdint>

namespace nram {

constexpr int kSsimThreads = 256;
constexpr int kSsimChannels = 16;  // most of a block

// A block takes kSsimThreads neighbouring values of one row of one sample's group of channels.
// Values of a row are counted pixel by pixel, a pixel's channels of the group in order.
struct SsimShape {
  double taps[11] = {};  // of the window
  int32_t height = 0, width = 0, channels = 0;
  int32_t group = 0;  // channels of a group; the last one may have fewer
  int32_t groups = 0;
  int32_t sums = 0;  // partial sums of a sample
};

}  // namespace nram
