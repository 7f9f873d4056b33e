#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"
#include "kernels/max_pool/max_pool.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void forward(const float* const* window, float* NRAM_RESTRICT y, int64_t channels) {
  const float *x0 = window[0], *x1 = window[1], *x2 = window[2], *x3 = window[3];
  for (int64_t c = 0; c < channels; ++c) {
    const float top = x1[c] > x0[c] ? x1[c] : x0[c];
    const float bottom = x3[c] > x2[c] ? x3[c] : x2[c];
    y[c] = bottom > top ? bottom : top;
  }
}

NRAM_MULTIVERSION
void backward(const float* NRAM_RESTRICT dy, const float* const* window, float* const* dwindow,
              int64_t channels) {
  const float *x0 = window[0], *x1 = window[1], *x2 = window[2], *x3 = window[3];
  float *d0 = dwindow[0], *d1 = dwindow[1], *d2 = dwindow[2], *d3 = dwindow[3];
#pragma omp simd
  for (int64_t c = 0; c < channels; ++c) {
    const float g = dy[c];
    const float top = x1[c] > x0[c] ? x1[c] : x0[c];
    const float bottom = x3[c] > x2[c] ? x3[c] : x2[c];
    const float in_top = bottom > top ? 0.0f : g;
    const float in_bottom = bottom > top ? g : 0.0f;
    d0[c] = x1[c] > x0[c] ? 0.0f : in_top;
    d1[c] = x1[c] > x0[c] ? in_top : 0.0f;
    d2[c] = x3[c] > x2[c] ? 0.0f : in_bottom;
    d3[c] = x3[c] > x2[c] ? in_bottom : 0.0f;
  }
}

void clear(const View& view, int64_t first_row, int64_t rows) {
  for (int64_t r = first_row; r < first_row + rows; ++r)
    std::fill_n(view.row<float>(r), view.channels(), 0.0f);
}

}  // namespace

void max_pool_cpu(const Call& call) {
  const View &x = call.in(0), &y = call.out(0);
  const int64_t width = x.shape[2], out_width = y.shape[2];
  parallel_ranges(y.shape[0] * y.shape[1], x.shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t n = line / y.shape[1], h = line % y.shape[1];
      const int64_t first = (n * x.shape[1] + 2 * h) * width;
      for (int64_t w = 0; w < out_width; ++w) {
        const int64_t r = first + 2 * w;
        const float* window[4] = {x.row<float>(r), x.row<float>(r + 1), x.row<float>(r + width),
                                  x.row<float>(r + width + 1)};
        forward(window, y.row<float>(line * out_width + w), x.channels());
      }
    }
  });
}

void max_pool_gradient_cpu(const Call& call) {
  const View &dy = call.in(0), &x = call.in(1), &dx = call.out(0);
  const int64_t height = x.shape[1], width = x.shape[2];
  const int64_t out_height = dy.shape[1], out_width = dy.shape[2];
  const int64_t pairs = (height + 1) / 2;  // lines of x come in pairs, the last may be alone
  parallel_ranges(x.shape[0] * pairs, x.shape.count(), [&](int64_t begin, int64_t end) {
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t n = pair / pairs, h = pair % pairs;
      const int64_t first = (n * height + 2 * h) * width;
      if (h == out_height) {
        clear(dx, first, width);
        continue;
      }
      for (int64_t w = 0; w < out_width; ++w) {
        const int64_t rows[4] = {first + 2 * w, first + 2 * w + 1, first + width + 2 * w,
                                 first + width + 2 * w + 1};
        const float* window[4];
        float* dwindow[4];
        for (int i = 0; i < 4; ++i) {
          window[i] = x.row<float>(rows[i]);
          dwindow[i] = dx.row<float>(rows[i]);
        }
        backward(dy.row<float>((n * out_height + h) * out_width + w), window, dwindow,
                 x.channels());
      }
      if (width % 2 == 1) {
        clear(dx, first + width - 1, 1);
        clear(dx, first + 2 * width - 1, 1);
      }
    }
  });
}

}  // namespace nram::kernels
