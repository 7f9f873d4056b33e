#include "training/parity.h"

#include <cmath>

#include "kernels/convolution/convolution.h"
#include "training/step.h"

namespace nram {
namespace {

// Values of one input tensor; its shape must be [n, a, b, c] or [n, a, b] as `shape` says.
std::vector<float> read_input(const WeightsFile& file, const std::string& name,
                              const std::vector<int64_t>& shape) {
  std::vector<float> values = file.read_float(name, shape);
  for (const float value : values) {
    NRAM_USER_CHECK(std::isfinite(value), file.path(), ": input ", name,
                    " holds a value that is not finite; write the inputs again");
  }
  return values;
}

struct Batch {
  int count;
  std::vector<float> source, target, keypoints_source, keypoints_target;
};

Batch read_batch(const WeightsFile& file, ModelConfig& model) {
  const TensorInfo& source = file.at("source");
  NRAM_USER_CHECK(source.shape.size() == 4 && source.shape[3] == 3 && source.shape[0] >= 1 &&
                      source.shape[0] <= 4096 && source.shape[1] <= 8192 && source.shape[2] <= 8192,
                  file.path(), ": source must have shape (N, H, W, 3)");
  const int64_t n = source.shape[0];
  model.height = static_cast<int>(source.shape[1]);
  model.width = static_cast<int>(source.shape[2]);
  validate(model);
  const std::vector<int64_t> image = source.shape;
  const std::vector<int64_t> points = {n, kKeypointCount, 2};
  return {static_cast<int>(n), read_input(file, "source", image), read_input(file, "target", image),
          read_input(file, "keypoints_source", points),
          read_input(file, "keypoints_target", points)};
}

void add_network(WeightsWriter& writer, const ParameterStore& store) {
  for (size_t i = 0; i < store.specs().size(); ++i) {
    const ParameterSpec& spec = store.specs()[i];
    writer.add("after." + spec.name, spec.file_shape, store.read(static_cast<int>(i)));
  }
}

void add_losses(WeightsWriter& writer, int step, const Losses& losses) {
  const std::pair<const char*, double> all[] = {
      {"gan", losses.gan},
      {"l1", losses.l1},
      {"style", losses.style},
      {"discriminator_shape", losses.discriminator_shape},
      {"discriminator_appearance", losses.discriminator_appearance}};
  for (const auto& [name, value] : all) {
    writer.add(text("loss.", step, ".", name), {1}, std::vector<double>{value});
  }
}

void add_first_step(WeightsWriter& writer, const TrainingStep& step,
                    const ParameterStore& generator, const ModelConfig& model) {
  const int64_t n = step.batch();
  writer.add("fake", {n, model.height, model.width, 3}, step.fake());
  for (int t = 0; t < model.blocks; ++t) {
    writer.add(text("mask.", t), {n, model.height / 4, model.width / 4, 1}, step.mask(t));
  }
  for (size_t i = 0; i < generator.specs().size(); ++i) {
    const ParameterSpec& spec = generator.specs()[i];
    if (!spec.trained) continue;
    writer.add("gradient." + spec.name, spec.file_shape,
               generator.read_gradient(static_cast<int>(i)));
  }
}

}  // namespace

void run_parity(const ParityOptions& options) {
  NRAM_USER_CHECK(options.steps >= 1, "--steps is ", options.steps, "; it must be at least 1");
  kernels::allow_winograd(kernels::winograd_allowed() && options.winograd);
  kernels::use_double_sums(!options.float_sums && !options.winograd);
  const WeightsFile weights = WeightsFile::open(options.weights);
  const WeightsFile inputs = WeightsFile::open(options.inputs);
  ModelConfig model = config_of(weights);
  model.inner_skip = model.inner_skip && options.inner_skip;
  const Batch batch = read_batch(inputs, model);
  const Networks networks(device(options.device), model,
                          discriminator_config_of(weights, shape_discriminator(model)),
                          discriminator_config_of(weights, appearance_discriminator(model)));
  networks.generator.load(weights);
  networks.shape.load(weights);
  networks.appearance.load(weights);
  load_vgg16(networks.vgg, weights);

  const AdamConfig adam;
  TrainingStep step(networks, batch.count, options.objective, adam, device(options.device), true);
  step.set_batch({batch.source, batch.target, batch.keypoints_source, batch.keypoints_target});
  WeightsWriter writer;
  for (int k = 0; k < options.steps; ++k) {
    const Losses losses = step.run(k + 1, adam.rate);
    if (k == 0) add_first_step(writer, step, networks.generator, model);
    add_losses(writer, k, losses);
  }
  for (const ParameterStore* store : {&networks.generator, &networks.shape, &networks.appearance}) {
    add_network(writer, *store);
  }
  for (const auto& [key, value] : to_metadata(model)) writer.metadata(key, value);
  writer.write(options.output);
}

}  // namespace nram
