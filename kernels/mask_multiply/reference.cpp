#include "kernels/mask_multiply/mask_multiply.h"

namespace nram::kernels {

void mask_multiply_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* x = call.in(0).row<T>(r);
      const T m = *call.in(1).row<T>(r);
      T* y = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) y[c] = m * x[c];
    }
  });
}

void mask_multiply_gradient_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* dy = call.in(0).row<T>(r);
      const T* x = call.in(1).row<T>(r);
      const T m = *call.in(2).row<T>(r);
      T* dx = call.out(0).row<T>(r);
      double dm = 0;
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        dm += static_cast<double>(dy[c]) * x[c];
        dx[c] = m * dy[c];
      }
      *call.out(1).row<T>(r) = static_cast<T>(dm);
    }
  });
}

}  // namespace nram::kernels
