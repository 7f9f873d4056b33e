#include <cstring>

#include "kernels/common/parallel.h"
#include "kernels/concatenate/concatenate.h"

namespace nram::kernels {
namespace {

// Copies `channels` elements of each row from channel `from` of x to channel `to` of y.
void copy_channels(const View& x, int64_t from, const View& y, int64_t to, int64_t channels) {
  const int64_t size = size_of(x.dtype);
  const std::byte* source = x.as<std::byte>() + from * size;
  std::byte* target = y.as<std::byte>() + to * size;
  const bool whole = x.pitch == channels && y.pitch == channels;
  parallel_ranges(x.rows(), x.rows() * channels, [&](int64_t begin, int64_t end) {
    if (whole) {
      std::memcpy(target + begin * channels * size, source + begin * channels * size,
                  static_cast<size_t>((end - begin) * channels * size));
      return;
    }
    for (int64_t r = begin; r < end; ++r) {
      std::memcpy(target + r * y.pitch * size, source + r * x.pitch * size,
                  static_cast<size_t>(channels * size));
    }
  });
}

}  // namespace

void copy_cpu(const Call& call) {
  copy_channels(call.in(0), 0, call.out(0), 0, call.in(0).channels());
}

void concatenate_cpu(const Call& call) {
  int64_t to = 0;
  for (int i = 0; i < call.input_count; ++i) {
    copy_channels(call.in(i), 0, call.out(0), to, call.in(i).channels());
    to += call.in(i).channels();
  }
}

void slice_cpu(const Call& call) {
  const SliceAttributes attributes = call.get<SliceAttributes>();
  copy_channels(call.in(0), attributes.begin, call.out(0), 0, attributes.channels);
}

}  // namespace nram::kernels
