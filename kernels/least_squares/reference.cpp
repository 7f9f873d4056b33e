#include "kernels/least_squares/least_squares.h"

namespace nram::kernels {

void least_squares_reference(const Call& call) {
  const double target = call.get<LeastSquaresAttributes>().target;
  const int64_t count = call.in(0).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      const double difference = call.in(0).as<T>()[i] - target;
      sum += difference * difference;
    }
    *call.out(0).as<T>() = static_cast<T>(sum / static_cast<double>(count));
  });
}

void least_squares_gradient_reference(const Call& call) {
  const double target = call.get<LeastSquaresAttributes>().target;
  const int64_t count = call.in(1).shape.count();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const double factor = 2 * *call.in(0).as<T>() / static_cast<double>(count);
    for (int64_t i = 0; i < count; ++i) {
      call.out(0).as<T>()[i] = static_cast<T>(factor * (call.in(1).as<T>()[i] - target));
    }
  });
}

}  // namespace nram::kernels
