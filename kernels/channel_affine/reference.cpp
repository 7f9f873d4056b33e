#include "kernels/channel_affine/channel_affine.h"

namespace nram::kernels {

void channel_affine_reference(const Call& call) {
  const auto attributes = call.get<ChannelAffineAttributes>();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      const T* x = call.in(0).row<T>(r);
      T* y = call.out(0).row<T>(r);
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        const double scale = attributes.scale[c], offset = attributes.offset[c];
        y[c] = static_cast<T>(x[c] * scale + offset);
      }
    }
  });
}

}  // namespace nram::kernels
