#include <cmath>

#include "kernels/l1_loss/l1_loss.h"

namespace nram::kernels {

void l1_loss_reference(const Call& call) {
  const int64_t count = call.in(0).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const T* a = call.in(0).as<T>();
    const T* b = call.in(1).as<T>();
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      sum += std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    }
    *call.out(0).as<T>() = static_cast<T>(sum / static_cast<double>(count));
  });
}

void l1_loss_gradient_reference(const Call& call) {
  const int64_t count = call.in(1).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const double factor = *call.in(0).as<T>() / static_cast<double>(count);
    const T* a = call.in(1).as<T>();
    const T* b = call.in(2).as<T>();
    T* da = call.out(0).as<T>();
    for (int64_t i = 0; i < count; ++i) {
      da[i] = static_cast<T>(a[i] > b[i] ? factor : a[i] < b[i] ? -factor : 0.0);
    }
  });
}

}  // namespace nram::kernels
