#include "kernels/squared_error/squared_error.h"

namespace nram::kernels {

void squared_error_reference(const Call& call) {
  const double scale = call.get<SquaredErrorAttributes>().scale;
  const int64_t count = call.in(0).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const T* a = call.in(0).as<T>();
    const T* b = call.in(1).as<T>();
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
      sum += difference * difference;
    }
    *call.out(0).as<T>() = static_cast<T>(scale * sum);
  });
}

void squared_error_gradient_reference(const Call& call) {
  const double scale = call.get<SquaredErrorAttributes>().scale;
  const int64_t count = call.in(1).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const double factor = 2 * scale * *call.in(0).as<T>();
    const T* a = call.in(1).as<T>();
    const T* b = call.in(2).as<T>();
    T* da = call.out(0).as<T>();
    for (int64_t i = 0; i < count; ++i) {
      da[i] = static_cast<T>(factor * (static_cast<double>(a[i]) - static_cast<double>(b[i])));
    }
  });
}

}  // namespace nram::kernels
