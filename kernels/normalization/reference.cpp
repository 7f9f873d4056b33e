#include <cmath>

#include "kernels/normalization/normalization.h"

namespace nram::kernels {
namespace {

// Calls body(group, channel, first row, end of rows) for every statistic.
template <class Body>
void for_each_statistic(const View& x, int64_t groups, Body&& body) {
  const int64_t rows = x.rows() / groups;
  for (int64_t group = 0; group < groups; ++group) {
    for (int64_t c = 0; c < x.channels(); ++c) body(group, c, group * rows, (group + 1) * rows);
  }
}

}  // namespace

void normalization_reference(const Call& call) {
  const auto attributes = call.get<NormalizationAttributes>();
  const View &x = call.in(0), &y = call.out(0), &means = call.out(1), &inverses = call.out(2);
  with_reference_type(x.dtype, [&]<class T>(T) {
    for_each_statistic(x, means.rows(), [&](int64_t g, int64_t c, int64_t begin, int64_t end) {
      double mean = 0, variance = 0;
      for (int64_t r = begin; r < end; ++r) mean += x.row<T>(r)[c];
      mean /= static_cast<double>(end - begin);
      for (int64_t r = begin; r < end; ++r) {
        const double difference = x.row<T>(r)[c] - mean;
        variance += difference * difference;
      }
      variance /= static_cast<double>(end - begin);
      const double inverse = 1 / std::sqrt(variance + static_cast<double>(attributes.epsilon));
      for (int64_t r = begin; r < end; ++r) {
        const double xhat = (x.row<T>(r)[c] - mean) * inverse;
        y.row<T>(r)[c] = static_cast<T>(xhat > 0 ? xhat : attributes.slope * xhat);
      }
      means.row<T>(g)[c] = static_cast<T>(mean);
      inverses.row<T>(g)[c] = static_cast<T>(inverse);
    });
  });
}

void normalization_gradient_reference(const Call& call) {
  const double slope = call.get<NormalizationAttributes>().slope;
  const View &dy = call.in(0), &x = call.in(1), &means = call.in(2), &inverses = call.in(3);
  const View& dx = call.out(0);
  with_reference_type(x.dtype, [&]<class T>(T) {
    for_each_statistic(x, means.rows(), [&](int64_t group, int64_t c, int64_t begin, int64_t end) {
      const double mean = means.row<T>(group)[c], inverse = inverses.row<T>(group)[c];
      const auto normalized = [&](int64_t r) { return (x.row<T>(r)[c] - mean) * inverse; };
      const auto gradient = [&](int64_t r) {
        return dy.row<T>(r)[c] * (normalized(r) > 0 ? 1.0 : slope);
      };
      double sum = 0, product = 0;
      for (int64_t r = begin; r < end; ++r) {
        sum += gradient(r);
        product += gradient(r) * normalized(r);
      }
      sum /= static_cast<double>(end - begin);
      product /= static_cast<double>(end - begin);
      for (int64_t r = begin; r < end; ++r) {
        dx.row<T>(r)[c] = static_cast<T>(inverse * (gradient(r) - sum - normalized(r) * product));
      }
    });
  });
}

}  // namespace nram::kernels
