// A weights file put to use: a photo and two poses in, the person in the other pose out.
#pragma once

#include <memory>
#include <string>

#include "data/image.h"
#include "data/loader.h"
#include "training/step.h"

namespace nram {

struct TransferResult {
  data::Image source;
  data::Image pose;  // the target pose's skeleton
  data::Image generated;
  data::Image target;  // the truth, where the batch holds one
  // One map for each module, [height/4 * width/4] in (0, 1).
  std::vector<std::vector<float>> masks;
};

class Transferrer {
 public:
  // Reads the generator; user errors name file and tensor.
  Transferrer(const std::string& weights, Device& device);
  // Weights that are in memory, for `config` with any norm; they must outlive this.
  Transferrer(const ParameterStore& store, const ModelConfig& config);
  const ModelConfig& config() const { return config_; }
  // A batch of 1 of the model's image size.
  TransferResult run(const data::Batch& batch);

 private:
  ModelConfig config_;
  std::unique_ptr<ParameterStore> store_;  // where the weights are this object's own
  std::unique_ptr<GeneratorProgram> program_;
};

// A photo and both poses brought to the model's size by the rule of data/image.h. Keypoints are in
// pixels of the images that they were found in: the source's in `photo`, the target's in an image
// of `target_size`.
data::Batch photo_batch(const data::Image& photo, const data::Keypoints& source,
                        const data::Keypoints& target, data::ImageSize target_size,
                        const ModelConfig& config);

// Makes a folder with its parents; a user error if that fails.
void make_directory(const std::string& path);

// A grid of the masks over the generated image and as heat maps, with the module's number.
data::Image attention_grid(const TransferResult& result, const ModelConfig& config);

}  // namespace nram
