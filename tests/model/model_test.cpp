// Architectures: parameter counts and names, configurations from files, batch norm folded away.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "engine/program.h"
#include "kernels/common/philox.h"
#include "model/discriminator.h"
#include "model/generator.h"
#include "model/vgg16.h"

namespace nram {
namespace {

int64_t parameters(const std::vector<ParameterSpec>& specs) {
  int64_t total = 0;
  for (const ParameterSpec& spec : specs) {
    if (!spec.trained) continue;
    int64_t count = 1;
    for (const int64_t dim : spec.file_shape) count *= dim;
    total += count;
  }
  return total;
}

ModelConfig small_config() {
  ModelConfig config;
  config.height = 24;
  config.width = 16;
  config.ngf = 3;
  config.blocks = 2;
  return config;
}

std::string scratch_file(const std::string& name) {
  return (std::filesystem::temp_directory_path() / text("nram_model_", getpid(), "_", name))
      .string();
}

TEST(Model, HasThePublishedNumbersOfParameters) {
  const ModelConfig config;
  EXPECT_EQ(parameters(generator_specs(config)), 41347980);
  EXPECT_EQ(parameters(discriminator_specs(shape_discriminator(config))), 3975745);
  EXPECT_EQ(parameters(discriminator_specs(appearance_discriminator(config))), 3928705);
}

TEST(Model, NamesItsParametersAsTheDescriptionDoes) {
  const std::vector<ParameterSpec> specs = generator_specs(small_config());
  const auto shape_of = [&](const std::string& name) {
    for (const ParameterSpec& spec : specs) {
      if (spec.name == name) return spec.file_shape;
    }
    return std::vector<int64_t>{};
  };
  EXPECT_EQ(shape_of("generator.pose_encoder.conv0.weight"), (std::vector<int64_t>{3, 36, 7, 7}));
  EXPECT_EQ(shape_of("generator.blocks.0.pose.conv0.weight"), (std::vector<int64_t>{12, 12, 3, 3}));
  EXPECT_EQ(shape_of("generator.blocks.1.pose.conv0.weight"), (std::vector<int64_t>{24, 24, 3, 3}));
  EXPECT_EQ(shape_of("generator.blocks.1.pose.conv1.weight"), (std::vector<int64_t>{12, 24, 3, 3}));
  EXPECT_EQ(shape_of("generator.blocks.1.mask.bias"), (std::vector<int64_t>{1}));
  EXPECT_EQ(shape_of("generator.decoder.deconv0.weight"), (std::vector<int64_t>{12, 6, 3, 3}));
  EXPECT_EQ(shape_of("generator.decoder.conv.weight"), (std::vector<int64_t>{3, 3, 7, 7}));
  EXPECT_TRUE(shape_of("generator.decoder.deconv0.bias").empty());
}

// Every switch survives a file, with metadata and (but for what shapes cannot tell) without.
TEST(Model, ReadsItsArchitectureFromAFile) {
  const std::string path = scratch_file("config.safetensors");
  for (const Norm norm : {Norm::kInstance, Norm::kBatch, Norm::kNone}) {
    for (const PoseStream stream : {PoseStream::kFull, PoseStream::kNarrow}) {
      for (const bool metadata : {true, false}) {
        ModelConfig config = small_config();
        config.norm = norm;
        config.pose_stream = stream;
        config.inner_skip = !metadata;
        const ParameterStore store(device(Target::kCpu), generator_specs(config), false);
        WeightsWriter writer;
        store.save(writer);
        if (metadata) {
          for (const auto& [key, value] : to_metadata(config)) writer.metadata(key, value);
        } else {
          config.height = ModelConfig{}.height;
          config.width = ModelConfig{}.width;
        }
        writer.write(path);
        EXPECT_EQ(config_of(WeightsFile::open(path)), config);
      }
    }
  }
  std::filesystem::remove(path);
}

TEST(Model, RefusesSizesThatDoNotFit) {
  for (const auto& [height, width] : {std::pair(255, 176), std::pair(256, 178), std::pair(8, 16)}) {
    ModelConfig config;
    config.height = height;
    config.width = width;
    EXPECT_THROW(generator_specs(config), Error);
  }
}

struct Inference {
  std::vector<float> image;
  std::vector<float> mask;
};

Inference infer(const ParameterStore& store, const ModelConfig& config) {
  Graph graph;
  const Variable source = graph.input("source", {2, config.height, config.width, 3});
  const Variable maps = graph.input("maps", {2, config.height, config.width, 36});
  ParameterBinding binding(graph, store);
  const GeneratorOutput output = generator(binding, config, Mode::kInference, source, maps);
  Program program(graph, {output.image, output.masks[1]}, device(Target::kCpu));
  Random random(5);
  for (const Variable& input : {source, maps}) {
    std::vector<float> values(static_cast<size_t>(input.shape().count()));
    for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
    program.set(input, std::span<const float>(values));
  }
  program.run();
  return {program.fetch(output.image), program.fetch(output.masks[1])};
}

TEST(Model, EveryVariantRunsAndStaysInRange) {
  for (const Norm norm : {Norm::kInstance, Norm::kNone}) {
    for (const PoseStream stream : {PoseStream::kFull, PoseStream::kNarrow}) {
      for (const bool inner_skip : {true, false}) {
        ModelConfig config = small_config();
        config.norm = norm;
        config.pose_stream = stream;
        config.inner_skip = inner_skip;
        const ParameterStore store(device(Target::kCpu), generator_specs(config), false);
        store.initialize(3);
        const Inference result = infer(store, config);
        for (const float value : result.image) EXPECT_LE(std::abs(value), 1.0f);
        for (const float value : result.mask) EXPECT_TRUE(value > 0.0f && value < 1.0f);
      }
    }
  }
}

// Folding must equal dividing by the running deviation: checked through statistics that do nothing
// (mean 0, variance 1 - eps), and through a scale of all statistics that must leave the output of
// norm none's first layers scaled accordingly.
TEST(Model, FoldsBatchNorm) {
  ModelConfig batch = small_config();
  batch.norm = Norm::kBatch;
  const ParameterStore store(device(Target::kCpu), generator_specs(batch), false);
  store.initialize(11);
  Random random(2);
  for (size_t i = 0; i < store.specs().size(); ++i) {
    std::vector<float> values = store.read(static_cast<int>(i));
    if (store.specs()[i].name.ends_with("running_mean")) {
      for (float& value : values) value = static_cast<float>(random.uniform(-0.5, 0.5));
    } else if (store.specs()[i].name.ends_with("running_var")) {
      for (float& value : values) value = static_cast<float>(random.uniform(0.5, 2));
    } else {
      continue;
    }
    store.write(static_cast<int>(i), values);
  }
  const ParameterStore folded = fold_batch_norm(store, batch);
  for (const std::string layer :
       {"generator.pose_encoder.conv1", "generator.blocks.1.appearance.conv1",
        "generator.decoder.deconv1"}) {
    const std::vector<float> weight = store.read(store.index(layer + ".weight"));
    const std::vector<float> mean = store.read(store.index(layer + ".running_mean"));
    const std::vector<float> variance = store.read(store.index(layer + ".running_var"));
    const std::vector<float> new_weight = folded.read(folded.index(layer + ".weight"));
    const std::vector<float> bias = folded.read(folded.index(layer + ".bias"));
    const bool transposed = layer.find("deconv") != std::string::npos;
    const size_t outputs = mean.size();
    const size_t taps = 9;
    const size_t inputs = weight.size() / taps / outputs;
    for (size_t o = 0; o < outputs; ++o) {
      const double scale = 1 / std::sqrt(variance[o] + 1e-5);
      EXPECT_NEAR(bias[o], -mean[o] * scale, 1e-6);
      for (size_t i = 0; i < inputs; ++i) {
        for (size_t k = 0; k < taps; ++k) {
          const size_t at = (transposed ? i * outputs + o : o * inputs + i) * taps + k;
          EXPECT_NEAR(new_weight[at], weight[at] * scale, 1e-7);
        }
      }
    }
  }
  ModelConfig none = batch;
  none.norm = Norm::kNone;
  EXPECT_EQ(infer(folded, none).image.size(), 2u * 24 * 16 * 3);
}

TEST(Model, VggTakesTorchvisionsNames) {
  const std::vector<ParameterSpec> specs = vgg16_specs();
  EXPECT_EQ(specs.front().name, "vgg16.features.0.weight");
  EXPECT_EQ(specs.back().name, "vgg16.features.21.bias");
  EXPECT_EQ(specs.size(), 20u);
}

}  // namespace
}  // namespace nram
