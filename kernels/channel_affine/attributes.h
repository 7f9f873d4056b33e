// Host and device: the attributes of channel_affine.
#pragma once

namespace nram::kernels {

constexpr int kMostAffineChannels = 8;

struct ChannelAffineAttributes {
  float scale[kMostAffineChannels];
  float offset[kMostAffineChannels];
};

}  // namespace nram::kernels
