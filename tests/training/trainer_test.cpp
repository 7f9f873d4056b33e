// Training runs: the same bits from run to run, over a stop and a resume; a NaN is named and harms
// nothing.
#include "training/trainer.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "tests/training/small_run.h"

namespace nram {
namespace {

const std::atomic<bool> kNeverStop{false};

std::vector<float> train(const TrainConfig& config) {
  Trainer trainer(config, {});
  EXPECT_EQ(trainer.run(kNeverStop), TrainEnd::kFinished);
  return everything(trainer.networks());
}

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() : scratch_("trainer") { make_people(scratch_ / "people"); }
  TrainConfig config(const std::string& output) const {
    return small_run(scratch_ / "people", scratch_ / output);
  }
  ScratchFolder scratch_;
};

TEST_F(TrainerTest, SameSeedSameBits) {
  const int threads = omp_get_max_threads();
  std::vector<std::vector<float>> results;
  for (const int count : {1, 2}) {
    omp_set_num_threads(count);
    results.push_back(train(config("a")));
    EXPECT_EQ(train(config("b")), results.back()) << count << " threads";
  }
  omp_set_num_threads(threads);
  TrainConfig other = config("c");
  other.seed = 5;
  EXPECT_NE(train(other), results[0]);
}

TEST_F(TrainerTest, OneThreadAndTwoAgreeWithinRounding) {
  const int threads = omp_get_max_threads();
  std::vector<std::vector<float>> gradients;
  for (const int count : {1, 2}) {
    omp_set_num_threads(count);
    Trainer trainer(config("a"), {});
    trainer.one_step();
    gradients.push_back(trainer.networks().generator.gradients().to_floats());
  }
  omp_set_num_threads(threads);
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < gradients[0].size(); ++i) {
    difference += std::pow(gradients[0][i] - gradients[1][i], 2);
    norm += std::pow(gradients[0][i], 2);
  }
  EXPECT_LT(std::sqrt(difference / norm), 1e-3);
}

TEST_F(TrainerTest, ResumingChangesNoBit) {
  for (const Norm norm : {Norm::kInstance, Norm::kBatch}) {
    TrainConfig straight = config("straight");
    straight.model.norm = norm;
    straight.objective.gan = norm == Norm::kBatch ? GanLoss::kLsgan : GanLoss::kBce;
    const std::vector<float> expected = train(straight);

    TrainConfig stopped = straight;
    stopped.output = scratch_ / "stopped";
    Trainer first(stopped, {});
    EXPECT_EQ(first.run(kNeverStop, 2), TrainEnd::kInterrupted);
    TrainConfig nothing;
    nothing.device.name = "";
    const auto second = Trainer::resume(first.checkpoint_path(), nothing, {});
    EXPECT_EQ(second->state().step, 2);
    EXPECT_EQ(second->run(kNeverStop), TrainEnd::kFinished);
    EXPECT_EQ(everything(second->networks()), expected) << name_of(norm);
  }
}

TEST_F(TrainerTest, StopsWhenAskedAndSaves) {
  Trainer trainer(config("a"), {});
  const std::atomic<bool> stop{true};
  EXPECT_EQ(trainer.run(stop), TrainEnd::kInterrupted);
  EXPECT_NO_THROW(WeightsFile::open(trainer.checkpoint_path()));
}

TEST_F(TrainerTest, NamesTheOpThatMadeANaNAndChangesNothing) {
  Trainer trainer(config("a"), {});
  trainer.run(kNeverStop, 1);
  const std::string checkpoint = file_bytes(trainer.checkpoint_path());
  const ParameterStore& generator = trainer.networks().generator;
  const int index = generator.index("generator.blocks.1.pose.conv0.weight");
  std::vector<float> values = generator.read(index);
  values[3] = std::numeric_limits<float>::infinity();
  generator.write(index, values);
  const std::vector<float> before = generator.first_moments().to_floats();
  try {
    trainer.run(kNeverStop);
    FAIL() << "a NaN went unnoticed";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("convolution"), std::string::npos) << message;
    EXPECT_NE(message.find("generator.blocks.1.pose.conv0"), std::string::npos) << message;
    EXPECT_FALSE(error.is_user_mistake());
  }
  EXPECT_EQ(generator.first_moments().to_floats(), before);
  EXPECT_EQ(file_bytes(trainer.checkpoint_path()), checkpoint);
}

TEST_F(TrainerTest, RefusesWhatCannotBeTrained) {
  const auto message_of = [&](const TrainConfig& config) -> std::string {
    try {
      Trainer trainer(config, {});
    } catch (const Error& error) {
      EXPECT_TRUE(error.is_user_mistake()) << error.what();
      return error.what();
    }
    return "accepted";
  };
  TrainConfig bad = config("a");
  bad.batch = 0;
  EXPECT_NE(message_of(bad), "accepted");
  bad = config("a");
  bad.batch = 10000;
  EXPECT_NE(message_of(bad), "accepted");
  bad = config("a");
  bad.adam.rate = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(message_of(bad), "accepted");
  bad = config("a");
  bad.objective.lambda_l1 = -1;
  EXPECT_NE(message_of(bad), "accepted");
  bad = config("a");
  bad.data = scratch_ / "nowhere";
  EXPECT_NE(message_of(bad).find("nowhere"), std::string::npos);
  bad = config("a");
  bad.vgg = scratch_ / "nowhere.safetensors";
  EXPECT_NE(message_of(bad).find("nowhere.safetensors"), std::string::npos);
}

TEST(Schedule, HoldsThenFallsToZero) {
  EXPECT_EQ(scheduled_rate(2, 0, 100), 2);
  EXPECT_EQ(scheduled_rate(2, 49, 100), 2);
  EXPECT_DOUBLE_EQ(scheduled_rate(2, 75, 100), 1);
  EXPECT_EQ(scheduled_rate(2, 100, 100), 0);
}

}  // namespace
}  // namespace nram
