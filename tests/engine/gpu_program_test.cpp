// Programs on the GPU, by default the simulated one, which also checks the host's part: that copies
// and kernels are ordered, that no memory is used too early or too late, that nothing is leaked.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/op.h"
#include "engine/ops/add.h"
#include "engine/ops/concatenate.h"
#include "engine/ops/leaky_relu.h"
#include "engine/ops/losses.h"
#include "engine/ops/tanh.h"
#include "engine/program.h"
#include "kernels/common/philox.h"
#include "tests/engine/gpu.h"

namespace nram {
namespace {

std::vector<float> random_values(int64_t count, uint64_t stream) {
  Random random(11, stream);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

// Forward and backward through two inputs, a slice of memory and a loss.
struct Net {
  Graph graph;
  Variable x = graph.input("x", {2, 6, 5, 8});
  Variable y = graph.input("y", {2, 6, 5, 8});
  Variable loss;
  std::vector<Variable> fetches;

  Net() {
    const Variable a = tanh(add({leaky_relu(x, 0.2f), y}));
    const Variable all = concatenate({a, x, leaky_relu(a, 0.1f)});
    loss = l1_loss(tanh(all), graph.constant(all.shape(), 0.25));
    fetches = graph.gradients(loss, {x, y});
    fetches.push_back(loss);
  }
  // With the inputs of a step.
  std::vector<std::vector<float>> run(Program& program, uint64_t step) const {
    program.set(x, std::span<const float>(random_values(x.shape().count(), 2 * step)));
    program.set(y, std::span<const float>(random_values(y.shape().count(), 2 * step + 1)));
    program.run();
    std::vector<std::vector<float>> results;
    for (const Variable& fetch : fetches) results.push_back(program.fetch(fetch));
    return results;
  }
};

class GpuProgram : public testing::Test {
 protected:
  void SetUp() override {
    if (!kHasCuda) GTEST_SKIP() << "built without CUDA";
    harness::take_findings();
  }
  void TearDown() override {
    if (!kHasCuda) return;
    for (const std::string& finding : harness::take_findings()) ADD_FAILURE() << finding;
  }
};

TEST_F(GpuProgram, AgreesWithTheReferenceStepAfterStep) {
  const Net net;
  Program gpu(net.graph, net.fetches, harness::gpu());
  Program reference(net.graph, net.fetches, device(Target::kReference));
  for (uint64_t step = 0; step < 4; ++step) {  // one by one, recorded, and replayed twice
    const auto a = net.run(gpu, step), b = net.run(reference, step);
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].size(), b[i].size());
      for (size_t e = 0; e < a[i].size(); ++e) {
        ASSERT_NEAR(a[i][e], b[i][e], 1e-5 * (1 + std::abs(b[i][e]))) << "step " << step;
      }
    }
  }
}

TEST_F(GpuProgram, GivesTheSameBitsRecordedOrNotInAnyOrder) {
  const Net net;
  CompileOptions one_by_one;
  one_by_one.record = false;
  Program eager(net.graph, net.fetches, harness::gpu(), one_by_one);
  Program recorded(net.graph, net.fetches, harness::gpu());
  for (int seed = 0; seed < 3; ++seed) {
    harness::GpuMode mode;
    mode.schedule(seed);
    for (uint64_t step = 0; step < 3; ++step) {
      EXPECT_EQ(net.run(eager, step), net.run(recorded, step)) << "schedule " << seed;
    }
  }
}

// Inputs of the next step travel while the step before may still run.
TEST_F(GpuProgram, TakesTheNextInputsBeforeTheStepIsDone) {
  const Net net;
  Program program(net.graph, net.fetches, harness::gpu());
  std::vector<float> expected;
  for (uint64_t step = 0; step < 3; ++step) expected = net.run(program, step).back();
  for (int times = 0; times < 2; ++times) {
    for (uint64_t step = 0; step < 3; ++step) {
      program.set(net.x, std::span<const float>(random_values(net.x.shape().count(), 2 * step)));
      program.set(net.y,
                  std::span<const float>(random_values(net.y.shape().count(), 2 * step + 1)));
      program.run();  // and nothing waits for it
    }
  }
  EXPECT_EQ(program.fetch(net.loss), expected);
}

TEST_F(GpuProgram, TimesItsSteps) {
  const Net net;
  Program program(net.graph, net.fetches, harness::gpu());
  net.run(program, 0);
  std::vector<StepTime> times(program.steps().size());
  program.run(&times);
  for (const StepTime& time : times) EXPECT_GE(time.seconds, 0);
}

}  // namespace
}  // namespace nram
