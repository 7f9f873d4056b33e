#include "kernels/scale/scale.h"

namespace nram::kernels {

void scale_reference(const Call& call) {
  const double factor = call.get<ScaleAttributes>().factor;
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* x = call.in(0).row<T>(r);
      T* y = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) y[c] = static_cast<T>(factor * x[c]);
    }
  });
}

}  // namespace nram::kernels
