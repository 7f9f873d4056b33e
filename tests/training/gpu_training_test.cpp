// Training on the GPU target: three whole steps against the cpu; the same bits eager and replayed
// as one graph, and after stop and resume; memory foreseen.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/op.h"
#include "tests/engine/gpu.h"
#include "tests/training/small_run.h"
#include "training/trainer.h"

namespace nram {
namespace {

std::string gpu_name() { return harness::gpu_is_simulated() ? "sim" : "cuda"; }

class GpuTraining : public testing::Test {
 protected:
  void SetUp() override {
    if (!kHasCuda) GTEST_SKIP() << "built without the cuda target";
    make_people(data_);
  }
  void TearDown() override {
    if (kHasCuda) {
      EXPECT_EQ(harness::take_findings(), std::vector<std::string>{});
    }
  }
  TrainConfig config(const std::string& device, const std::string& name) const {
    TrainConfig config = small_run(data_, scratch_ / name);
    config.device.name = device;
    config.total_steps = 3;
    return config;
  }

  ScratchFolder scratch_{"gpu_training"};
  std::string data_ = scratch_ / "data";
};

struct Steps {
  std::vector<Losses> losses;
  std::vector<float> generator;
};

Steps three_steps(const TrainConfig& config) {
  Trainer trainer(config, {});
  Steps steps;
  for (int i = 0; i < 3; ++i) steps.losses.push_back(trainer.one_step());
  steps.generator = trainer.networks().generator.values().to_floats();
  return steps;
}

void expect_close(const Steps& mine, const Steps& theirs, double bound) {
  for (size_t i = 0; i < 3; ++i) {
    const Losses &a = mine.losses[i], &b = theirs.losses[i];
    for (const auto& [x, y] : {std::pair{a.gan, b.gan},
                               {a.l1, b.l1},
                               {a.style, b.style},
                               {a.discriminator_shape, b.discriminator_shape},
                               {a.discriminator_appearance, b.discriminator_appearance}}) {
      EXPECT_NEAR(x, y, bound * std::abs(y)) << "step " << i;
    }
  }
}

TEST_F(GpuTraining, ThreeStepsAgreeWithTheCpu) {
  const Steps cpu = three_steps(config("cpu", "cpu"));
  expect_close(three_steps(config(gpu_name(), "gpu")), cpu, 1e-4);
}

TEST_F(GpuTraining, LowerPrecisionsStayNearTheCpu) {
  const Steps cpu = three_steps(config("cpu", "cpu"));
  for (const auto& [precision, bound] : {std::pair{"tf32", 2e-2}, {"bfloat16", 1e-1}}) {
    TrainConfig lower = config(gpu_name(), precision);
    lower.device.precision = precision;
    const Steps steps = three_steps(lower);
    expect_close(steps, cpu, bound);
    EXPECT_NE(steps.generator, cpu.generator);
  }
}

TEST_F(GpuTraining, ResumingChangesNoBit) {
  const std::atomic<bool> never{false};
  const auto finish = [&](Trainer& trainer) {
    EXPECT_EQ(trainer.run(never), TrainEnd::kFinished);
    return everything(trainer.networks());
  };
  Trainer straight(config(gpu_name(), "straight"), {});
  const std::vector<float> expected = finish(straight);
  Trainer stopped(config(gpu_name(), "stopped"), {});
  EXPECT_EQ(stopped.run(never, 2), TrainEnd::kInterrupted);
  TrainConfig nothing;
  nothing.device.name.clear();
  const auto resumed = Trainer::resume(stopped.checkpoint_path(), nothing, {});
  EXPECT_EQ(resumed->networks().generator.device().name(), gpu_name());
  EXPECT_EQ(finish(*resumed), expected);
}

// One step at a time and as one recorded graph.
TEST_F(GpuTraining, ReplayedEqualsEager) {
  const TrainConfig c = config(gpu_name(), "unused");
  Device& gpu = device(c.device);
  std::vector<std::vector<float>> results;
  for (const bool record : {false, true}) {
    const Networks networks(gpu, c.model);
    networks.initialize(1);
    CompileOptions options;
    options.record = record;
    TrainingStep step(networks, 1, c.objective, c.adam, gpu, false, options);
    for (int k = 1; k <= 3; ++k) {
      const auto pixels = static_cast<size_t>(c.model.height * c.model.width * 3);
      const std::vector<float> source(pixels, 0.1f * static_cast<float>(k));
      const std::vector<float> target(pixels, -0.2f * static_cast<float>(k));
      const std::vector<float> points(kKeypointCount * 2, static_cast<float>(7 + k));
      step.set_batch({source, target, points, points});
      step.run(k, 1e-3);
    }
    results.push_back(everything(networks));
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST_F(GpuTraining, ForeseesItsMemory) {
  TrainCallbacks callbacks;
  std::string said;
  callbacks.on_message = [&](const std::string& line) { said += line + "\n"; };
  const Trainer trainer(config(gpu_name(), "a"), callbacks);
  EXPECT_NE(said.find("the largest batch that fits is "), std::string::npos) << said;
}

}  // namespace
}  // namespace nram
