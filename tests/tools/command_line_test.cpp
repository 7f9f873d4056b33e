// The program as users run it: a chain of all commands, and what it says to their mistakes. Every
// mistake is one sentence on standard error, exit code 2, and nothing written.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tests/golden/formula.h"
#include "tests/training/small_run.h"

namespace nram {
namespace {

struct Outcome {
  int code;
  std::string output;
  std::string error;
};

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() : scratch_("command_line") {}

  Outcome run(const std::string& arguments) const {
    const std::string command = std::string(NRAM_BINARY_DIR) + "/nram " + arguments + " >" +
                                (scratch_ / "out") + " 2>" + (scratch_ / "err") + " </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, file_bytes(scratch_ / "out"),
            file_bytes(scratch_ / "err")};
  }

  // A user's mistake: exit code 2 and one line that begins with "nram: " and holds each of `words`.
  void expect_mistake(const std::string& arguments, const std::vector<std::string>& words) const {
    SCOPED_TRACE(arguments);
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.error;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    EXPECT_TRUE(outcome.error.starts_with("nram: ")) << outcome.error;
    for (const std::string& word : words) {
      EXPECT_NE(outcome.error.find(word), std::string::npos) << word << " in: " << outcome.error;
    }
  }

  std::string people() const { return scratch_ / "people"; }
  std::string weights() const { return scratch_ / "run/generator.safetensors"; }

  void make_model() const {
    make_people(people());
    const Outcome outcome = run("train --data " + people() + " --output " + (scratch_ / "run") +
                                " --height 32 --width 24 --ngf 2 --blocks 2 --batch 2 --steps 2 "
                                "--lambda-style 0");
    ASSERT_EQ(outcome.code, 0) << outcome.error;
  }

  void write_text(const std::string& path, const std::string& content) const {
    std::ofstream(path, std::ios::binary) << content;
  }

  // Name of image i of the test part.
  std::string test_image(size_t i) const {
    return data::open_dataset(people(), "test").images.at(i).name;
  }

  ScratchFolder scratch_;
};

TEST_F(CommandLineTest, EveryCommandHasHelp) {
  EXPECT_EQ(run("--help").code, 0);
  for (const std::string command : {"synthesize", "train", "transfer", "evaluate", "attention",
                                    "inspect", "parity", "profile", "info"}) {
    const Outcome outcome = run(command + " --help");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.output.find("Usage"), std::string::npos) << command;
    EXPECT_NE(run("--help").output.find(command), std::string::npos);
  }
  EXPECT_EQ(run("").code, 2);
  EXPECT_EQ(run("dance").code, 2);
  EXPECT_EQ(run("train --speed 3").code, 2);
  const Outcome info = run("info --json");
  EXPECT_TRUE(nlohmann::json::parse(info.output).contains("oneDNN"));
}

TEST_F(CommandLineTest, TheWholeChainRuns) {
  make_model();
  const std::string source = test_image(0);
  const std::string target = test_image(1);
  const std::string model = " --weights " + weights();
  const std::string pair = " --data " + people() + " --source " + source + " --target " + target;
  EXPECT_EQ(run("transfer" + model + pair + " --output " + (scratch_ / "a.png") + " --grid " +
                (scratch_ / "grid.png"))
                .code,
            0);
  EXPECT_EQ(data::read_image(scratch_ / "a.png").height, 32);
  EXPECT_EQ(run("attention" + model + pair + " --output " + (scratch_ / "maps.png")).code, 0);

  // The same transfer from a photo with keypoints in files: OpenPose's JSON and a plain array.
  const data::Dataset dataset = data::open_dataset(people(), "test");
  nlohmann::json person = nlohmann::json::array();
  nlohmann::json pose = nlohmann::json::array();
  for (size_t k = 0; k < data::kKeypointCount; ++k) {
    const data::Keypoints& a = dataset.images[0].keypoints;
    const data::Keypoints& b = dataset.images[1].keypoints;
    const bool missing = a.missing(static_cast<int>(k));
    for (const float value : {missing ? 0 : a.x[k], missing ? 0 : a.y[k], missing ? 0.0f : 0.9f}) {
      person.push_back(value);
    }
    pose.push_back({b.y[k], b.x[k]});
  }
  write_text(scratch_ / "me.json",
             nlohmann::json{{"people", {{{"pose_keypoints_2d", person}}}}}.dump());
  write_text(scratch_ / "pose.json", pose.dump());
  const Outcome photo = run("transfer" + model + " --image " + dataset.path(0) + " --keypoints " +
                            (scratch_ / "me.json") + " --target-keypoints " +
                            (scratch_ / "pose.json") + " --output " + (scratch_ / "b.png"));
  EXPECT_EQ(photo.code, 0) << photo.error;
  EXPECT_EQ(data::read_image(scratch_ / "a.png"), data::read_image(scratch_ / "b.png"));

  EXPECT_EQ(
      run("evaluate" + model + " --data " + people() + " --json " + (scratch_ / "m.json")).code, 0);
  EXPECT_TRUE(nlohmann::json::parse(file_bytes(scratch_ / "m.json"))["rows"].contains("generated"));
  const Outcome inspected = run("inspect " + weights());
  EXPECT_NE(inspected.output.find("generator.blocks.1.mask.bias"), std::string::npos);
  EXPECT_NE(inspected.output.find("inner_skip"), std::string::npos);
  EXPECT_EQ(run("inspect --json " + weights()).code, 0);
  const Outcome profile =
      run("profile train --height 32 --width 24 --ngf 2 --blocks 1 --runs 1 "
          "--trace " +
          (scratch_ / "trace.json"));
  EXPECT_EQ(profile.code, 0) << profile.error;
  EXPECT_NE(profile.output.find("convolution"), std::string::npos);
  const Outcome resumed = run("train --resume " + (scratch_ / "run/checkpoint.safetensors"));
  EXPECT_EQ(resumed.code, 0) << resumed.error;
}

