#include "data/keypoints.h"

#include <algorithm>
#include <cmath>

#include "kernels/common/error.h"

namespace nram::data {
namespace {

constexpr const char* kNames[kKeypointCount] = {
    "nose",       "neck",       "right shoulder", "right elbow", "right wrist", "left shoulder",
    "left elbow", "left wrist", "right hip",      "right knee",  "right ankle", "left hip",
    "left knee",  "left ankle", "right eye",      "left eye",    "right ear",   "left ear"};

constexpr int kMirrored[kKeypointCount] = {
    kNose,       kNeck,       kLeftShoulder, kLeftElbow, kLeftWrist, kRightShoulder,
    kRightElbow, kRightWrist, kLeftHip,      kLeftKnee,  kLeftAnkle, kRightHip,
    kRightKnee,  kRightAnkle, kLeftEye,      kRightEye,  kLeftEar,   kRightEar};

}  // namespace

int Keypoints::present() const {
  int count = 0;
  for (int k = 0; k < kKeypointCount; ++k) count += !missing(k);
  return count;
}

const std::array<std::array<uint8_t, 3>, kKeypointCount>& keypoint_colors() {
  static const std::array<std::array<uint8_t, 3>, kKeypointCount> colors = {{{255, 0, 0},
                                                                             {255, 85, 0},
                                                                             {255, 170, 0},
                                                                             {255, 255, 0},
                                                                             {170, 255, 0},
                                                                             {85, 255, 0},
                                                                             {0, 255, 0},
                                                                             {0, 255, 85},
                                                                             {0, 255, 170},
                                                                             {0, 255, 255},
                                                                             {0, 170, 255},
                                                                             {0, 85, 255},
                                                                             {0, 0, 255},
                                                                             {85, 0, 255},
                                                                             {170, 0, 255},
                                                                             {255, 0, 255},
                                                                             {255, 0, 170},
                                                                             {255, 0, 85}}};
  return colors;
}

const std::array<Limb, kLimbCount>& limbs() {
  static const std::array<Limb, kLimbCount> all = [] {
    constexpr int ends[kLimbCount][2] = {{kNeck, kRightShoulder},
                                         {kNeck, kLeftShoulder},
                                         {kRightShoulder, kRightElbow},
                                         {kRightElbow, kRightWrist},
                                         {kLeftShoulder, kLeftElbow},
                                         {kLeftElbow, kLeftWrist},
                                         {kNeck, kRightHip},
                                         {kRightHip, kRightKnee},
                                         {kRightKnee, kRightAnkle},
                                         {kNeck, kLeftHip},
                                         {kLeftHip, kLeftKnee},
                                         {kLeftKnee, kLeftAnkle},
                                         {kNeck, kNose},
                                         {kNose, kRightEye},
                                         {kRightEye, kRightEar},
                                         {kNose, kLeftEye},
                                         {kLeftEye, kLeftEar},
                                         {kRightShoulder, kRightEar},
                                         {kLeftShoulder, kLeftEar}};
    std::array<Limb, kLimbCount> result{};
    for (int i = 0; i < kLimbCount; ++i) {
      result[i] = {ends[i][0], ends[i][1], keypoint_colors()[std::min(i, kKeypointCount - 1)]};
    }
    return result;
  }();
  return all;
}

const char* keypoint_name(int k) { return kNames[k]; }

int mirrored_keypoint(int k) { return kMirrored[k]; }

Keypoints flip(const Keypoints& keypoints, int width) {
  Keypoints result;
  for (int k = 0; k < kKeypointCount; ++k) {
    if (keypoints.missing(k)) continue;
    result.y[kMirrored[k]] = keypoints.y[k];
    result.x[kMirrored[k]] = static_cast<float>(width - 1) - keypoints.x[k];
  }
  return result;
}

std::vector<OffImage> off_image(const Keypoints& keypoints, int height, int width) {
  const auto beyond = [](float value, int size) {
    return std::max({0.0f, -value, value - static_cast<float>(size - 1)});
  };
  std::vector<OffImage> result;
  for (int k = 0; k < kKeypointCount; ++k) {
    if (keypoints.y[k] == kMissing || keypoints.x[k] == kMissing) continue;
    const float by_y = beyond(keypoints.y[k], height), by_x = beyond(keypoints.x[k], width);
    if (by_y > 0 || by_x > 0) result.push_back({k, by_y, by_x});
  }
  return result;
}

void check_on_image(const Keypoints& keypoints, int height, int width, const std::string& place) {
  for (const auto& [k, by_y, by_x] : off_image(keypoints, height, width)) {
    NRAM_USER_CHECK(by_y <= 1 && by_x <= 1, place, ": the ", keypoint_name(k), " is at y ",
                    keypoints.y[k], ", x ", keypoints.x[k], ", off the image of ", height, " x ",
                    width, " (height x width); give the keypoints in pixels of this image");
  }
}

}  // namespace nram::data
