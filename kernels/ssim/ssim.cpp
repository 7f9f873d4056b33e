#include "kernels/ssim/ssim.h"

#include <cmath>

namespace nram::kernels {
namespace {

constexpr double kSigma = 1.5;
constexpr double kK1 = 0.01;
constexpr double kK2 = 0.03;

// The four factors of S = numerator1 * numerator2 / (denominator1 * denominator2).
struct Factors {
  double numerator1, numerator2, denominator1, denominator2;
};

Factors factors(const SsimMoments& m, double range) {
  const double c1 = kK1 * range * kK1 * range;
  const double c2 = kK2 * range * kK2 * range;
  return {2 * m.a * m.b + c1, 2 * (m.ab - m.a * m.b) + c2, m.a * m.a + m.b * m.b + c1,
          m.aa - m.a * m.a + m.bb - m.b * m.b + c2};
}

}  // namespace

const std::array<double, kSsimTaps>& ssim_window() {
  static const std::array<double, kSsimTaps> window = [] {
    std::array<double, kSsimTaps> taps{};
    double sum = 0;
    for (int i = 0; i < kSsimTaps; ++i) {
      const double x = i - kSsimTaps / 2;
      taps[static_cast<size_t>(i)] = std::exp(-x * x / (2 * kSigma * kSigma));
      sum += taps[static_cast<size_t>(i)];
    }
    for (double& tap : taps) tap /= sum;
    return taps;
  }();
  return window;
}

double ssim_value(const SsimMoments& m, double range) {
  const Factors f = factors(m, range);
  return f.numerator1 * f.numerator2 / (f.denominator1 * f.denominator2);
}

std::array<double, 3> ssim_derivative(const SsimMoments& m, double range) {
  const Factors f = factors(m, range);
  const double denominator = f.denominator1 * f.denominator2;
  const double s = f.numerator1 * f.numerator2 / denominator;
  const double by_mean = 2 * m.b * f.numerator2 / denominator - 2 * m.a * s / f.denominator1;
  const double by_variance = -s / f.denominator2;
  const double by_covariance = 2 * f.numerator1 / denominator;
  return {by_mean - 2 * m.a * by_variance - m.b * by_covariance, by_variance, by_covariance};
}

}  // namespace nram::kernels