TEST_F(CommandLineTest, ParityReadsTheArchitectureFromShapes) {
  const std::string golden = std::string(NRAM_SOURCE_DIR) + "/tests/golden/";
  const WeightsFile tiny = WeightsFile::open(golden + "tiny_weights.safetensors");
  WeightsWriter writer;
  for (const TensorInfo& info : tiny.tensors()) {
    writer.add(info.name, info.shape, tiny.read_float(info.name));
  }
  for (const ParameterSpec& spec : vgg16_specs()) {
    writer.add(spec.name, spec.file_shape, golden::tensor(spec.name, spec.file_shape));
  }
  writer.write(scratch_ / "w.safetensors");
  const Outcome outcome =
      run("parity --weights " + (scratch_ / "w.safetensors") + " --inputs " + golden +
          "tiny_inputs.safetensors --steps 1 --output " + (scratch_ / "o.safetensors"));
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  const WeightsFile ours = WeightsFile::open(scratch_ / "o.safetensors");
  const WeightsFile expected = WeightsFile::open(golden + "tiny_expected.safetensors");
  for (const std::string name : {"loss.0.gan", "loss.0.l1", "loss.0.style",
                                 "loss.0.discriminator_shape", "loss.0.discriminator_appearance"}) {
    const double theirs = expected.read_double(name)[0];
    EXPECT_NEAR(ours.read_double(name)[0], theirs, 1e-4 * std::abs(theirs)) << name;
  }
  expect_mistake("parity --weights " + (golden + "tiny_weights.safetensors") + " --inputs " +
                     golden + "tiny_inputs.safetensors --output " + (scratch_ / "p.safetensors"),
                 {"features.0.weight"});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "p.safetensors"));
}

TEST_F(CommandLineTest, NamesWhatIsWrongWithOptions) {
  make_people(people());
  const std::string train = "train --data " + people() + " --output " + (scratch_ / "bad") + " ";
  expect_mistake(train + "--height 30 --width 24", {"30 x 24", "multiples of 4"});
  expect_mistake(train + "--ngf 0", {"ngf"});
  expect_mistake(train + "--blocks 0", {"blocks"});
  expect_mistake(train + "--batch 0", {"--batch"});
  expect_mistake(train + "--rate nan", {"--rate"});
  expect_mistake(train + "--rate -1", {"--rate"});
  expect_mistake(train + "--lambda-l1 -2", {"--lambda-l1"});
  expect_mistake(train + "--norm layer", {"layer", "instance"});
  expect_mistake(train + "--gan wgan", {"wgan", "bce"});
  expect_mistake(train + "--device gpu", {"gpu", "cpu"});
  expect_mistake(train + "--threads 0", {"--threads"});
  expect_mistake(train + "--steps 1 --minutes 1", {});
  expect_mistake("train --data " + people(), {"--output"});
  expect_mistake("train --resume " + (scratch_ / "none.safetensors"), {"none.safetensors"});
  expect_mistake("synthesize " + people(), {people()});
  expect_mistake("synthesize " + (scratch_ / "p") + " --people -1", {});
  expect_mistake("profile sleep", {"sleep"});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "bad/generator.safetensors"));
}

