// A training run from a data set to weights: batches, schedule, checkpoints, sample pictures,
// resume.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "data/loader.h"
#include "training/checkpoint.h"

namespace nram {

// What an observer learns after each step.
struct StepReport {
  int64_t step = 0;  // finished steps
  int64_t total_steps = 0;
  int64_t epoch = 0;
  double rate = 0;
  Losses losses;
  double images_per_second = 0;  // over the last steps
  double seconds_left = 0;
};

struct TrainCallbacks {
  std::function<void(const StepReport&)> on_step;
  // One line: a warning, a checkpoint written, ...
  std::function<void(const std::string&)> on_message;
};

enum class TrainEnd { kFinished, kInterrupted };

class Trainer {
 public:
  // A new run. User errors for bad configuration, data or weights.
  Trainer(const TrainConfig& config, TrainCallbacks callbacks);
  // Goes on with a checkpoint; `data`, `output`, `device` and `total_steps` of `overrides` count
  // when given.
  static std::unique_ptr<Trainer> resume(const std::string& checkpoint,
                                         const TrainConfig& overrides, TrainCallbacks callbacks);

  // Trains until the schedule ends, `stop` is set (a checkpoint is then saved), or `step_limit`
  // steps are done (0: no limit). A loss that is not finite throws an Error that names the op;
  // nothing is saved then, the last checkpoint stays.
  TrainEnd run(const std::atomic<bool>& stop, int64_t step_limit = 0);

  const TrainConfig& config() const { return config_; }
  const TrainState& state() const { return state_; }
  const Networks& networks() const { return *networks_; }
  const Program& program() const { return step_->program(); }
  std::string checkpoint_path() const { return config_.output + "/checkpoint.safetensors"; }
  std::string generator_path() const { return config_.output + "/generator.safetensors"; }
  std::string samples_path() const { return config_.output + "/samples.png"; }
  // One step on the next batch, for profiles; counts as training.
  Losses one_step(std::vector<StepTime>* times = nullptr);

 private:
  struct ResumeTag {};
  Trainer(ResumeTag, const TrainConfig& config, const TrainState& state, const WeightsFile& file,
          TrainCallbacks callbacks);
  void foresee_memory() const;
  void prepare();
  void plan_steps();
  void save() const;
  void write_samples() const;
  void message(const std::string& line) const;

  TrainConfig config_;
  TrainState state_;
  TrainCallbacks callbacks_;
  data::Dataset dataset_;
  std::unique_ptr<Networks> networks_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<TrainingStep> step_;
};

}  // namespace nram
