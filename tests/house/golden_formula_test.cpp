// The golden files' formula in C++ gives what the Python that made them gave.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/golden/formula.h"

namespace nram::golden {
namespace {

const std::string kSalt = ".94";  // of the small case

struct Entry {
  std::vector<int64_t> shape;
  std::vector<char> bytes;
  template <class T>
  std::vector<T> as() const {
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
};

std::map<std::string, Entry> load(const std::string& name) {
  std::ifstream file(NRAM_SOURCE_DIR "/tests/golden/" + name + ".safetensors", std::ios::binary);
  uint64_t length = 0;
  file.read(reinterpret_cast<char*>(&length), sizeof length);
  std::string text(length, ' ');
  file.read(text.data(), static_cast<std::streamsize>(length));
  std::map<std::string, Entry> entries;
  const auto header = nlohmann::json::parse(text);
  for (const auto& [key, value] : header.items()) {
    if (key == "__metadata__") continue;
    Entry& entry = entries[key];
    entry.shape = value["shape"].get<std::vector<int64_t>>();
    const auto offsets = value["data_offsets"].get<std::vector<uint64_t>>();
    entry.bytes.resize(offsets[1] - offsets[0]);
    file.seekg(static_cast<std::streamoff>(8 + length + offsets[0]));
    file.read(entry.bytes.data(), static_cast<std::streamsize>(entry.bytes.size()));
  }
  EXPECT_TRUE(file.good()) << name;
  return entries;
}

TEST(GoldenFormula, WeightsAreBitForBitThoseOfTheFile) {
  const auto weights = load("tiny_weights");
  ASSERT_EQ(weights.size(), 44u);
  for (const auto& [name, entry] : weights) {
    EXPECT_EQ(entry.as<float>(), tensor(name, entry.shape)) << name;
  }
}

TEST(GoldenFormula, InputsAreThoseOfTheFile) {
  auto inputs = load("small_inputs");
  for (const std::string name : {"source", "target"}) {
    const auto stored = inputs.at(name).as<float>();
    const auto made = image(name + kSalt, 2, 32, 24);
    ASSERT_EQ(stored.size(), made.size());
    for (size_t i = 0; i < made.size(); ++i) ASSERT_NEAR(stored[i], made[i], 1.2e-7) << i;
  }
  for (const std::string name : {"keypoints_source", "keypoints_target"}) {
    EXPECT_EQ(inputs.at(name).as<float>(), keypoints(name + kSalt, 2, 32, 24)) << name;
  }
}

TEST(GoldenFormula, DigestsAreThoseOfTheFileAndSeeAnError) {
  const auto units = load("units");
  const auto stored = units.at("digest.example").as<double>();
  auto values = tensor("example", {40, 10, 3, 3});
  const auto made = digest("example", values);
  ASSERT_EQ(stored.size(), made.size());
  for (size_t i = 0; i < made.size(); ++i) EXPECT_NEAR(stored[i], made[i], 1e-9 * stored[0]) << i;
  const auto other = tensor("other", {40, 10, 3, 3});
  for (size_t i = 0; i < values.size(); ++i) values[i] += 0.01f * other[i];
  const double distance = relative_distance(digest("example", values), stored);
  EXPECT_GT(distance, 0.005);
  EXPECT_LT(distance, 0.02);
}

}  // namespace
}  // namespace nram::golden
