// Body keypoints: the 18 points of OpenPose's COCO body, their limbs and colours, the ways they
// move with an image (flip, scale, crop), and every text form in which users have them: rows of
// the DeepFashion annotation files, OpenPose JSON and plain JSON arrays.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace nram::data {

inline constexpr int kKeypointCount = 18;
inline constexpr float kMissing = -1.0f;

// In OpenPose COCO order. Left and right are the person's own.
enum KeypointIndex : int {
  kNose,
  kNeck,
  kRightShoulder,
  kRightElbow,
  kRightWrist,
  kLeftShoulder,
  kLeftElbow,
  kLeftWrist,
  kRightHip,
  kRightKnee,
  kRightAnkle,
  kLeftHip,
  kLeftKnee,
  kLeftAnkle,
  kRightEye,
  kLeftEye,
  kRightEar,
  kLeftEar
};

// Pixel coordinates: (0, 0) is the centre of the top left pixel. A missing point has y = x = -1;
// coordinates of points on the image lie in [0, height - 1] x [0, width - 1].
struct Keypoints {
  std::array<float, kKeypointCount> y, x;

  Keypoints() {
    y.fill(kMissing);
    x.fill(kMissing);
  }
  bool missing(int k) const { return y[k] < 0 || x[k] < 0; }
  void set_missing(int k) { y[k] = x[k] = kMissing; }
  // How many of the 18 are there.
  int present() const;
  bool operator==(const Keypoints&) const = default;
};

struct Limb {
  int from, to;                  // keypoint indices
  std::array<uint8_t, 3> color;  // OpenPose's, RGB
};

// The 19 limbs of OpenPose's part affinity fields in its order. The last two (shoulder to ear) are
// never drawn in skeletons: the first kDrawnLimbCount are.
inline constexpr int kLimbCount = 19;
inline constexpr int kDrawnLimbCount = 17;
const std::array<Limb, kLimbCount>& limbs();
// OpenPose's colours of the 18 points, RGB.
const std::array<std::array<uint8_t, 3>, kKeypointCount>& keypoint_colors();
// "nose", "neck", "right shoulder", ...
const char* keypoint_name(int k);
// The index of the same point on the other side of the body (nose and neck: themselves).
int mirrored_keypoint(int k);

// Mirrors about the vertical axis of an image of this width and swaps left and right.
Keypoints flip(const Keypoints& keypoints, int width);

// A keypoint off [0, height - 1] x [0, width - 1]: its index and by how many pixels at most.
struct OffImage {
  int keypoint;
  float by_y, by_x;
};
std::vector<OffImage> off_image(const Keypoints& keypoints, int height, int width);
// User error that starts with `place` and names the first keypoint that is off the image by more
// than a pixel (rounding), for keypoints that a user gives with a photo.
void check_on_image(const Keypoints& keypoints, int height, int width, const std::string& place);

// One row of an annotation file without line end: "name: [18 y]: [18 x]", integers where the
// coordinates are integers.
std::string to_csv_row(const std::string& name, const Keypoints& keypoints);

struct NamedKeypoints {
  std::string name;
  Keypoints keypoints;
};
// Parses such a row; spaces are optional, numbers may be floats. A point with only one coordinate
// -1 counts as missing. `place` (file and row) starts the message of the user error.
NamedKeypoints parse_csv_row(const std::string& row, const std::string& place);

// Keypoints from text of any of these forms:
//   - an annotation row with or without the name, or an annotation file with or without header
//     ("name:keypoints_y:keypoints_x"); where there are several rows, `name` picks one;
//   - OpenPose JSON: people[0].pose_keypoints_2d as x, y, confidence; 25 points (BODY_25) or 18
//     (COCO), those with confidence 0 are missing;
//   - a JSON array of 18 pairs [y, x].
// Throws a user error that starts with `place` when the text is none of them, holds no person, or
// when all 18 points are missing.
Keypoints parse_keypoints(const std::string& content, const std::string& place,
                          const std::string& name = "");
// The same from a file.
Keypoints load_keypoints(const std::string& path, const std::string& name = "");

}  // namespace nram::data
