#include "training/transfer.h"

#include <filesystem>

#include "data/draw.h"

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

std::vector<float> values_of(const data::Keypoints& keypoints) {
  std::vector<float> values;
  for (size_t k = 0; k < data::kKeypointCount; ++k) {
    values.push_back(keypoints.y[k]);
    values.push_back(keypoints.x[k]);
  }
  return values;
}

}  // namespace

Transferrer::Transferrer(const std::string& weights, Device& device) {
  const WeightsFile file = WeightsFile::open(weights);
  store_ = std::make_unique<ParameterStore>(load_generator(device, file, config_));
  program_ = std::make_unique<GeneratorProgram>(*store_, config_, 1, device);
}

Transferrer::Transferrer(const ParameterStore& store, const ModelConfig& config) : config_(config) {
  if (config.norm == Norm::kBatch) {
    store_ = std::make_unique<ParameterStore>(fold_batch_norm(store, config));
    config_.norm = Norm::kNone;
  }
  program_ =
      std::make_unique<GeneratorProgram>(store_ ? *store_ : store, config_, 1, store.device());
}

TransferResult Transferrer::run(const data::Batch& batch) {
  NRAM_CHECK(batch.count == 1 && batch.height == config_.height && batch.width == config_.width,
             "transfer takes one image of the model's size");
  const std::vector<float> fake =
      program_->run(batch.source, batch.keypoints_source, batch.keypoints_target);
  TransferResult result;
  result.source = data::from_floats(batch.source.data(), batch.height, batch.width);
  result.pose =
      data::draw_skeleton(keypoints_of(batch.keypoints_target), batch.height, batch.width);
  result.generated = data::from_floats(fake.data(), batch.height, batch.width);
  if (!batch.target.empty()) {
    result.target = data::from_floats(batch.target.data(), batch.height, batch.width);
  }
  for (int t = 0; t < config_.blocks; ++t) result.masks.push_back(program_->mask(t));
  return result;
}

data::Batch photo_batch(const data::Image& photo, const data::Keypoints& source,
                        const data::Keypoints& target, data::ImageSize target_size,
                        const ModelConfig& config) {
  const data::ImageSize size = {config.height, config.width};
  const data::Geometry from_photo = data::fit({photo.height, photo.width}, size);
  data::Batch batch;
  batch.count = 1;
  batch.height = config.height;
  batch.width = config.width;
  batch.source.resize(static_cast<size_t>(config.height) * static_cast<size_t>(config.width) * 3);
  data::to_floats(data::apply(from_photo, photo), batch.source.data());
  batch.keypoints_source = values_of(data::apply(from_photo, source));
  batch.keypoints_target = values_of(data::apply(data::fit(target_size, size), target));
  return batch;
}

void make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  NRAM_USER_CHECK(std::filesystem::is_directory(path), "the folder ", path, " cannot be made",
                  error ? " (" + error.message() + ")" : "", "; choose another");
}

data::Image attention_grid(const TransferResult& result, const ModelConfig& config) {
  const int rows = config.height / 4;
  const int columns = config.width / 4;
  std::vector<data::Image> maps = {result.source};
  std::vector<data::Image> overlays = {result.generated};
  data::GridOptions options;
  options.columns = {"source / result"};
  for (size_t t = 0; t < result.masks.size(); ++t) {
    const float* mask = result.masks[t].data();
    maps.push_back(data::draw_heat(mask, rows, columns, {config.height, config.width}));
    overlays.push_back(data::overlay_heat(result.generated, mask, rows, columns));
    options.columns.push_back(text("module ", t));
  }
  return data::compose_grid({maps, overlays}, options);
}

}  // namespace nram
