// Small data sets in temporary folders, and the checks that the data layer's tests share.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "data/dataset.h"
#include "data/image.h"
#include "kernels/common/error.h"
#include "kernels/common/philox.h"

namespace nram::data {

// A folder that is deleted at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "nram-data-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline void write_text(const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

inline std::string read_back(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Runs `action`, which must end in a user error; returns its sentence.
template <class Action>
std::string user_error(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_TRUE(error.is_user_mistake()) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

inline testing::AssertionResult has(const std::string& sentence, const std::string& part) {
  if (sentence.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << part << "' is not in: " << sentence;
}
#define EXPECT_HAS(sentence, part) EXPECT_TRUE(has(sentence, part))

// Random pixels, smooth enough that scaling means something.
inline Image random_image(int height, int width, uint64_t seed) {
  Random random(seed);
  Image image(height, width);
  uint8_t corner[4][3];
  for (auto& color : corner) {
    for (uint8_t& value : color) value = static_cast<uint8_t>(random.below(256));
  }
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double v = (y + 0.5) / height, u = (x + 0.5) / width;
      for (int c = 0; c < 3; ++c) {
        image.at(y, x)[c] =
            static_cast<uint8_t>((1 - v) * ((1 - u) * corner[0][c] + u * corner[1][c]) +
                                 v * ((1 - u) * corner[2][c] + u * corner[3][c]));
      }
    }
  }
  return image;
}

// All 18 points on an image of this size, whole numbers; `missing` of them left out.
inline Keypoints random_keypoints(int height, int width, uint64_t seed, int missing = 0) {
  Random random(seed, 1);
  Keypoints keypoints;
  for (int k = missing; k < kKeypointCount; ++k) {
    keypoints.y[k] = static_cast<float>(random.below(height));
    keypoints.x[k] = static_cast<float>(random.below(width));
  }
  return keypoints;
}

// `people` identities in two views each, paired both ways, as PNG images. Every picture differs.
inline Dataset make_dataset(const std::string& directory, const std::string& split, int people,
                            int height = 32, int width = 22) {
  Dataset dataset{directory, split, {}, {}, {}};
  std::filesystem::create_directories(directory + "/" + split);
  for (int person = 0; person < people; ++person) {
    const int first = static_cast<int>(dataset.images.size());
    for (const char* view : {"_1front", "_2side"}) {
      const uint64_t seed = dataset.images.size() + (split == "test" ? 1000 : 0);
      dataset.images.push_back({text(split, "id", person, view, ".png"),
                                random_keypoints(height, width, seed, person % 3), 0});
      write_image(dataset.path(static_cast<int>(dataset.images.size()) - 1),
                  random_image(height, width, seed));
    }
    dataset.pairs.push_back({first, first + 1});
    dataset.pairs.push_back({first + 1, first});
  }
  write_dataset_lists(dataset);
  return dataset;
}

// The folder with the sample of real photos, or empty.
inline std::string real_sample() {
  const char* path = std::getenv("NRAM_SAMPLE_DATA");
  return path ? path : "";
}

}  // namespace nram::data
