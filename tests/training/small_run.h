// A tiny data set and configurations for tests of training.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "data/synthetic_people.h"
#include "training/trainer.h"

namespace nram {

// A folder that is removed with its content.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / text("nram_", name, "_", getpid())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline void make_people(const std::string& directory) {
  data::SyntheticOptions options;
  options.height = 32;
  options.width = 24;
  options.train_identities = 3;
  options.test_identities = 1;
  options.poses_per_identity = 3;
  data::synthesize(directory, options);
}

inline TrainConfig small_run(const std::string& data, const std::string& output) {
  TrainConfig config;
  config.data = data;
  config.output = output;
  config.model.height = 32;
  config.model.width = 24;
  config.model.ngf = 2;
  config.model.blocks = 2;
  config.batch = 2;
  config.total_steps = 6;
  config.seed = 4;
  return config;
}

// All parameters and moments of all networks.
inline std::vector<float> everything(const Networks& networks) {
  std::vector<float> all;
  for (const ParameterStore* store : {&networks.generator, &networks.shape, &networks.appearance}) {
    for (size_t i = 0; i < store->specs().size(); ++i) {
      const std::vector<float> values = store->read(static_cast<int>(i));
      all.insert(all.end(), values.begin(), values.end());
    }
    for (const Tensor* moments : {&store->first_moments(), &store->second_moments()}) {
      const std::vector<float> values = moments->to_floats();
      all.insert(all.end(), values.begin(), values.end());
    }
  }
  return all;
}

inline std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace nram
