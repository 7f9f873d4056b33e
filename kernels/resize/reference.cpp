#include <vector>

#include "kernels/resize/resize.h"

namespace nram::kernels {
namespace {

// Calls body(output offset, input offset, weight) for each of the four taps of every output
// element.
template <class Body>
void for_each_tap(const Shape& in, const Shape& out, Body&& body) {
  for (int64_t i = 0; i < out.count(); ++i) {
    const int64_t c = i % out[3];
    const ResizeTap x = resize_tap(i / out[3] % out[2], in[2], out[2]);
    const ResizeTap y = resize_tap(i / out[3] / out[2] % out[1], in[1], out[1]);
    const int64_t n = i / out[3] / out[2] / out[1];
    const auto at = [&](int64_t row, int64_t column) {
      return ((n * in[1] + row) * in[2] + column) * in[3] + c;
    };
    body(i, at(y.low, x.low), (1 - y.weight) * (1 - x.weight));
    body(i, at(y.low, x.high), (1 - y.weight) * x.weight);
    body(i, at(y.high, x.low), y.weight * (1 - x.weight));
    body(i, at(y.high, x.high), y.weight * x.weight);
  }
}

template <class T>
void store(const std::vector<double>& values, T* out) {
  for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<T>(values[i]);
}

}  // namespace

void resize_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const T* x = call.in(0).as<T>();
    std::vector<double> y(static_cast<size_t>(call.out(0).shape.count()));
    for_each_tap(call.in(0).shape, call.out(0).shape, [&](int64_t out, int64_t in, double weight) {
      y[static_cast<size_t>(out)] += weight * x[in];
    });
    store(y, call.out(0).as<T>());
  });
}

void resize_gradient_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    const T* dy = call.in(0).as<T>();
    std::vector<double> dx(static_cast<size_t>(call.out(0).shape.count()));
    for_each_tap(call.out(0).shape, call.in(0).shape, [&](int64_t out, int64_t in, double weight) {
      dx[static_cast<size_t>(in)] += weight * dy[out];
    });
    store(dx, call.out(0).as<T>());
  });
}

}  // namespace nram::kernels
