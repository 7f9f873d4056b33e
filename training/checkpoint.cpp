#include "training/checkpoint.h"

#include <algorithm>
#include <limits>

namespace nram {
namespace {

constexpr char kMoments[] = "adam.";

std::string exact(double value) {
  std::ostringstream stream;
  stream.precision(std::numeric_limits<double>::max_digits10);
  stream << value;
  return stream.str();
}

// One place that names every entry, for writing and reading.
template <class Visitor>
void visit_entries(TrainConfig& config, TrainState& state, Visitor&& visit) {
  visit("train.data", config.data);
  visit("train.lambda_gan", config.objective.lambda_gan);
  visit("train.lambda_l1", config.objective.lambda_l1);
  visit("train.lambda_style", config.objective.lambda_style);
  visit("train.lambda_ssim", config.objective.lambda_ssim);
  visit("train.rate", config.adam.rate);
  visit("train.beta1", config.adam.beta1);
  visit("train.beta2", config.adam.beta2);
  visit("train.epsilon", config.adam.epsilon);
  visit("train.batch", config.batch);
  visit("train.epochs", config.epochs);
  visit("train.seed", config.seed);
  visit("train.flip", config.flip);
  visit("train.skip_missing", config.skip_missing);
  visit("train.vgg", config.vgg);
  visit("train.checkpoint_minutes", config.checkpoint_minutes);
  visit("train.sample_minutes", config.sample_minutes);
  visit("train.step", state.step);
  visit("train.total_steps", state.total_steps);
  visit("train.pair_count", state.pair_count);
}

struct EntryWriter {
  WeightsWriter& writer;
  void operator()(const char* key, const std::string& value) const { writer.metadata(key, value); }
  void operator()(const char* key, double value) const { writer.metadata(key, exact(value)); }
  void operator()(const char* key, bool value) const {
    writer.metadata(key, value ? "true" : "false");
  }
  template <std::integral T>
  void operator()(const char* key, T value) const {
    writer.metadata(key, std::to_string(value));
  }
};

struct EntryReader {
  const WeightsFile& file;
  void operator()(const char* key, std::string& value) const { value = file.metadata_at(key); }
  void operator()(const char* key, bool& value) const { value = file.metadata_at(key) == "true"; }
  template <class T>
  void operator()(const char* key, T& value) const {
    const std::string& entry = file.metadata_at(key);
    std::istringstream stream(entry);
    NRAM_USER_CHECK(stream >> value && stream.eof(), file.path(), ": the metadata entry ", key,
                    " is '", entry, "', not a number; resume from another checkpoint");
  }
};

}  // namespace

void validate(const TrainConfig& config) {
  validate(config.model);
  const auto check = [](const char* option, double value, double low, double high) {
    NRAM_USER_CHECK(value >= low && value <= high, option, " is ", value, "; it must lie between ",
                    low, " and ", high);
  };
  check("--batch", config.batch, 1, 4096);
  check("--epochs", static_cast<double>(config.epochs), 0, 1e9);
  check("--steps", static_cast<double>(config.total_steps), 0, 1e12);
  check("--minutes", config.minutes, 0, 1e6);
  check("--rate", config.adam.rate, 0, 1);
  check("--lambda-gan", config.objective.lambda_gan, 0, 1e6);
  check("--lambda-l1", config.objective.lambda_l1, 0, 1e6);
  check("--lambda-style", config.objective.lambda_style, 0, 1e6);
  check("--lambda-ssim", config.objective.lambda_ssim, 0, 1e6);
  check("--checkpoint-minutes", config.checkpoint_minutes, 0, 1e6);
  check("--sample-minutes", config.sample_minutes, 0, 1e6);
}

double scheduled_rate(double rate, int64_t step, int64_t total_steps) {
  const double half = static_cast<double>(total_steps) / 2;
  if (static_cast<double>(step) < half) return rate;
  return rate * std::max(0.0, static_cast<double>(total_steps - step) / half);
}

void save_checkpoint(const std::string& path, const TrainConfig& config, const TrainState& state,
                     const Networks& networks) {
  WeightsWriter writer;
  for (const ParameterStore* store : {&networks.generator, &networks.shape, &networks.appearance}) {
    store->save(writer);
    store->save_moments(writer, kMoments);
  }
  for (const auto& [key, value] : to_metadata(config.model)) writer.metadata(key, value);
  writer.metadata("train.gan", name_of(config.objective.gan));
  writer.metadata("train.device", config.device.name);
  writer.metadata("train.precision", config.device.precision);
  TrainConfig config_entries = config;
  TrainState state_entries = state;
  visit_entries(config_entries, state_entries, EntryWriter{writer});
  writer.write(path);
}

void save_generator(const std::string& path, const ModelConfig& model,
                    const ParameterStore& generator) {
  WeightsWriter writer;
  generator.save(writer);
  for (const auto& [key, value] : to_metadata(model)) writer.metadata(key, value);
  writer.write(path);
}

void read_checkpoint(const WeightsFile& file, TrainConfig& config, TrainState& state) {
  NRAM_USER_CHECK(file.metadata().count("train.step") == 1, file.path(),
                  ": this file holds weights but no training run to resume; give the "
                  "checkpoint.safetensors that nram train writes");
  config.model = config_of(file);
  config.objective.gan = parse_gan_loss(file.metadata_at("train.gan"));
  const auto read_if_there = [&](const char* key, std::string& value) {  // older files lack them
    const auto found = file.metadata().find(key);
    if (found != file.metadata().end()) value = found->second;
  };
  read_if_there("train.device", config.device.name);
  read_if_there("train.precision", config.device.precision);
  visit_entries(config, state, EntryReader{file});
  validate(config);
  NRAM_USER_CHECK(state.step >= 0 && state.total_steps >= state.step && config.batch >= 1,
                  file.path(), ": the training state is damaged; resume from another checkpoint");
}

void load_checkpoint(const WeightsFile& file, const Networks& networks) {
  for (const ParameterStore* store : {&networks.generator, &networks.shape, &networks.appearance}) {
    store->load(file);
    store->load_moments(file, kMoments);
  }
}

}  // namespace nram
