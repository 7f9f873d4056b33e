#include <algorithm>

#include "kernels/max_pool/max_pool.h"

namespace nram::kernels {
namespace {

// Calls body(output row, the four input rows of its window in row-major order).
template <class Body>
void for_each_window(const Shape& x, const Shape& y, Body&& body) {
  for (int64_t n = 0; n < y[0]; ++n) {
    for (int64_t h = 0; h < y[1]; ++h) {
      for (int64_t w = 0; w < y[2]; ++w) {
        const int64_t first = (n * x[1] + 2 * h) * x[2] + 2 * w;
        const int64_t window[4] = {first, first + 1, first + x[2], first + x[2] + 1};
        body((n * y[1] + h) * y[2] + w, window);
      }
    }
  }
}

}  // namespace

void max_pool_reference(const Call& call) {
  const View &x = call.in(0), &y = call.out(0);
  with_reference_type(x.dtype, [&]<class T>(T) {
    for_each_window(x.shape, y.shape, [&](int64_t r, const int64_t* window) {
      for (int64_t c = 0; c < x.channels(); ++c) {
        T best = x.row<T>(window[0])[c];
        for (int i = 1; i < 4; ++i) best = std::max(best, x.row<T>(window[i])[c]);
        y.row<T>(r)[c] = best;
      }
    });
  });
}

void max_pool_gradient_reference(const Call& call) {
  const View &dy = call.in(0), &x = call.in(1), &dx = call.out(0);
  with_reference_type(x.dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < dx.rows(); ++r) std::fill_n(dx.row<T>(r), dx.channels(), T{0});
    for_each_window(x.shape, dy.shape, [&](int64_t r, const int64_t* window) {
      for (int64_t c = 0; c < x.channels(); ++c) {
        int best = 0;
        for (int i = 1; i < 4; ++i) {
          if (x.row<T>(window[i])[c] > x.row<T>(window[best])[c]) best = i;
        }
        dx.row<T>(window[best])[c] = dy.row<T>(r)[c];
      }
    });
  });
}

}  // namespace nram::kernels
