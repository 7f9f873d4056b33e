#include <vector>

#include "kernels/ssim/ssim.h"

namespace nram::kernels {
namespace {

// The moments of the window whose top left pixel is (y, x), written as the definition says.
template <class T>
SsimMoments moments(const View& a, const View& b, int64_t n, int64_t y, int64_t x, int64_t c) {
  const auto& window = ssim_window();
  const Shape& shape = a.shape;
  SsimMoments m{};
  for (int i = 0; i < kSsimTaps; ++i) {
    for (int j = 0; j < kSsimTaps; ++j) {
      const int64_t row = (n * shape[1] + y + i) * shape[2] + x + j;
      const double w = window[static_cast<size_t>(i)] * window[static_cast<size_t>(j)];
      const double p = a.row<T>(row)[c];
      const double q = b.row<T>(row)[c];
      m.a += w * p;
      m.b += w * q;
      m.aa += w * p * p;
      m.bb += w * q * q;
      m.ab += w * p * q;
    }
  }
  return m;
}

int64_t positions(int64_t size) { return size - kSsimTaps + 1; }

}  // namespace

void ssim_reference(const Call& call) {
  const Shape& shape = call.in(0).shape;
  const int64_t rows = positions(shape[1]);
  const int64_t columns = positions(shape[2]);
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t n = 0; n < shape[0]; ++n) {
      const double range = call.in(2).as<T>()[n];
      double sum = 0;
      for (int64_t y = 0; y < rows; ++y) {
        for (int64_t x = 0; x < columns; ++x) {
          for (int64_t c = 0; c < shape[3]; ++c) {
            sum += ssim_value(moments<T>(call.in(0), call.in(1), n, y, x, c), range);
          }
        }
      }
      call.out(0).as<T>()[n] = static_cast<T>(sum / static_cast<double>(rows * columns * shape[3]));
    }
  });
}

void ssim_gradient_reference(const Call& call) {
  const View& a = call.in(1);
  const View& b = call.in(2);
  const Shape& shape = a.shape;
  const int64_t rows = positions(shape[1]);
  const int64_t columns = positions(shape[2]);
  const auto& window = ssim_window();
  with_reference_type(a.dtype, [&]<class T>(T) {
    std::vector<double> gradient(static_cast<size_t>(shape.count()), 0.0);
    for (int64_t n = 0; n < shape[0]; ++n) {
      const double scale = static_cast<double>(call.in(0).as<T>()[n]) /
                           static_cast<double>(rows * columns * shape[3]);
      const double range = call.in(3).as<T>()[n];
      for (int64_t y = 0; y < rows; ++y) {
        for (int64_t x = 0; x < columns; ++x) {
          for (int64_t c = 0; c < shape[3]; ++c) {
            const auto d = ssim_derivative(moments<T>(a, b, n, y, x, c), range);
            for (int i = 0; i < kSsimTaps; ++i) {
              for (int j = 0; j < kSsimTaps; ++j) {
                const int64_t row = (n * shape[1] + y + i) * shape[2] + x + j;
                const double w = window[static_cast<size_t>(i)] * window[static_cast<size_t>(j)];
                gradient[static_cast<size_t>(row * shape[3] + c)] +=
                    scale * w * (d[0] + 2 * a.row<T>(row)[c] * d[1] + b.row<T>(row)[c] * d[2]);
              }
            }
          }
        }
      }
    }
    for (int64_t row = 0; row < a.rows(); ++row) {
      for (int64_t c = 0; c < shape[3]; ++c) {
        call.out(0).row<T>(row)[c] =
            static_cast<T>(gradient[static_cast<size_t>(row * shape[3] + c)]);
      }
    }
  });
}

}  // namespace nram::kernels
