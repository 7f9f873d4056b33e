#include "training/trainer.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>

#include "training/samples.h"
#include "training/transfer.h"

namespace nram {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Steps per second over a sliding window, for the progress report.
class Pace {
 public:
  void add() {
    times_.push_back(Clock::now());
    if (times_.size() > 30) times_.pop_front();
  }
  double steps_per_second() const {
    if (times_.size() < 2) return 0;
    const double seconds = std::chrono::duration<double>(times_.back() - times_.front()).count();
    return seconds > 0 ? static_cast<double>(times_.size() - 1) / seconds : 0;
  }

 private:
  std::deque<Clock::time_point> times_;
};

}  // namespace

Trainer::Trainer(const TrainConfig& config, TrainCallbacks callbacks)
    : config_(config), callbacks_(std::move(callbacks)) {
  validate(config_);
  networks_ = std::make_unique<Networks>(device(config_.device), config_.model);
  networks_->initialize(config_.seed);
  prepare();
  state_.pair_count = static_cast<int64_t>(dataset_.pairs.size());
  state_.total_steps = config_.total_steps != 0 ? config_.total_steps
                                                : config_.epochs * loader_->batches_per_epoch();
  NRAM_USER_CHECK(state_.total_steps >= 1,
                  "there is nothing to train: give at least one epoch, "
                  "step or some minutes");
}

Trainer::Trainer(ResumeTag, const TrainConfig& config, const TrainState& state,
                 const WeightsFile& file, TrainCallbacks callbacks)
    : config_(config), state_(state), callbacks_(std::move(callbacks)) {
  networks_ = std::make_unique<Networks>(device(config_.device), config_.model);
  networks_->initialize(config_.seed);
  load_checkpoint(file, *networks_);
  prepare();
  NRAM_USER_CHECK(state_.pair_count == static_cast<int64_t>(dataset_.pairs.size()), config_.data,
                  " has ", dataset_.pairs.size(), " training pairs, but the run was started with ",
                  state_.pair_count, ": resume with the same data set");
  loader_->seek(state_.step / loader_->batches_per_epoch(),
                state_.step % loader_->batches_per_epoch());
}

std::unique_ptr<Trainer> Trainer::resume(const std::string& checkpoint,
                                         const TrainConfig& overrides, TrainCallbacks callbacks) {
  const WeightsFile file = WeightsFile::open(checkpoint);
  TrainConfig config;
  TrainState state;
  read_checkpoint(file, config, state);
  if (!overrides.data.empty()) config.data = overrides.data;
  if (!overrides.device.name.empty()) config.device.name = overrides.device.name;
  if (!overrides.device.precision.empty()) config.device.precision = overrides.device.precision;
  if (overrides.total_steps != 0) {
    NRAM_USER_CHECK(overrides.total_steps > state.step, "--steps is ", overrides.total_steps,
                    ", but the checkpoint is at step ", state.step, " already; give more");
    state.total_steps = overrides.total_steps;
  }
  config.output = overrides.output;
  if (config.output.empty()) {
    config.output = std::filesystem::path(checkpoint).parent_path().string();
    if (config.output.empty()) config.output = std::string(1, '.');
  }
  return std::unique_ptr<Trainer>(
      new Trainer(ResumeTag{}, config, state, file, std::move(callbacks)));
}

void Trainer::message(const std::string& line) const {
  if (callbacks_.on_message) callbacks_.on_message(line);
}

void Trainer::prepare() {
  make_directory(config_.output);
  data::DatasetOptions dataset_options;
  dataset_options.skip_missing = config_.skip_missing;
  dataset_ = data::open_dataset(config_.data, "train", dataset_options);
  for (const std::string& warning : dataset_.warnings) message(warning);
  if (config_.objective.lambda_style != 0) {
    if (config_.vgg.empty()) {
      message(text("style features: VGG-16 with random weights from seed ", config_.seed,
                   ", not the trained ones; give --vgg FILE for those"));
    } else {
      load_vgg16(networks_->vgg, WeightsFile::open(config_.vgg));
      message("style features: VGG-16 from " + config_.vgg);
    }
  }
  data::LoaderOptions options;
  options.batch = config_.batch;
  options.height = config_.model.height;
  options.width = config_.model.width;
  options.seed = config_.seed;
  options.flip = config_.flip;
  loader_ = std::make_unique<data::Loader>(dataset_, options);
  foresee_memory();
  step_ = std::make_unique<TrainingStep>(*networks_, config_.batch, config_.objective, config_.adam,
                                         device(config_.device));
  message(text("one step: ", step_->program().steps().size(), " kernels, ",
               static_cast<int64_t>(step_->program().flops() / 1e9), " GFLOP, ",
               step_->program().arena_bytes() >> 20, " MiB of activations and gradients"));
}

