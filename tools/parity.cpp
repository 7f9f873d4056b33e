#include "training/parity.h"

#include <memory>

#include "tools/commands.h"

namespace nram::tools {

void add_parity(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "parity",
      "Write outputs, losses, gradients and updated weights of a few training steps, to "
      "compare with another implementation");
  const auto options = std::make_shared<ParityOptions>();
  command
      ->add_option("--weights", options->weights,
                   "safetensors with generator.*, discriminator_shape.*, "
                   "discriminator_appearance.* and vgg16.features.*")
      ->required();
  command
      ->add_option("--inputs", options->inputs,
                   "safetensors with source, target (N,H,W,3 in [-1,1]) and keypoints_source, "
                   "keypoints_target (N,18,2 as y,x; -1 missing)")
      ->required();
  command->add_option("--steps", options->steps, "Training steps on that batch")
      ->capture_default_str();
  command->add_option("--output", options->output, "safetensors file to write")->required();
  command->add_flag("!--no-inner-skip", options->inner_skip,
                    "The residual block has no skip of its own");
  command->add_flag("--winograd", options->winograd,
                    "Run convolutions as training does, Winograd included: faster, rounds most");
  command->add_flag("--float-sums", options->float_sums,
                    "Sum convolutions in float32, without Winograd; otherwise the cpu sums in "
                    "double and rounds once");
  command->add_option_function<std::string>(
      "--gan",
      [options](const std::string& name) { options->objective.gan = parse_gan_loss(name); },
      "bce (default) or lsgan");
  add_device_option(*command, options->device);
  add_threads_option(*command);
  command->callback([options] { run_parity(*options); });
}

}  // namespace nram::tools
