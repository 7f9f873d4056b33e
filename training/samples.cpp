#include "training/samples.h"

#include "data/draw.h"
#include "data/loader.h"
#include "training/step.h"

namespace nram {
namespace {

data::Keypoints keypoints_of(const std::vector<float>& values) {
  data::Keypoints keypoints;
  for (size_t k = 0; k < data::kKeypointCount; ++k) {
    keypoints.y[k] = values[2 * k];
    keypoints.x[k] = values[2 * k + 1];
  }
  return keypoints;
}

}  // namespace

void write_sample_grid(const std::string& path, const ParameterStore& store,
                       const ModelConfig& config, const data::Dataset& dataset, size_t rows,
                       const std::string& title) {
  if (config.norm == Norm::kBatch) {
    const ParameterStore folded = fold_batch_norm(store, config);
    ModelConfig folded_config = config;
    folded_config.norm = Norm::kNone;
    return write_sample_grid(path, folded, folded_config, dataset, rows, title);
  }
  GeneratorProgram program(store, config, 1, store.device());
  std::vector<std::vector<data::Image>> grid;
  rows = std::min(rows, dataset.pairs.size());
  for (size_t i = 0; i < rows; ++i) {
    const int pair = static_cast<int>(i * dataset.pairs.size() / rows);
    const data::Batch batch = data::load_pair(dataset, pair, config.height, config.width);
    const std::vector<float> fake =
        program.run(batch.source, batch.keypoints_source, batch.keypoints_target);
    grid.push_back(
        {data::from_floats(batch.source.data(), config.height, config.width),
         data::draw_skeleton(keypoints_of(batch.keypoints_target), config.height, config.width),
         data::from_floats(fake.data(), config.height, config.width),
         data::from_floats(batch.target.data(), config.height, config.width)});
  }
  data::GridOptions options;
  options.columns = {"source", "target pose", "generated", "truth"};
  options.title = title;
  data::write_image(path, data::compose_grid(grid, options));
}

}  // namespace nram
