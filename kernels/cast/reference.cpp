#include "kernels/cast/cast.h"

namespace nram::kernels {
namespace {

template <class From, class To>
void convert(const View& x, const View& y) {
  for (int64_t r = 0; r < x.rows(); ++r) {
    for (int64_t c = 0; c < x.channels(); ++c) y.row<To>(r)[c] = static_cast<To>(x.row<From>(r)[c]);
  }
}

}  // namespace

void cast_reference(const Call& call) {
  const View& x = call.in(0);
  const View& y = call.out(0);
  if (x.dtype == DType::kFloat64) {
    convert<double, double>(x, y);
  } else if (x.dtype == DType::kBFloat16) {
    y.dtype == DType::kBFloat16 ? convert<BFloat16, BFloat16>(x, y)
                                : convert<BFloat16, float>(x, y);
  } else {
    y.dtype == DType::kBFloat16 ? convert<float, BFloat16>(x, y) : convert<float, float>(x, y);
  }
}

}  // namespace nram::kernels
