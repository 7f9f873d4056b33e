#include "kernels/add/add.h"

namespace nram::kernels {

void add_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      T* y = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        double sum = 0;
        for (int i = 0; i < call.input_count; ++i) sum += call.in(i).row<T>(r)[c];
        y[c] = static_cast<T>(sum);
      }
    }
  });
}

}  // namespace nram::kernels
