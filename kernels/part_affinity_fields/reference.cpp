#include <cmath>

#include "kernels/part_affinity_fields/part_affinity_fields.h"

namespace nram::kernels {

void part_affinity_fields_reference(const Call& call) {
  const auto attributes = call.get<PartAffinityFieldsAttributes>();
  const Shape& shape = call.out(0).shape;
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t row = 0; row < call.out(0).rows(); ++row) {
      const auto x = static_cast<double>(row % shape[2]);
      const auto y = static_cast<double>(row / shape[2] % shape[1]);
      const int64_t n = row / shape[2] / shape[1];
      const T* points = call.in(0).as<T>() + n * call.in(0).shape[1] * 2;
      T* fields = call.out(0).row<T>(row);
      for (int l = 0; l < attributes.limbs; ++l) {
        const LimbSegment limb(points, attributes.joints[l]);
        const bool inside = limb.present && limb.covers(y, x, attributes.limb_width);
        const double length = std::hypot(limb.dy, limb.dx);
        fields[2 * l] = static_cast<T>(inside ? limb.dx / length : 0.0);
        fields[2 * l + 1] = static_cast<T>(inside ? limb.dy / length : 0.0);
      }
    }
  });
}

}  // namespace nram::kernels
