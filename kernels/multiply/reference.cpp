#include "kernels/multiply/multiply.h"

namespace nram::kernels {

void multiply_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* a = call.in(0).row<T>(r);
      const T* b = call.in(1).row<T>(r);
      T* y = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) y[c] = a[c] * b[c];
    }
  });
}

}  // namespace nram::kernels
