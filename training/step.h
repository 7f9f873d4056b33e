// One training step of all three networks as one program: forward, losses, gradients, Adam. And its
// little sister, the generator alone, for inference.
#pragma once

#include <memory>
#include <optional>

#include "engine/program.h"
#include "training/objective.h"

namespace nram {

struct AdamConfig {
  double rate = 2e-4;
  double beta1 = 0.5;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

// Host memory of a batch, as the data loader gives it.
struct PairValues {
  std::span<const float> source;            // N*H*W*3
  std::span<const float> target;            // N*H*W*3
  std::span<const float> keypoints_source;  // N*18*2
  std::span<const float> keypoints_target;
};

// Unweighted losses of one step; 0 for parts that are left out.
struct Losses {
  double gan = 0;
  double l1 = 0;
  double style = 0;
  double ssim = 0;  // 1 - SSIM
  double discriminator_shape = 0;
  double discriminator_appearance = 0;
  bool finite() const;
};

class TrainingStep {
 public:
  // `networks` must outlive the step. With `fetch_masks` the masks can be read after a step.
  TrainingStep(const Networks& networks, int batch, const ObjectiveConfig& objective,
               const AdamConfig& adam, Device& device, bool fetch_masks = false,
               const CompileOptions& options = {});

  // Bytes of device memory that a step of this batch needs beside the networks.
  static int64_t plan_bytes(const Networks& networks, int batch, const ObjectiveConfig& objective,
                            const AdamConfig& adam, Device& device);
  // The largest batch whose step fits into `bytes`; 0 if none does.
  static int largest_batch(const Networks& networks, const ObjectiveConfig& objective,
                           const AdamConfig& adam, Device& device, int64_t bytes);

  void set_batch(const PairValues& pair) const;
  // Gradients and updates from the batch set last. `count` is the number of this step, from 1
  // (Adam's bias correction). Where a loss is not finite no network changes.
  Losses run(int64_t count, double rate, std::vector<StepTime>* times = nullptr);
  // Runs the batch set last again, with no update, up to the first op whose output is not finite,
  // and names it.
  std::string find_not_finite();

  std::vector<float> fake() const { return program_->fetch(variables_.output.image); }
  std::vector<float> mask(int t) const;
  const Program& program() const { return *program_; }
  int batch() const { return batch_; }

 private:
  Graph graph_;
  int batch_;
  AdamConfig adam_;
  PairVariables pair_;
  ObjectiveVariables variables_;
  Variable step_;
  std::unique_ptr<Program> program_;
};

class GeneratorProgram {
 public:
  // `store` holds the weights for `config` (norm instance or none) and must outlive the program.
  GeneratorProgram(const ParameterStore& store, const ModelConfig& config, int batch,
                   Device& device, const CompileOptions& options = {});
  // Sets N images and poses, runs, returns N*H*W*3 values in [-1, 1].
  std::vector<float> run(std::span<const float> source, std::span<const float> keypoints_source,
                         std::span<const float> keypoints_target,
                         std::vector<StepTime>* times = nullptr);
  // After a run: the mask of module t, N*H/4*W/4 values.
  std::vector<float> mask(int t) const;
  int batch() const { return batch_; }
  const ModelConfig& config() const { return config_; }
  const Program& program() const { return *program_; }

 private:
  Graph graph_;
  ModelConfig config_;
  int batch_;
  Variable source_;
  Variable keypoints_source_;
  Variable keypoints_target_;
  GeneratorOutput output_;
  std::unique_ptr<Program> program_;
};

}  // namespace nram
