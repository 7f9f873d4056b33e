#include <cmath>

#include "kernels/normalized_attention/normalized_attention.h"

namespace nram::kernels {
namespace {

// Calls body(sample, channel, first row, end of rows).
template <class Body>
void for_each_statistic(const Shape& shape, Body&& body) {
  const int64_t rows = shape.rows() / shape[0];
  for (int64_t n = 0; n < shape[0]; ++n) {
    for (int64_t c = 0; c < shape.channels(); ++c) body(n, c, n * rows, (n + 1) * rows);
  }
}

template <class T>
void forward(const Call& call, double skip, double epsilon) {
  const View &a = call.in(0), &b = call.in(1), &logits = call.in(2);
  const auto mask = [&](int64_t r) {
    return 1 / (1 + std::exp(-static_cast<double>(*logits.row<T>(r))));
  };
  for (int64_t r = 0; r < a.rows(); ++r) *call.out(1).row<T>(r) = static_cast<T>(mask(r));
  for_each_statistic(a.shape, [&](int64_t n, int64_t c, int64_t begin, int64_t end) {
    double mean = 0, variance = 0;
    for (int64_t r = begin; r < end; ++r) mean += b.row<T>(r)[c];
    mean /= static_cast<double>(end - begin);
    for (int64_t r = begin; r < end; ++r) {
      const double difference = b.row<T>(r)[c] - mean;
      variance += difference * difference;
    }
    variance /= static_cast<double>(end - begin);
    const double inverse = 1 / std::sqrt(variance + epsilon);
    for (int64_t r = begin; r < end; ++r) {
      const double own = a.row<T>(r)[c];
      const double residual = (b.row<T>(r)[c] - mean) * inverse + skip * own;
      call.out(0).row<T>(r)[c] = static_cast<T>(own + mask(r) * residual);
    }
    call.out(2).row<T>(n)[c] = static_cast<T>(mean);
    call.out(3).row<T>(n)[c] = static_cast<T>(inverse);
  });
}

template <class T>
void backward(const Call& call, double skip) {
  const View &dout = call.in(0), &a = call.in(1), &b = call.in(2), &masks = call.in(3);
  const int64_t rows = a.rows() / a.shape[0];
  const auto normalized = [&](int64_t r, int64_t c) {
    const double mean = call.in(4).row<T>(r / rows)[c];
    return (b.row<T>(r)[c] - mean) * call.in(5).row<T>(r / rows)[c];
  };
  const auto gradient = [&](int64_t r, int64_t c) {
    return static_cast<double>(dout.row<T>(r)[c]) * *masks.row<T>(r);
  };
  for_each_statistic(a.shape, [&](int64_t n, int64_t c, int64_t begin, int64_t end) {
    double sum = 0, product = 0;
    for (int64_t r = begin; r < end; ++r) {
      sum += gradient(r, c);
      product += gradient(r, c) * normalized(r, c);
    }
    sum /= static_cast<double>(rows);
    product /= static_cast<double>(rows);
    const double inverse = call.in(5).row<T>(n)[c];
    for (int64_t r = begin; r < end; ++r) {
      call.out(1).row<T>(r)[c] =
          static_cast<T>(inverse * (gradient(r, c) - sum - normalized(r, c) * product));
    }
  });
  for (int64_t r = 0; r < a.rows(); ++r) {
    const double mask = *masks.row<T>(r);
    double dmask = 0;
    for (int64_t c = 0; c < a.channels(); ++c) {
      const double g = dout.row<T>(r)[c];
      dmask += g * (normalized(r, c) + skip * a.row<T>(r)[c]);
      call.out(0).row<T>(r)[c] = static_cast<T>(g * (1 + skip * mask));
    }
    *call.out(2).row<T>(r) = static_cast<T>(dmask * mask * (1 - mask));
  }
}

}  // namespace

void normalized_attention_reference(const Call& call) {
  const auto attributes = call.get<NormalizedAttentionAttributes>();
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    forward<T>(call, attributes.inner_skip, attributes.epsilon);
  });
}

void normalized_attention_gradient_reference(const Call& call) {
  const auto attributes = call.get<NormalizedAttentionAttributes>();
  with_reference_type(call.in(0).dtype,
                      [&]<class T>(T) { backward<T>(call, attributes.inner_skip); });
}

}  // namespace nram::kernels
