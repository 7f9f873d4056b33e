// Every row of the op table over all of its samples. An op is tested by being in the table: there
// is no test code to add.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <set>

#include "tests/engine/op_checks.h"

namespace nram::harness {
namespace {

// Prints as the op's name, also in the list that ctest reads.
struct Row {
  const Op* op;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.op->name; }

std::vector<Row> rows() {
  std::vector<Row> rows;
  for (const Op* op : op_table()) rows.push_back({op});
  return rows;
}

class OpTable : public ::testing::TestWithParam<Row> {
 protected:
  // Names the sample of each failure and the samples that keep others waiting.
  void over_samples(Failures (*check)(const Op&, const Sample&)) {
    const Op& op = *GetParam().op;
    for (const Sample& sample : op.samples()) {
      const auto start = std::chrono::steady_clock::now();
      Failures failures;
      try {
        failures = check(op, sample);
      } catch (const std::exception& error) {
        failures.push_back(text("threw: ", error.what()));
      }
      for (const std::string& failure : failures) {
        ADD_FAILURE() << op.name << ", sample \"" << sample.name << "\": " << failure;
      }
      const double seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (seconds > 1) {
        std::cout << "slow: " << op.name << ", sample \"" << sample.name << "\": " << seconds
                  << " s\n";
      }
    }
  }
};

TEST_P(OpTable, Row) {
  for (const std::string& failure : check_row(*GetParam().op)) ADD_FAILURE() << failure;
}
TEST_P(OpTable, Forward) { over_samples(check_forward); }
TEST_P(OpTable, Pitched) { over_samples(check_pitched); }
TEST_P(OpTable, InPlace) { over_samples(check_in_place); }
TEST_P(OpTable, Determinism) { over_samples(check_determinism); }
TEST_P(OpTable, Cost) { over_samples(check_cost); }
TEST_P(OpTable, Gradient) { over_samples(check_gradient); }

// On the simulated device, or with NRAM_TEST_DEVICE=cuda on the machine's.
class OpTableCuda : public OpTable {
 protected:
  void SetUp() override {
    if (!kHasCuda) GTEST_SKIP() << "built without CUDA";
  }
};
TEST_P(OpTableCuda, Forward) { over_samples(check_cuda); }
TEST_P(OpTableCuda, Placements) { over_samples(check_cuda_placements); }
TEST_P(OpTableCuda, Architectures) { over_samples(check_cuda_architectures); }

INSTANTIATE_TEST_SUITE_P(, OpTableCuda, ::testing::ValuesIn(rows()),
                         [](const auto& info) { return std::string(info.param.op->name); });
INSTANTIATE_TEST_SUITE_P(, OpTable, ::testing::ValuesIn(rows()),
                         [](const auto& info) { return std::string(info.param.op->name); });

TEST(OpTableNames, AreUniqueAndFound) {
  std::set<std::string> names;
  for (const Op* op : op_table()) {
    EXPECT_TRUE(names.insert(op->name).second) << op->name << " names two rows";
    EXPECT_EQ(find_op(op->name), op);
  }
  EXPECT_EQ(find_op("no such op"), nullptr);
  EXPECT_FALSE(names.empty());
}

// A row without shape inference, cost or samples does not build.
template <class AnyOp>
constexpr bool kBuildsWithoutSamples = requires(decltype(AnyOp::infer) infer,
                                                decltype(AnyOp::cost) cost) {
  AnyOp{.name = "x", .infer = infer, .cost = cost};
};
template <class AnyOp>
constexpr bool kBuildsComplete = requires(decltype(AnyOp::infer) infer, decltype(AnyOp::cost) cost,
                                          decltype(AnyOp::samples) samples) {
  AnyOp{.name = "x", .infer = infer, .cost = cost, .samples = samples};
};
static_assert(kBuildsComplete<Op> && !kBuildsWithoutSamples<Op>);

}  // namespace
}  // namespace nram::harness