// Before a card's memory is taken: what the step needs, and what batch would fit.
void Trainer::foresee_memory() const {
  Device& where = networks_->generator.device();
  const std::optional<MemoryInfo> memory = where.memory_info();
  if (!memory) return;
  const auto plan = [&](int batch) {
    return TrainingStep::plan_bytes(*networks_, batch, config_.objective, config_.adam, where);
  };
  const int64_t wanted = plan(config_.batch);
  const auto free = static_cast<int64_t>(memory->free);
  const int largest =
      TrainingStep::largest_batch(*networks_, config_.objective, config_.adam, where, free);
  NRAM_USER_CHECK(wanted <= free, "a step of batch ", config_.batch, " needs ", wanted >> 20,
                  " MiB and the ", where.name(), " device has ", free >> 20, " MiB left: ",
                  largest > 0 ? text("give --batch ", largest, " or less")
                              : std::string("use a smaller image or --ngf"));
  message(text("memory: batch ", config_.batch, " needs ", wanted >> 20, " MiB of the ", free >> 20,
               " MiB free; the largest batch that fits is ", largest));
}

Losses Trainer::one_step(std::vector<StepTime>* times) {
  const data::Batch batch = loader_->next();
  step_->set_batch({batch.source, batch.target, batch.keypoints_source, batch.keypoints_target});
  const double rate = scheduled_rate(config_.adam.rate, state_.step, state_.total_steps);
  const Losses losses = step_->run(state_.step + 1, rate, times);
  if (!losses.finite()) {
    throw Error(Error::Kind::kInternal,
                text("step ", state_.step + 1, ": a loss is not finite; it first shows in ",
                     step_->find_not_finite(), ". The last checkpoint in ", config_.output,
                     " is untouched; try a lower --rate"));
  }
  ++state_.step;
  return losses;
}

// With --minutes: from the pace of the first steps, how many fit. The number is then fixed, so that
// the schedule and a resumed run know it.
void Trainer::plan_steps() {
  constexpr int64_t kWarmUp = 2;
  constexpr int64_t kMeasured = 20;
  state_.total_steps = int64_t{1} << 40;
  for (int64_t i = 0; i < kWarmUp; ++i) one_step();
  const auto start = Clock::now();
  for (int64_t i = 0; i < kMeasured; ++i) one_step();
  const double seconds = seconds_since(start) / kMeasured;
  const auto fitting = static_cast<int64_t>(config_.minutes * 60 / seconds);
  state_.total_steps = std::max(fitting, kWarmUp + kMeasured + 1);
  message(text("a step takes ", static_cast<int64_t>(seconds * 1e3), " ms: ", state_.total_steps,
               " steps in ", config_.minutes, " minutes"));
}

TrainEnd Trainer::run(const std::atomic<bool>& stop, int64_t step_limit) {
  const int64_t last = step_limit > 0 ? state_.step + step_limit : int64_t{1} << 60;
  if (config_.minutes > 0 && state_.step == 0) plan_steps();
  Pace pace;
  auto last_checkpoint = Clock::now();
  auto last_samples = last_checkpoint;
  while (state_.step < std::min(state_.total_steps, last)) {
    if (stop) {
      save();
      return TrainEnd::kInterrupted;
    }
    StepReport report;
    report.rate = scheduled_rate(config_.adam.rate, state_.step, state_.total_steps);
    report.epoch = state_.step / loader_->batches_per_epoch();
    report.losses = one_step();
    pace.add();
    report.step = state_.step;
    report.total_steps = state_.total_steps;
    report.images_per_second = pace.steps_per_second() * config_.batch;
    report.seconds_left =
        pace.steps_per_second() > 0
            ? static_cast<double>(state_.total_steps - state_.step) / pace.steps_per_second()
            : 0;
    if (callbacks_.on_step) callbacks_.on_step(report);
    if (seconds_since(last_samples) > config_.sample_minutes * 60) {
      write_samples();
      last_samples = Clock::now();
    }
    if (seconds_since(last_checkpoint) > config_.checkpoint_minutes * 60) {
      save();
      last_checkpoint = Clock::now();
    }
  }
  save();
  if (state_.step < state_.total_steps) return TrainEnd::kInterrupted;
  write_samples();
  return TrainEnd::kFinished;
}

void Trainer::save() const {
  save_checkpoint(checkpoint_path(), config_, state_, *networks_);
  save_generator(generator_path(), config_.model, networks_->generator);
}

void Trainer::write_samples() const {
  constexpr size_t kRows = 6;
  write_sample_grid(samples_path(), networks_->generator, config_.model, dataset_, kRows,
                    text("step ", state_.step));
}

}  // namespace nram
