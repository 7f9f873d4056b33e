// Kernels that nvcc compiled, for every architecture family, against the host's own computations.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/simulator/harness.h"

#ifdef NRAM_SIMULATOR_PTX

namespace nram::simulator::test {
namespace {

class Compiled : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    gpu.load(file_text(std::string(NRAM_SIMULATOR_PTX) + "/plain." + std::to_string(GetParam()) +
                       ".ptx"));
  }
  Gpu gpu;
};

std::vector<float> ramp(int count, float step, float start = 0) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = start + step * static_cast<float>(i);
  return values;
}

TEST_P(Compiled, AddsScaledVectors) {
  const int count = 1003;
  const auto x = ramp(count, 0.25f), y = ramp(count, -0.5f, 3);
  const uint64_t x_at = gpu.array(x), y_at = gpu.array(y);
  const LaunchReport report = gpu.launch("saxpy", {8}, {128}, x_at, y_at, 3.0f, count);
  EXPECT_EQ(texts(report), "");
  const auto result = gpu.values<float>(y_at, y.size());
  for (size_t i = 0; i < y.size(); ++i) ASSERT_EQ(result[i], std::fma(3.0f, x[i], y[i])) << i;
  EXPECT_EQ(report.total.flops, 2u * count);
  EXPECT_EQ(report.total.global_load_bytes, 8u * count);
  EXPECT_EQ(report.total.global_store_bytes, 4u * count);
  EXPECT_EQ(report.distinct_store_bytes, (4u * count + 31) / 32 * 32);
}

TEST_P(Compiled, Transposes) {
  const int rows = 37, columns = 51;
  const auto input = ramp(rows * columns, 1);
  const uint64_t from = gpu.array(input), to = gpu.memory.allocate(input.size() * 4, "output");
  const LaunchReport report = gpu.launch("transpose", {4, 3}, {16, 16}, from, to, rows, columns);
  EXPECT_EQ(texts(report), "");
  const auto output = gpu.values<float>(to, input.size());
  for (size_t row = 0; row < rows; ++row) {
    for (size_t column = 0; column < columns; ++column) {
      ASSERT_EQ(output[column * rows + row], input[row * columns + column]);
    }
  }
}

TEST_P(Compiled, SumsBlocks) {
  std::vector<int> values(5000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i * i % 101) - 50;
  const uint64_t from = gpu.array(values), to = gpu.memory.allocate(4 * 7, "sums");
  const LaunchReport report = gpu.launch("block_sums", {7}, {256}, from, to, 5000);
  EXPECT_EQ(texts(report), "");
  const auto sums = gpu.values<int>(to, 7);
  EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), 0),
            std::accumulate(values.begin(), values.end(), 0));
}

TEST_P(Compiled, LetsLanesPartWays) {
  std::vector<uint32_t> values(300);
  std::iota(values.begin(), values.end(), 1u);
  const uint64_t from = gpu.array(values), to = gpu.memory.allocate(4 * 300, "steps");
  const LaunchReport report = gpu.launch("collatz", {3}, {128}, from, to, 300);
  EXPECT_EQ(texts(report), "");
  EXPECT_GT(report.total.divergent_branches, 100u);
  const auto steps = gpu.values<uint32_t>(to, 300);
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t expected = 0;
    for (uint64_t n = values[i]; n != 1; ++expected) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    ASSERT_EQ(steps[i], expected) << values[i];
  }
}

TEST_P(Compiled, ComputesFunctions) {
  const int count = 4000;
  const auto x = ramp(count, 0.01f, -20);
  const uint64_t from = gpu.array(x), to = gpu.memory.allocate(4 * x.size(), "y");
  const LaunchReport report = gpu.launch("functions", {16}, {256}, from, to, count);
  EXPECT_EQ(texts(report), "");
  const auto y = gpu.values<float>(to, x.size());
  const auto expected = [](double v, size_t kind) {
    switch (kind) {
      case 0:
        return std::sin(v);
      case 1:
        return std::exp(v);
      case 2:
        return std::log(static_cast<double>(std::fabs(static_cast<float>(v)) + 1));
      case 3:
        return std::pow(std::fabs(v), static_cast<double>(1.3f));
      case 4:
        return std::tanh(v);
      case 5:
        return v / 3;
      case 6:
        return std::sqrt(std::fabs(v));
      case 7:
        return std::cos(v);
      default:
        return std::erf(v);
    }
  };
  for (size_t i = 0; i < x.size(); ++i) {
    const double right = expected(static_cast<double>(x[i]), i % 9);
    ASSERT_NEAR(static_cast<double>(y[i]), right, 1e-6 + 1e-6 * std::fabs(right))
        << i % 9 << " of " << x[i];
  }
}

TEST_P(Compiled, KeepsArraysInLocalMemory) {
  std::vector<int> values(8 * 77);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i * 7919 % 1000);
  const uint64_t at = gpu.array(values);
  const LaunchReport report = gpu.launch("sort_eights", {2}, {64}, at, 77);
  EXPECT_EQ(texts(report), "");
  for (auto group = values.begin(); group != values.end(); group += 8) std::sort(group, group + 8);
  EXPECT_EQ(gpu.values<int>(at, values.size()), values);
}

TEST_P(Compiled, ScalesBfloat16) {
  std::vector<uint16_t> values(4 * 100);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint16_t>(0x3F80 + i);
  const uint64_t from = gpu.array(values), to = gpu.memory.allocate(2 * values.size(), "scaled");
  const LaunchReport report = gpu.launch("scale_bfloat16", {1}, {128}, from, to, 2.0f, 100);
  EXPECT_EQ(texts(report), "");
  for (uint16_t& value : values) value = static_cast<uint16_t>(value + 0x80);
  EXPECT_EQ(gpu.values<uint16_t>(to, values.size()), values);
}

TEST_P(Compiled, LetsTheLastBlockReadAllOthers) {
  const auto x = ramp(100, 1);
  const uint64_t from = gpu.array(x), partial = gpu.memory.allocate(400, "partial");
  const uint64_t total = gpu.memory.allocate(4, "total");
  const LaunchReport report = gpu.launch("last_block", {100}, {1}, from, partial, total);
  EXPECT_EQ(texts(report), "");
  float expected = 0;
  const float weights[] = {0.5f, 0.25f, 0.125f, 2};
  for (size_t i = 0; i < x.size(); ++i) expected += x[i] * weights[i % 4];
  EXPECT_EQ(gpu.values<float>(total, 1)[0], expected);
}

INSTANTIATE_TEST_SUITE_P(Every, Compiled, testing::Values(75, 80, 90, 100),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace nram::simulator::test

#endif
