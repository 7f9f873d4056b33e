#include "kernels/gram/gram.h"

namespace nram::kernels {

void gram_reference(const Call& call) {
  const View& f = call.in(0);
  const int64_t batch = f.shape[0], channels = f.channels(), pixels = f.rows() / batch;
  const double scale = 1.0 / static_cast<double>(channels * pixels);
  with_reference_type(f.dtype, [&]<class T>(T) {
    T* g = call.out(0).as<T>();
    for (int64_t n = 0; n < batch; ++n) {
      for (int64_t i = 0; i < channels; ++i) {
        for (int64_t j = 0; j < channels; ++j) {
          double sum = 0;
          for (int64_t p = 0; p < pixels; ++p) {
            const T* row = f.row<T>(n * pixels + p);
            sum += double{row[i]} * double{row[j]};
          }
          *g++ = static_cast<T>(sum * scale);
        }
      }
    }
  });
}

void gram_gradient_reference(const Call& call) {
  const View& f = call.in(1);
  const int64_t batch = f.shape[0], channels = f.channels(), pixels = f.rows() / batch;
  const double scale = 1.0 / static_cast<double>(channels * pixels);
  with_reference_type(f.dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < f.rows(); ++r) {
      const T* dg = call.in(0).as<T>() + r / pixels * channels * channels;
      for (int64_t i = 0; i < channels; ++i) {
        double sum = 0;
        for (int64_t j = 0; j < channels; ++j) {
          sum += double{f.row<T>(r)[j]} * (double{dg[i * channels + j]} + dg[j * channels + i]);
        }
        call.out(0).row<T>(r)[i] = static_cast<T>(sum * scale);
      }
    }
  });
}

}  // namespace nram::kernels
