#include "kernels/channel_sum/channel_sum.h"

namespace nram::kernels {

void channel_sum_reference(const Call& call) {
  const View &x = call.in(0), &y = call.out(0);
  with_reference_type(x.dtype, [&]<class T>(T) {
    for (int64_t c = 0; c < x.channels(); ++c) {
      double sum = 0;
      for (int64_t r = 0; r < x.rows(); ++r) sum += static_cast<double>(x.row<T>(r)[c]);
      y.as<T>()[c] = static_cast<T>(sum);
    }
  });
}

}  // namespace nram::kernels
