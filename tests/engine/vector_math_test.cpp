// The vector functions against the standard library in double precision.
#include "kernels/common/vector_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nram {
namespace {

// Largest relative error of f over a dense grid of [low, high].
template <class F, class G>
double largest_error(F f, G exact, double low, double high) {
  constexpr int kPoints = 2'000'003;
  double worst = 0;
  for (int i = 0; i < kPoints; ++i) {
    const float x = static_cast<float>(low + (high - low) * i / (kPoints - 1));
    const double expected = exact(static_cast<double>(x));
    if (std::abs(expected) < std::numeric_limits<float>::min()) continue;
    const double error = std::abs(f(x) - expected) / std::abs(expected);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

double exact_sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(VectorMath, ExponentialIsAccurate) {
  const auto exact = [](double x) { return std::exp(x); };
  EXPECT_LT(largest_error([](float x) { return vector_exp(x); }, exact, -87.3, 88.3), 1e-6);
  EXPECT_LT(largest_error([](float x) { return vector_exp(x); }, exact, -1, 1), 2e-7);
}

TEST(VectorMath, SigmoidIsAccurate) {
  EXPECT_LT(largest_error([](float x) { return vector_sigmoid(x); }, exact_sigmoid, -87, 100),
            1e-6);
}

TEST(VectorMath, TanhIsAccurate) {
  const auto exact = [](double x) { return std::tanh(x); };
  EXPECT_LT(largest_error([](float x) { return vector_tanh(x); }, exact, -20, 20), 1e-6);
  EXPECT_LT(largest_error([](float x) { return vector_tanh(x); }, exact, -1e-3, 1e-3), 1e-6);
}

TEST(VectorMath, ExtremesStayInRange) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(std::isfinite(vector_exp(kInfinity)));
  EXPECT_GT(vector_exp(-kInfinity), 0);
  EXPECT_LT(vector_exp(-kInfinity), 1e-37f);
  EXPECT_EQ(vector_sigmoid(kInfinity), 1);
  EXPECT_LT(vector_sigmoid(-kInfinity), 1e-37f);
  EXPECT_EQ(vector_tanh(kInfinity), 1);
  EXPECT_EQ(vector_tanh(-kInfinity), -1);
  EXPECT_EQ(vector_tanh(0), 0);
}

TEST(VectorMath, NotANumberStaysOne) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(vector_exp(kNaN)));
  EXPECT_TRUE(std::isnan(vector_sigmoid(kNaN)));
  EXPECT_TRUE(std::isnan(vector_tanh(kNaN)));
}

}  // namespace
}  // namespace nram
