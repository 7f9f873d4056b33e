#include "training/step.h"

#include <cmath>
#include <limits>

#include "engine/ops/adam.h"
#include "engine/ops/concatenate.h"
#include "engine/ops/losses.h"

namespace nram {
namespace {

Shape image_shape(const ModelConfig& model, int batch) {
  return {batch, model.height, model.width, 3};
}

Shape keypoint_shape(int batch) { return {batch, kKeypointCount, 2}; }

// One fused Adam pass over a network's flat parameters; nothing changes when `guard` is not finite.
void append_adam(Graph& graph, const ParameterStore& store, const AdamOptions& options,
                 Variable step, Variable guard, const std::string& name) {
  const Graph::Scope scope(graph, name + ".adam");
  adam(graph.external(name + ".parameters", store.values()),
       graph.external(name + ".gradients", store.gradients()),
       graph.external(name + ".first_moments", store.first_moments()),
       graph.external(name + ".second_moments", store.second_moments()), step, options, guard);
}

}  // namespace

bool Losses::finite() const {
  return std::isfinite(gan) && std::isfinite(l1) && std::isfinite(style) && std::isfinite(ssim) &&
         std::isfinite(discriminator_shape) && std::isfinite(discriminator_appearance);
}

TrainingStep::TrainingStep(const Networks& networks, int batch, const ObjectiveConfig& objective,
                           const AdamConfig& adam_config, Device& device, bool fetch_masks,
                           const CompileOptions& options)
    : batch_(batch), adam_(adam_config) {
  NRAM_USER_CHECK(batch >= 1, "the batch size is ", batch, "; it must be at least 1");
  const ModelConfig& model = networks.model;
  pair_.source = graph_.input("source", image_shape(model, batch));
  pair_.target = graph_.input("target", image_shape(model, batch));
  pair_.keypoints_source = graph_.input("keypoints_source", keypoint_shape(batch));
  pair_.keypoints_target = graph_.input("keypoints_target", keypoint_shape(batch));
  step_ = graph_.input("step", {4});
  variables_ = append_objective(graph_, networks, objective, pair_);

  const LossVariables& losses = variables_.losses;
  std::vector<Variable> fetches = {variables_.output.image};
  std::vector<Variable> all_losses;
  for (const Variable& loss : {losses.gan, losses.l1, losses.style, losses.ssim,
                               losses.discriminator_shape, losses.discriminator_appearance}) {
    if (loss.valid()) all_losses.push_back(loss);
  }
  fetches.insert(fetches.end(), all_losses.begin(), all_losses.end());
  if (fetch_masks) {
    fetches.insert(fetches.end(), variables_.output.masks.begin(), variables_.output.masks.end());
  }
  const Variable guard = weighted_sum(all_losses, std::vector<double>(all_losses.size(), 1.0));
  const AdamOptions adam_options{adam_.beta1, adam_.beta2, adam_.epsilon};
  append_adam(graph_, networks.generator, adam_options, step_, guard, "generator");
  if (objective.lambda_gan != 0) {
    append_adam(graph_, networks.shape, adam_options, step_, guard, "discriminator_shape");
    append_adam(graph_, networks.appearance, adam_options, step_, guard,
                "discriminator_appearance");
  }
  program_ = std::make_unique<Program>(graph_, fetches, device, options);
}

int64_t TrainingStep::plan_bytes(const Networks& networks, int batch,
                                 const ObjectiveConfig& objective, const AdamConfig& adam,
                                 Device& device) {
  CompileOptions options;
  options.plan_only = true;
  const TrainingStep step(networks, batch, objective, adam, device, false, options);
  // Inputs are there twice on GPUs: in use and on their way.
  return step.program().arena_bytes() + 2 * step.program().input_bytes();
}

int TrainingStep::largest_batch(const Networks& networks, const ObjectiveConfig& objective,
                                const AdamConfig& adam, Device& device, int64_t bytes) {
  const auto fits = [&](int batch) {
    return plan_bytes(networks, batch, objective, adam, device) <= bytes;
  };
  int low = 0;
  int high = 1;
  while (high <= 4096 && fits(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

void TrainingStep::set_batch(const PairValues& pair) const {
  program_->set(pair_.source, pair.source);
  program_->set(pair_.target, pair.target);
  program_->set(pair_.keypoints_source, pair.keypoints_source);
  program_->set(pair_.keypoints_target, pair.keypoints_target);
}

Losses TrainingStep::run(int64_t count, double rate, std::vector<StepTime>* times) {
  const double t = static_cast<double>(count);
  const std::array<float, 4> step = {static_cast<float>(rate),
                                     static_cast<float>(1 - std::pow(adam_.beta1, t)),
                                     static_cast<float>(1 - std::pow(adam_.beta2, t)), 0.0f};
  program_->set(step_, std::span<const float>(step));
  program_->run(times);
  const auto value = [&](Variable loss) {
    return loss.valid() ? static_cast<double>(program_->fetch(loss)[0]) : 0.0;
  };
  const LossVariables& losses = variables_.losses;
  return {value(losses.gan),
          value(losses.l1),
          value(losses.style),
          value(losses.ssim),
          value(losses.discriminator_shape),
          value(losses.discriminator_appearance)};
}

std::string TrainingStep::find_not_finite() {
  // A rate that is not finite would reach the parameters only through Adam, which the guard stops.
  const std::optional<size_t> found = program_->run_until_not_finite();
  if (!found) return "no op (the same batch gave finite values when it ran again)";
  const Program::Step& step = program_->steps()[*found];
  return text("op ", step.op->name, " of ", step.label.empty() ? "the step" : step.label,
              " with output ", step.outputs[0].shape);
}

std::vector<float> TrainingStep::mask(int t) const {
  return program_->fetch(variables_.output.masks[static_cast<size_t>(t)]);
}

GeneratorProgram::GeneratorProgram(const ParameterStore& store, const ModelConfig& config,
                                   int batch, Device& device, const CompileOptions& options)
    : config_(config), batch_(batch) {
  source_ = graph_.input("source", image_shape(config, batch));
  keypoints_source_ = graph_.input("keypoints_source", keypoint_shape(batch));
  keypoints_target_ = graph_.input("keypoints_target", keypoint_shape(batch));
  ParameterBinding parameters(graph_, store);
  const Variable heatmaps = concatenate(
      {pose_heatmaps(keypoints_source_, config), pose_heatmaps(keypoints_target_, config)});
  output_ = generator(parameters, config, Mode::kInference, source_, heatmaps);
  std::vector<Variable> fetches = output_.masks;
  fetches.push_back(output_.image);
  program_ = std::make_unique<Program>(graph_, fetches, device, options);
}

std::vector<float> GeneratorProgram::run(std::span<const float> source,
                                         std::span<const float> keypoints_source,
                                         std::span<const float> keypoints_target,
                                         std::vector<StepTime>* times) {
  program_->set(source_, source);
  program_->set(keypoints_source_, keypoints_source);
  program_->set(keypoints_target_, keypoints_target);
  program_->run(times);
  return program_->fetch(output_.image);
}

std::vector<float> GeneratorProgram::mask(int t) const {
  return program_->fetch(output_.masks[static_cast<size_t>(t)]);
}

}  // namespace nram
