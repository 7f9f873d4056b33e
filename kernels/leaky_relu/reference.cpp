#include "kernels/leaky_relu/leaky_relu.h"

namespace nram::kernels {

void leaky_relu_reference(const Call& call) {
  const double slope = call.get<LeakyReluAttributes>().slope;
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* x = call.in(0).row<T>(r);
      T* y = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        y[c] = x[c] > 0 ? x[c] : static_cast<T>(slope * x[c]);
      }
    }
  });
}

void leaky_relu_gradient_reference(const Call& call) {
  const double slope = call.get<LeakyReluAttributes>().slope;
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* dy = call.in(0).row<T>(r);
      const T* y = call.in(1).row<T>(r);
      T* dx = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        dx[c] = y[c] > 0 ? dy[c] : static_cast<T>(slope * dy[c]);
      }
    }
  });
}

}  // namespace nram::kernels
