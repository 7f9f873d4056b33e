// Numbers that need no file: the golden files' weights and inputs from a formula, and digests of
// tensors too large to store. README.md beside this file states the formula; formula.py is the same
// in Python. Weights agree bit for bit, images to an ulp of the two libraries' sines.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/common/philox.h"

namespace nram::golden {

inline constexpr int kProjections = 16;

// The Philox key of a name: its 64-bit FNV-1a hash.
inline std::array<uint32_t, 2> name_key(std::string_view name) {
  uint64_t value = 0xCBF29CE484222325u;
  for (const char c : name) value = (value ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  return {static_cast<uint32_t>(value), static_cast<uint32_t>(value >> 32)};
}

// Element i of the stream called by that key: uniform in [-1, 1), exact in float32.
inline float uniform(std::array<uint32_t, 2> key, uint32_t i) {
  const uint32_t word = philox({i, 0, 0, 0}, key)[0];
  return static_cast<float>(((word >> 8) * (1.0 / 16777216.0) - 0.5) * 2.0);
}

// The values, in the interchange layout, of the weight or bias called `name`.
inline std::vector<float> tensor(std::string_view name, const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  if (name.ends_with(".running_mean")) return std::vector<float>(count, 0.0f);
  if (name.ends_with(".running_var")) return std::vector<float>(count, 1.0f);
  float scale = 0.05f;
  if (shape.size() > 1) {
    scale = static_cast<float>(std::sqrt(6.0 / static_cast<double>(count / shape[0])));
  }
  const auto key = name_key(name);
  std::vector<float> values(count);
  for (int64_t i = 0; i < count; ++i) values[i] = uniform(key, static_cast<uint32_t>(i)) * scale;
  return values;
}

// The input image batch called `name` (source or target): samples x height x width x 3 in [-1, 1].
inline std::vector<float> image(const std::string& name, int samples, int height, int width) {
  const auto waves = name_key(name + ".waves");
  const auto noise = name_key(name + ".noise");
  std::vector<float> values(static_cast<size_t>(samples) * height * width * 3);
  for (size_t i = 0; i < values.size(); ++i) {
    const int channel = static_cast<int>(i % 3);
    const int column = static_cast<int>(i / 3 % width);
    const int row = static_cast<int>(i / 3 / width % height);
    const int sample = static_cast<int>(i / 3 / width / height);
    double smooth = 0;
    for (int wave = 0; wave < 4; ++wave) {
      const uint32_t first = ((sample * 3 + channel) * 4 + wave) * 4;
      const auto constant = [&](uint32_t offset) {
        return (static_cast<double>(uniform(waves, first + offset)) + 1) / 2;
      };
      const double turns = std::floor(6 * constant(0)) * (static_cast<double>(row) / height) +
                           std::floor(6 * constant(1)) * (static_cast<double>(column) / width);
      smooth += constant(3) * std::sin(2 * std::numbers::pi * (turns + constant(2)));
    }
    values[i] = static_cast<float>(
        0.8 * (smooth / 4) + 0.2 * static_cast<double>(uniform(noise, static_cast<uint32_t>(i))));
  }
  return values;
}

// The keypoints called `name` (keypoints_source or keypoints_target): samples x 18 x 2 as y, x;
// about one in seven is missing (-1, -1).
inline std::vector<float> keypoints(const std::string& name, int samples, int height, int width) {
  const auto key = name_key(name);
  std::vector<float> values;
  for (uint32_t point = 0; point < static_cast<uint32_t>(samples) * 18; ++point) {
    const auto unit = [&](uint32_t offset) {
      return (static_cast<double>(uniform(key, point * 3 + offset)) + 1) / 2;
    };
    const bool missing = unit(2) < 1.0 / 7.0;
    values.push_back(missing ? -1.0f : static_cast<float>(std::floor(unit(0) * height)));
    values.push_back(missing ? -1.0f : static_cast<float>(std::floor(unit(1) * width)));
  }
  return values;
}

// [L2 norm, 16 random projections] of the tensor whose digest is stored under `name` (the name
// after "digest."; values in the interchange layout).
inline std::vector<double> digest(std::string_view name, const std::vector<float>& values) {
  const auto key = name_key(name);
  std::vector<double> sums(1 + kProjections, 0.0);
  for (size_t i = 0; i < values.size(); ++i) {
    const uint32_t bits = philox({static_cast<uint32_t>(i), 1, 0, 0}, key)[1];
    const double value = values[i];
    sums[0] += value * value;
    for (int p = 0; p < kProjections; ++p) sums[1 + p] += (bits >> p) & 1 ? value : -value;
  }
  sums[0] = std::sqrt(sums[0]);
  return sums;
}

// Estimates |a - b| / |b| of two tensors from their digests (standard error 18 %).
inline double relative_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double squares = 0;
  for (int p = 1; p <= kProjections; ++p) squares += (a[p] - b[p]) * (a[p] - b[p]);
  return std::sqrt(squares / kProjections) / b[0];
}

}  // namespace nram::golden
