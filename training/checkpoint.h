// Everything a training run is: its configuration, where it stands, and its files.
#pragma once

#include <cstdint>
#include <string>

#include "training/step.h"

namespace nram {

struct TrainConfig {
  std::string data;    // directory in the DeepFashion layout; its train part is used
  std::string output;  // directory for checkpoints and sample pictures
  ModelConfig model;
  ObjectiveConfig objective;
  AdamConfig adam;
  int batch = 8;
  int64_t epochs = 800;
  int64_t total_steps = 0;  // overrides epochs when not 0
  double minutes = 0;       // overrides both: as many steps as fit, measured at the start
  uint64_t seed = 1;
  bool flip = true;
  bool skip_missing = false;
  std::string vgg;  // safetensors file; empty: from the seed
  DeviceOptions device = "cpu";
  double checkpoint_minutes = 5;
  double sample_minutes = 1;
};

// Where a run stands; with the stores' contents all that resuming needs.
struct TrainState {
  int64_t step = 0;         // finished steps
  int64_t total_steps = 0;  // when the schedule ends
  int64_t pair_count = 0;   // of the data set the run was started with
};

// User errors for values that nothing can be trained with.
void validate(const TrainConfig& config);

// The learning rate of step `step` (from 0): constant for the first half, then linear towards 0 at
// `total_steps`.
double scheduled_rate(double rate, int64_t step, int64_t total_steps);

// Writes all networks, both moments, configuration and state as one file, atomically.
void save_checkpoint(const std::string& path, const TrainConfig& config, const TrainState& state,
                     const Networks& networks);
// Writes the generator alone, for inference.
void save_generator(const std::string& path, const ModelConfig& model,
                    const ParameterStore& generator);
// What a checkpoint was trained with and how far: no flags needed. User error if it is no
// checkpoint.
void read_checkpoint(const WeightsFile& file, TrainConfig& config, TrainState& state);
// The networks and moments of a checkpoint.
void load_checkpoint(const WeightsFile& file, const Networks& networks);

}  // namespace nram
