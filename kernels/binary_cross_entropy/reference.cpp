#include <algorithm>
#include <cmath>

#include "kernels/binary_cross_entropy/binary_cross_entropy.h"

namespace nram::kernels {

void binary_cross_entropy_reference(const Call& call) {
  const double target = call.get<BinaryCrossEntropyAttributes>().target;
  const int64_t count = call.in(0).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const double x = call.in(0).as<T>()[i];
      sum += std::max(x, 0.0) - target * x + std::log1p(std::exp(-std::abs(x)));
    }
    *call.out(0).as<T>() = static_cast<T>(sum / static_cast<double>(count));
  });
}

void binary_cross_entropy_gradient_reference(const Call& call) {
  const double target = call.get<BinaryCrossEntropyAttributes>().target;
  const int64_t count = call.in(1).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const double factor = *call.in(0).as<T>() / static_cast<double>(count);
    for (int64_t i = 0; i < count; ++i) {
      const double sigmoid = 1 / (1 + std::exp(-static_cast<double>(call.in(1).as<T>()[i])));
      call.out(0).as<T>()[i] = static_cast<T>(factor * (sigmoid - target));
    }
  });
}

}  // namespace nram::kernels
