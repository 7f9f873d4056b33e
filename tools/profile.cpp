#include "engine/profiler.h"

#include <chrono>
#include <cstdio>
#include <memory>

#include "data/file.h"
#include "kernels/common/philox.h"
#include "tools/commands.h"
#include "training/step.h"

namespace nram::tools {
namespace {

struct ProfileOptions {
  std::string what = "transfer";
  ModelConfig model;
  ObjectiveConfig objective;
  int batch = 1;
  int runs = 5;
  std::string by = "op";
  std::string trace;
  DeviceOptions device = "cpu";
  bool peer = false;
};

// A batch of random images and poses.
struct RandomBatch {
  std::vector<float> source, target, keypoints;

  explicit RandomBatch(const ProfileOptions& options) {
    Random random(1);
    const ModelConfig& model = options.model;
    const size_t n = static_cast<size_t>(options.batch);
    for (auto* image : {&source, &target}) {
      image->resize(n * static_cast<size_t>(model.height) * static_cast<size_t>(model.width) * 3);
      for (float& value : *image) value = static_cast<float>(random.uniform(-1, 1));
    }
    for (size_t k = 0; k < n * kKeypointCount; ++k) {
      keypoints.push_back(static_cast<float>(random.below(static_cast<uint32_t>(model.height))));
      keypoints.push_back(static_cast<float>(random.below(static_cast<uint32_t>(model.width))));
    }
  }
};

using Run = std::function<void(std::vector<StepTime>*)>;

// For a driver that times two programs in turn: each line on standard input is answered with the
// seconds of one run.
void answer_lines(const Run& run) {
  run(nullptr);
  std::printf("ready\n");
  std::fflush(stdout);
  char line[64];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    const auto start = std::chrono::steady_clock::now();
    run(nullptr);
    std::printf("%.6f\n",
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    std::fflush(stdout);
  }
}

void report(const ProfileOptions& options, const Program& program, const Run& run) {
  if (options.peer) return answer_lines(run);
  const Peak peak = measure_peak();
  const Profile profile(program, options.runs, run);
  const auto rows = options.by == "layer" ? profile.by_layer(peak) : profile.by_op(peak);
  std::printf(
      "%s, %d x %d, ngf %d, %d modules, batch %d: %.1f ms (median of %d), %.1f GFLOP, arena "
      "%.0f MiB\n%s",
      options.what.c_str(), options.model.height, options.model.width, options.model.ngf,
      options.model.blocks, options.batch, profile.seconds() * 1e3, options.runs,
      program.flops() * 1e-9, static_cast<double>(program.arena_bytes()) / (1 << 20),
      to_table(rows, peak, 40).c_str());
  if (options.trace.empty()) return;
  const std::string trace = profile.chrome_trace();
  data::write_atomically(options.trace, trace.data(), trace.size());
}

void profile(const ProfileOptions& options) {
  NRAM_USER_CHECK(options.what == "train" || options.what == "transfer",
                  "profile knows train and transfer, not '", options.what, "'");
  NRAM_USER_CHECK(options.by == "op" || options.by == "layer", "--by is '", options.by,
                  "'; choose op or layer");
  NRAM_USER_CHECK(options.batch >= 1 && options.batch <= 4096, "--batch is ", options.batch,
                  "; it must lie between 1 and 4096");
  validate(options.model);
  const RandomBatch batch(options);
  Device& where = device(options.device);
  if (options.what == "train") {
    const Networks networks(where, options.model);
    networks.initialize(1);
    TrainingStep step(networks, options.batch, options.objective, {}, where);
    step.set_batch({batch.source, batch.target, batch.keypoints, batch.keypoints});
    int64_t count = 0;
    return report(options, step.program(),
                  [&](std::vector<StepTime>* times) { step.run(++count, 2e-4, times); });
  }
  ModelConfig model = options.model;
  if (model.norm == Norm::kBatch) model.norm = Norm::kNone;  // folded away before inference
  const ParameterStore store(where, generator_specs(model), false);
  store.initialize(1);
  GeneratorProgram program(store, model, options.batch, where);
  report(options, program.program(), [&](std::vector<StepTime>* times) {
    program.run(batch.source, batch.keypoints, batch.keypoints, times);
  });
}

}  // namespace

void add_profile(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "profile", "Show where the time of a training step or a transfer goes, per op or layer");
  const auto options = std::make_shared<ProfileOptions>();
  command->add_option("WHAT", options->what, "train or transfer")->required();
  command->add_option("--height", options->model.height, "Image rows")->capture_default_str();
  command->add_option("--width", options->model.width, "Image columns")->capture_default_str();
  command->add_option("--ngf", options->model.ngf, "Width of the networks")->capture_default_str();
  command->add_option("--blocks", options->model.blocks, "Modules")->capture_default_str();
  command->add_option_function<std::string>(
      "--norm", [options](const std::string& name) { options->model.norm = parse_norm(name); },
      "instance (default), batch or none");
  command->add_option("--batch", options->batch, "Images at a time")->capture_default_str();
  command->add_option("--runs", options->runs, "Medians are over this many")->capture_default_str();
  command->add_option("--by", options->by, "op or layer")->capture_default_str();
  command->add_option("--trace", options->trace, "Also write a Chrome trace (JSON) of one run");
  command->add_flag("--peer", options->peer,
                    "Answer each line on standard input with the seconds of one run, for drivers "
                    "that time two programs in turn");
  add_device_option(*command, options->device);
  add_threads_option(*command);
  command->callback([options] { profile(*options); });
}

}  // namespace nram::tools
