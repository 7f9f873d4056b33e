#include <bit>
#include <cstring>

#include "kernels/cast/cast.h"
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {

// The rounding of BFloat16(float), free of branches.
NRAM_MULTIVERSION
void narrow(const float* x, uint16_t* y, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const auto word = std::bit_cast<uint32_t>(x[i]);
    const uint32_t rounded = (word + 0x7FFFu + ((word >> 16) & 1u)) >> 16;
    const uint32_t quiet_nan = (word >> 16) | 0x40u;
    y[i] = static_cast<uint16_t>((word & 0x7FFFFFFFu) > 0x7F800000u ? quiet_nan : rounded);
  }
}

NRAM_MULTIVERSION
void widen(const uint16_t* x, float* y, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) y[i] = std::bit_cast<float>(uint32_t{x[i]} << 16);
}

// convert(from, to, count) over both views' elements in long spans.
template <class From, class To, class Convert>
void for_spans(const View& x, const View& y, Convert&& convert) {
  const int64_t count = x.shape.count();
  if (x.dense() && y.dense()) {
    constexpr int64_t kBlock = 1024;
    parallel_ranges((count + kBlock - 1) / kBlock, count, [&](int64_t begin, int64_t end) {
      const int64_t first = begin * kBlock;
      convert(x.as<From>() + first, y.as<To>() + first, std::min(end * kBlock, count) - first);
    });
    return;
  }
  parallel_ranges(x.rows(), count, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) convert(x.row<From>(r), y.row<To>(r), x.channels());
  });
}

template <class T>
void copy(const T* x, T* y, int64_t count) {
  std::memcpy(y, x, sizeof(T) * static_cast<size_t>(count));
}

}  // namespace

void cast_cpu(const Call& call) {
  const View& x = call.in(0);
  const View& y = call.out(0);
  if (x.dtype == DType::kBFloat16) {
    y.dtype == DType::kBFloat16 ? for_spans<uint16_t, uint16_t>(x, y, copy<uint16_t>)
                                : for_spans<uint16_t, float>(x, y, widen);
  } else {
    y.dtype == DType::kBFloat16 ? for_spans<float, uint16_t>(x, y, narrow)
                                : for_spans<float, float>(x, y, copy<float>);
  }
}

}  // namespace nram::kernels
