#include <cmath>

#include "kernels/adam/adam.h"

namespace nram::kernels {

void adam_reference(const Call& call) {
  const auto [beta1, beta2, epsilon] = call.get<AdamAttributes>();
  const int64_t count = call.in(0).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const T* step = call.in(4).as<T>();
    const bool update = call.input_count < 6 || std::isfinite(*call.in(5).as<T>());
    for (int64_t i = 0; i < count; ++i) {
      double p = call.in(0).as<T>()[i], m = call.in(2).as<T>()[i], v = call.in(3).as<T>()[i];
      if (update) {
        const double g = call.in(1).as<T>()[i];
        m = beta1 * m + (1 - beta1) * g;
        v = beta2 * v + (1 - beta2) * g * g;
        p -= step[0] / step[1] * m /
             (std::sqrt(v) / std::sqrt(static_cast<double>(step[2])) + epsilon);
      }
      call.out(0).as<T>()[i] = static_cast<T>(p);
      call.out(1).as<T>()[i] = static_cast<T>(m);
      call.out(2).as<T>()[i] = static_cast<T>(v);
    }
  });
}

}  // namespace nram::kernels
