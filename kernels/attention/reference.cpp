#include <cmath>

#include "kernels/attention/attention.h"

namespace nram::kernels {

void attention_reference(const Call& call) {
  const double skip = call.get<AttentionAttributes>().inner_skip;
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T *a = call.in(0).row<T>(r), *b = call.in(1).row<T>(r);
      T* out = call.out(0).row<T>(r);
      const double logit = *call.in(2).row<T>(r);
      const double mask = 1 / (1 + std::exp(-logit));
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        out[c] = static_cast<T>(a[c] + mask * (b[c] + skip * a[c]));
      }
      *call.out(1).row<T>(r) = static_cast<T>(mask);
    }
  });
}

void attention_gradient_reference(const Call& call) {
  const double skip = call.get<AttentionAttributes>().inner_skip;
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* dout = call.in(0).row<T>(r);
      const T *a = call.in(1).row<T>(r), *b = call.in(2).row<T>(r);
      T *da = call.out(0).row<T>(r), *db = call.out(1).row<T>(r);
      const double mask = *call.in(3).row<T>(r);
      double dmask = 0;
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        const double g = dout[c];
        dmask += g * (b[c] + skip * a[c]);
        da[c] = static_cast<T>(g * (1 + skip * mask));
        db[c] = static_cast<T>(g * mask);
      }
      *call.out(2).row<T>(r) = static_cast<T>(dmask * mask * (1 - mask));
    }
  });
}

}  // namespace nram::kernels
