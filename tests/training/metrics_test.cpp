// Metrics against values from the definition, computed independently in double precision
// (tests/golden/README.md, `units`), and the rows of an evaluation.
#include "training/metrics.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/training/small_run.h"
#include "training/evaluate.h"

namespace nram {
namespace {

data::Image image_of(const WeightsFile& file, const std::string& name) {
  const TensorInfo& info = file.at(name);
  data::Image image(static_cast<int>(info.shape[info.shape.size() - 3]),
                    static_cast<int>(info.shape[info.shape.size() - 2]));
  const std::vector<double> values = file.read_double(name);
  for (size_t i = 0; i < values.size(); ++i) image.pixels[i] = static_cast<uint8_t>(values[i]);
  return image;
}

TEST(Metrics, AgreeWithTheDefinition) {
  const WeightsFile file =
      WeightsFile::open(std::string(NRAM_SOURCE_DIR) + "/tests/golden/units.safetensors");
  for (const std::string pair : {"metrics.0.", "metrics.1."}) {
    const data::Image truth = image_of(file, pair + "reference");
    const data::Image generated = image_of(file, pair + "generated");
    for (const Target target : {Target::kCpu, Target::kReference}) {
      Metrics metrics(truth.height, truth.width, device(target), 40);
      const ImageMetrics m = metrics.compare(truth, generated);
      EXPECT_NEAR(m.ssim, file.read_double(pair + "ssim")[0], 1e-6);
      EXPECT_NEAR(m.psnr, file.read_double(pair + "psnr")[0], 1e-9);
      EXPECT_NEAR(m.l1, file.read_double(pair + "l1")[0], 1e-9);
      EXPECT_NEAR(m.ssim_padded, file.read_double(pair + "ssim_padded")[0], 1e-6);
    }
  }
}

TEST(Metrics, EqualImagesAreAlike) {
  data::Image image(16, 12);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 37);
  Metrics metrics(16, 12, device(Target::kCpu));
  const ImageMetrics m = metrics.compare(image, image);
  EXPECT_NEAR(m.ssim, 1, 1e-6);
  EXPECT_NEAR(m.ssim_padded, 1, 1e-6);
  EXPECT_EQ(m.l1, 0);
}

TEST(Evaluate, HasItsRowsAndTheirMeans) {
  const ScratchFolder scratch("evaluate");
  make_people(scratch / "people");
  ModelConfig model = small_run("", "").model;
  const ParameterStore store(device(Target::kCpu), generator_specs(model), false);
  store.initialize(1);
  save_generator(scratch / "weights.safetensors", model, store);
  EvaluateOptions options;
  options.weights = scratch / "weights.safetensors";
  options.data = scratch / "people";
  options.pictures = scratch / "pictures";
  const Evaluation evaluation = evaluate(options);
  const nlohmann::json document = nlohmann::json::parse(to_json(evaluation));
  const data::Dataset dataset = data::open_dataset(options.data, "test");
  ASSERT_EQ(evaluation.rows.size(), 3u);
  Metrics metrics(model.height, model.width, device(Target::kCpu));
  for (const EvaluationRow& row : evaluation.rows) {
    ASSERT_EQ(row.pairs.size(), dataset.pairs.size());
    double mean = 0;
    for (const PairMetrics& pair : row.pairs) {
      mean += pair.metrics.ssim / static_cast<double>(row.pairs.size());
    }
    EXPECT_NEAR(document["rows"][row.name]["mean"]["ssim"].get<double>(), mean, 1e-12);
    EXPECT_NE(to_table(evaluation).find(row.name), std::string::npos);
  }
  for (size_t i = 0; i < dataset.pairs.size(); ++i) {
    const data::Image source = data::read_image(dataset.path(dataset.pairs[i].source));
    const data::Image target = data::read_image(dataset.path(dataset.pairs[i].target));
    EXPECT_NEAR(evaluation.rows[1].pairs[i].metrics.l1, metrics.compare(target, source).l1, 1e-9);
    const data::Image plain(model.height, model.width, data::border_median(source));
    EXPECT_NEAR(evaluation.rows[2].pairs[i].metrics.ssim, metrics.compare(target, plain).ssim,
                1e-9);
  }
  EXPECT_TRUE(std::filesystem::exists(scratch / "pictures/grid.png"));
}

}  // namespace
}  // namespace nram
