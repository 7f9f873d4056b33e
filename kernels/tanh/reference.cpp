#include <cmath>

#include "kernels/tanh/tanh.h"

namespace nram::kernels {

void tanh_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* x = call.in(0).row<T>(r);
      T* y = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        y[c] = static_cast<T>(std::tanh(static_cast<double>(x[c])));
      }
    }
  });
}

void tanh_gradient_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* dy = call.in(0).row<T>(r);
      const T* y = call.in(1).row<T>(r);
      T* dx = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        const double value = y[c];
        dx[c] = static_cast<T>(dy[c] * (1 - value) * (1 + value));
      }
    }
  });
}

}  // namespace nram::kernels
