#include <cstdio>
#include <memory>
#include <sstream>

#include "tools/commands.h"
#include "tools/progress.h"
#include "training/trainer.h"

namespace nram::tools {
namespace {

struct TrainOptions {
  TrainConfig config;
  std::string resume;
  bool device_given = false;
};

// The losses that take part.
std::string detail(const StepReport& report) {
  const Losses& l = report.losses;
  std::ostringstream line;
  line.precision(3);
  line << report.images_per_second << " images/s  l1 " << l.l1;
  const std::pair<const char*, double> others[] = {{"ssim", l.ssim},
                                                   {"style", l.style},
                                                   {"gan", l.gan},
                                                   {"d_shape", l.discriminator_shape},
                                                   {"d_appearance", l.discriminator_appearance}};
  for (const auto& [name, value] : others) {
    if (value != 0) line << "  " << name << ' ' << value;
  }
  line << "  " << duration_text(report.seconds_left) << " left";
  return line.str();
}

void train(const TrainOptions& options) {
  ProgressBar bar;
  TrainCallbacks callbacks;
  callbacks.on_message = [&](const std::string& line) { bar.message(line); };
  callbacks.on_step = [&](const StepReport& report) {
    bar.update(report.step, report.total_steps, detail(report));
  };
  std::unique_ptr<Trainer> trainer;
  if (!options.resume.empty()) {
    TrainConfig overrides = options.config;
    if (!options.device_given) overrides.device.name.clear();
    trainer = Trainer::resume(options.resume, overrides, callbacks);
  } else {
    NRAM_USER_CHECK(!options.config.data.empty() && !options.config.output.empty(),
                    "train needs --data DIR and --output DIR (or --resume CHECKPOINT)");
    trainer = std::make_unique<Trainer>(options.config, callbacks);
  }
  const TrainEnd end = trainer->run(watch_interrupts());
  bar.finish();
  std::printf("%s after %lld steps. Weights: %s  checkpoint: %s  pictures: %s\n",
              end == TrainEnd::kFinished ? "trained" : "interrupted",
              static_cast<long long>(trainer->state().step), trainer->generator_path().c_str(),
              trainer->checkpoint_path().c_str(), trainer->samples_path().c_str());
  if (end == TrainEnd::kInterrupted) {
    std::printf("Go on with: nram train --resume %s\n", trainer->checkpoint_path().c_str());
  }
}

void add_model_options(CLI::App& command, TrainConfig& config) {
  ModelConfig& model = config.model;
  const std::string group = "Model";
  command.add_option("--height", model.height, "Image rows, a multiple of 4")
      ->capture_default_str()
      ->group(group);
  command.add_option("--width", model.width, "Image columns, a multiple of 4")
      ->capture_default_str()
      ->group(group);
  command.add_option("--ngf", model.ngf, "Width of the networks")
      ->capture_default_str()
      ->group(group);
  command.add_option("--blocks", model.blocks, "Nested residual attention modules")
      ->capture_default_str()
      ->group(group);
  command
      .add_option_function<std::string>(
          "--norm", [&model](const std::string& name) { model.norm = parse_norm(name); },
          "instance (default), batch or none")
      ->group(group);
  command
      .add_flag("!--no-inner-skip", model.inner_skip,
                "Leave out the skip inside of the residual blocks")
      ->group(group);
  command
      .add_option_function<std::string>(
          "--pose-stream",
          [&model](const std::string& name) { model.pose_stream = parse_pose_stream(name); },
          "full (default) or narrow, the light variant")
      ->group(group);
}

void add_objective_options(CLI::App& command, TrainConfig& config) {
  const std::string group = "Objective and optimizer";
  command
      .add_option_function<std::string>(
          "--gan",
          [&config](const std::string& name) { config.objective.gan = parse_gan_loss(name); },
          "bce (default) or lsgan")
      ->group(group);
  command
      .add_option("--lambda-gan", config.objective.lambda_gan, "Weight of the GAN loss; 0: none")
      ->capture_default_str()
      ->group(group);
  command.add_option("--lambda-l1", config.objective.lambda_l1, "Weight of the L1 loss")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--lambda-style", config.objective.lambda_style,
                  "Weight of the style loss; 0: none")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--lambda-ssim", config.objective.lambda_ssim,
                  "Weight of 1 - SSIM (not in the paper); 0: none")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--vgg", config.vgg,
                  "VGG-16 weights for the style loss (safetensors, torchvision's names); "
                  "without them, random ones from the seed")
      ->group(group);
  command
      .add_option("--rate", config.adam.rate,
                  "Adam's learning rate: constant for the first half, then linear to 0")
      ->capture_default_str()
      ->group(group);
  command.add_option("--batch", config.batch, "Pairs in a step")
      ->capture_default_str()
      ->group(group);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "train", "Train a model on a data set, or go on with a checkpoint. Ctrl-C saves and ends");
  const auto options = std::make_shared<TrainOptions>();
  TrainConfig& config = options->config;
  config.device = "cpu";
  command->add_option("--data", config.data,
                      "Data set in the DeepFashion layout (its train part is used)");
  command->add_option("--output", config.output, "Folder for weights, checkpoint and pictures");
  command->add_option(
      "--resume", options->resume,
      "Go on with this checkpoint; it knows all other options. --steps sets another end, --device "
      "and --precision another place");
  const auto epochs = command->add_option("--epochs", config.epochs, "Passes over all pairs")
                          ->capture_default_str();
  const auto steps = command->add_option("--steps", config.total_steps, "Steps instead of epochs");
  const auto minutes = command->add_option(
      "--minutes", config.minutes, "As many steps as fit in this time, measured at the start");
  epochs->excludes(steps)->excludes(minutes);
  steps->excludes(minutes);
  command->add_option("--seed", config.seed, "Seed of weights, order and flips")
      ->capture_default_str();
  command->add_flag("!--no-flip", config.flip, "Do not mirror pairs at random");
  command->add_flag("--skip-missing", config.skip_missing,
                    "Leave out pairs whose images are missing");
  command->add_option("--checkpoint-minutes", config.checkpoint_minutes, "Time between checkpoints")
      ->capture_default_str();
  command->add_option("--sample-minutes", config.sample_minutes, "Time between sample pictures")
      ->capture_default_str();
  add_model_options(*command, config);
  add_objective_options(*command, config);
  add_device_option(*command, config.device);
  add_threads_option(*command);
  command->callback([options, command] {
    options->device_given = command->count("--device") > 0;
    train(*options);
  });
}

}  // namespace nram::tools