TEST_F(CommandLineTest, NamesWhatIsWrongWithData) {
  make_people(people());
  const auto train = [&](const std::string& data) {
    return "train --data " + data + " --output " + (scratch_ / "bad") +
           " --height 32 --width 24 --ngf 2 --blocks 1 --steps 1 --lambda-gan 0 "
           "--lambda-style 0";
  };
  const std::string annotations = people() + "/fasion-resize-annotation-train.csv";
  const std::string good = file_bytes(annotations);
  expect_mistake(train(scratch_ / "nowhere"), {"nowhere"});
  const size_t first = good.find('\n') + 1;
  const size_t end = good.find('\n', first);
  std::string short_row = good;
  short_row.erase(good.rfind(',', end), end - good.rfind(',', end) - 1);
  write_text(annotations, short_row);
  expect_mistake(train(people()), {"annotation-train.csv", "2"});
  std::string far = good;
  far.replace(good.find('[', first) + 1, good.find(',', first) - good.find('[', first) - 1, "900");
  write_text(annotations, far);
  expect_mistake(train(people()), {"annotation-train.csv", "2"});
  write_text(annotations, "");
  expect_mistake(train(people()), {"annotation-train.csv"});
  write_text(annotations, good);
  const data::Dataset dataset = data::open_dataset(people(), "train");
  const std::string image = dataset.path(dataset.pairs[0].source);
  const std::string jpeg = file_bytes(image);
  write_text(image, jpeg.substr(0, jpeg.size() / 3));
  // Found when it is decoded: after the lines that training starts with.
  const Outcome truncated = run(train(people()) + " --batch 18");
  EXPECT_EQ(truncated.code, 2);
  EXPECT_NE(truncated.error.find("nram: " + image), std::string::npos) << truncated.error;
  std::filesystem::remove(image);
  expect_mistake(train(people()), {std::filesystem::path(image).filename().string()});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "bad/generator.safetensors"));
}

TEST_F(CommandLineTest, NamesWhatIsWrongWithWeights) {
  make_model();
  const std::string good = file_bytes(weights());
  const std::string bad = scratch_ / "bad.safetensors";
  const std::string transfer = "transfer --weights " + bad + " --data " + people() + " --source " +
                               test_image(0) + " --target " + test_image(1) + " --output " +
                               (scratch_ / "never.png");
  for (const size_t size : {size_t{0}, size_t{5}, size_t{100}, good.size() / 2, good.size() - 1}) {
    write_text(bad, good.substr(0, size));
    expect_mistake(transfer, {"bad.safetensors"});
  }
  std::string huge = good;
  const uint64_t claim = uint64_t{1} << 60;
  std::memcpy(huge.data(), &claim, sizeof claim);
  write_text(bad, huge);
  expect_mistake(transfer, {"bad.safetensors"});
  const auto rewritten = [&](const std::string& tensor, bool drop, std::vector<int64_t> shape,
                             const std::string& added) {
    const WeightsFile file = WeightsFile::open(weights());
    WeightsWriter writer;
    for (const auto& [key, value] : file.metadata()) writer.metadata(key, value);
    for (const TensorInfo& info : file.tensors()) {
      if (info.name == tensor && drop) continue;
      const std::vector<float> values = file.read_float(info.name);
      writer.add(info.name, info.name == tensor && !shape.empty() ? shape : info.shape,
                 std::vector<float>(values));
    }
    if (!added.empty()) writer.add(added, {1}, std::vector<float>{1});
    writer.write(bad);
  };
  rewritten("generator.blocks.1.mask.weight", true, {}, "");
  expect_mistake(transfer, {"bad.safetensors"});
  rewritten("generator.decoder.conv.weight", false, {2, 3, 7, 7}, "");
  expect_mistake(transfer, {"generator.decoder.conv.weight"});
  rewritten("", false, {}, "generator.extra.weight");
  expect_mistake(transfer, {"generator.extra.weight"});
  expect_mistake("inspect " + (scratch_ / "nowhere.safetensors"), {"nowhere.safetensors"});
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "never.png"));
}

TEST_F(CommandLineTest, AnInterruptSavesWhatCanBeResumed) {
  make_people(people());
  const std::string output = scratch_ / "long";
  const std::string command =
      std::string(NRAM_BINARY_DIR) + "/nram train --data " + people() + " --output " + output +
      " --height 32 --width 24 --ngf 2 --blocks 1 --batch 1 --steps 1000000 "
      "--lambda-gan 0 --lambda-style 0 >" +
      (scratch_ / "out") + " 2>&1 & child=$!; sleep 2; kill -INT $child; wait $child";
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 0) << file_bytes(scratch_ / "out");
  EXPECT_NE(file_bytes(scratch_ / "out").find("--resume"), std::string::npos);
  TrainConfig config;
  TrainState state;
  read_checkpoint(WeightsFile::open(output + "/checkpoint.safetensors"), config, state);
  EXPECT_GT(state.step, 0);
}

}  // namespace
}  // namespace nram
