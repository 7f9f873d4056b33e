#include "data/synthetic_people.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <system_error>
#include <vector>

#include "data/synthetic_people_figure.h"
#include "data/synthetic_people_pose.h"
#include "data/synthetic_people_render.h"
#include "kernels/common/error.h"

namespace nram::data {
namespace {

using namespace synthetic;

// A keypoint in space, the part that it belongs to, and how far in front of it another part's
// surface may lie before the point counts as hidden, metres.
struct SpatialKeypoint {
  Vec3f position;
  Group group;
  float tolerance;
  bool faces_away = false;
};

std::array<SpatialKeypoint, 18> spatial_keypoints(const SyntheticPerson& person,
                                                  const Skeleton& k) {
  const float size = person.body.head;
  const auto on_head = [&](float x, float y, float z, Vec3f facing, float limit) {
    const bool away = k.head.direction(facing[0], facing[1], facing[2])[2] < limit;
    return SpatialKeypoint{k.head.at(x * size, y * size, z * size), Group::kHead, 0.05f, away};
  };
  std::array<SpatialKeypoint, 18> points;
  points[0] = on_head(0, 0.078f, 0.106f, {0, 0, 1}, -0.1f);
  points[1] = {(k.shoulder[0] + k.shoulder[1]) * 0.5f, Group::kTrunk, 0.25f};
  for (int side = 0; side < 2; ++side) {
    const float sign = kSides[side];
    const Vec3f outside(sign, 0, 0.1f), ahead(sign * 0.35f, 0, 0.94f);
    points[2 + 3 * side] = {k.shoulder[side], arm_group(side), 0.2f};
    points[3 + 3 * side] = {k.elbow[side], arm_group(side), 0.09f};
    points[4 + 3 * side] = {k.wrist[side], arm_group(side), 0.09f};
    points[8 + 3 * side] = {k.hip[side], leg_group(side), 0.24f};
    points[9 + 3 * side] = {k.knee[side], leg_group(side), 0.12f};
    points[10 + 3 * side] = {k.ankle[side], leg_group(side), 0.1f};
    points[14 + side] = on_head(sign * 0.0315f, 0.1125f, 0.081f, ahead, 0.05f);
    points[16 + side] = on_head(sign * 0.073f, 0.098f, -0.01f, outside, -0.38f);
  }
  return points;
}

// Whether another part covers the point. Hair never does, nor a skirt its own legs.
bool is_hidden(const SpatialKeypoint& point, const Figure& figure, const VisibilityBuffer& buffer,
               int x, int y) {
  const size_t i = static_cast<size_t>(y) * buffer.width + x;
  if (buffer.triangle[i] < 0) return false;
  const Part& part = figure.parts[figure.mesh.triangles[buffer.triangle[i]].part];
  if (part.group == point.group || part.group == Group::kHair) return false;
  if (part.surface == Surface::kSkirt &&
      (point.group == Group::kLeftLeg || point.group == Group::kRightLeg)) {
    return false;
  }
  return buffer.depth[i] - point.position[2] > point.tolerance;
}

std::string view_name(const Skeleton& k) {
  if (k.framing == Framing::kFull) return "full";
  if (k.view == View::kBack) return "back";
  if (k.view == View::kSide) return "side";
  return k.framing == Framing::kUpper ? "front" : "additional";
}

uint64_t pose_seed_of(uint64_t seed, uint64_t identity, int pose) {
  Random random(seed ^ 0x706F7365, identity * 1024 + static_cast<uint64_t>(pose));
  const uint64_t high = random.next();
  return high << 32 | random.next();
}

struct Entry {
  std::string name;
  std::array<int, 18> x, y;
};

void append_list(std::string& line, const std::array<int, 18>& values) {
  line += ": [";
  for (int i = 0; i < 18; ++i) line += (i ? ", " : "") + std::to_string(values[i]);
  line += ']';
}

void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  NRAM_USER_CHECK(file.good(), "cannot write ", path.string(), ": is the disk full?");
}

// The two text files of one part of the data set; entries are grouped by identity.
void write_lists(const std::filesystem::path& directory, const std::string& part,
                 const std::vector<Entry>& entries, int poses) {
  std::string annotation = "name:keypoints_y:keypoints_x\n", pairs = "from,to\n";
  for (size_t i = 0; i < entries.size(); ++i) {
    annotation += entries[i].name;
    append_list(annotation, entries[i].y);
    append_list(annotation, entries[i].x);
    annotation += '\n';
    const size_t first = i - i % poses;
    for (size_t j = first; j < first + poses; ++j) {
      if (j != i) pairs += entries[i].name + ',' + entries[j].name + '\n';
    }
  }
  write_text(directory / ("fasion-resize-annotation-" + part + ".csv"), annotation);
  write_text(directory / ("fasion-resize-pairs-" + part + ".csv"), pairs);
}

Entry write_image(const std::filesystem::path& directory, const SyntheticOptions& options,
                  uint64_t identity, int pose) {
  const SyntheticPerson person = make_person(options.seed, identity);
  const RenderedPerson rendered = render_person(person, pose_seed_of(options.seed, identity, pose),
                                                options.height, options.width);
  Entry entry;
  char number[32];
  std::snprintf(number, sizeof number, "id%08llu%02d_",
                static_cast<unsigned long long>(identity + 1), 1);
  entry.name =
      "fashion" + person.category + number + std::to_string(pose + 1) + rendered.view + ".jpg";
  for (int i = 0; i < 18; ++i) {
    const cv::Point2f p = rendered.keypoints[i];
    const bool missing = p.x < 0;
    entry.x[i] = missing ? -1 : static_cast<int>(std::lround(p.x));
    entry.y[i] = missing ? -1 : static_cast<int>(std::lround(p.y));
  }
  const std::string path = (directory / entry.name).string();
  const bool written =
      cv::imwrite(path, rendered.image, {cv::IMWRITE_JPEG_QUALITY, options.jpeg_quality});
  NRAM_USER_CHECK(written, "cannot write ", path, ": is the disk full?");
  return entry;
}

void check_options(const SyntheticOptions& options) {
  NRAM_USER_CHECK(options.height >= 16 && options.width >= 16 && options.height <= 2048 &&
                      options.width <= 2048,
                  "an image size of ", options.height, " x ", options.width,
                  " cannot be drawn: height and width must be from 16 to 2048");
  NRAM_USER_CHECK(options.poses_per_identity >= 1 && options.poses_per_identity <= 99,
                  "poses per identity must be from 1 to 99, not ", options.poses_per_identity);
  NRAM_USER_CHECK(options.train_identities >= 0 && options.test_identities >= 0 &&
                      options.train_identities + options.test_identities > 0,
                  "the numbers of identities must not be negative nor both zero");
  NRAM_USER_CHECK(options.jpeg_quality >= 1 && options.jpeg_quality <= 100,
                  "JPEG quality must be from 1 to 100, not ", options.jpeg_quality);
}

void make_layout(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(root, error)) {
    NRAM_USER_CHECK(fs::is_directory(root, error), root.string(), " is not a directory");
    const bool empty = fs::is_empty(root, error);
    NRAM_USER_CHECK(!error, "cannot read the directory ", root.string(), ": ", error.message());
    NRAM_USER_CHECK(empty, "the directory ", root.string(),
                    " is not empty: name a new one, nothing is overwritten");
  }
  for (const char* part : {"train", "test"}) {
    fs::create_directories(root / part, error);
    NRAM_USER_CHECK(!error, "cannot create ", (root / part).string(), ": ", error.message());
  }
}

}  // namespace

RenderedPerson render_person(const SyntheticPerson& person, uint64_t pose_seed, int height,
                             int width) {
  NRAM_CHECK(height >= 16 && width >= 16, "image of ", height, " x ", width);
  Random random(pose_seed, 1);
  const Skeleton skeleton = make_skeleton(person, random);
  const Camera camera = make_camera(person, skeleton, random, height, width);
  Figure figure;
  add_body(figure, person, skeleton);
  add_garments(figure, person, skeleton);
  add_hair(figure, person, skeleton);
  const int samples = height >= 200 ? 3 : 4;
  const Camera fine{camera.scale * samples, camera.center_x * samples, camera.center_y * samples};
  const VisibilityBuffer buffer = rasterize(figure.mesh, fine, height * samples, width * samples);
  RenderedPerson result;
  result.image = shade(person, skeleton, figure, buffer, fine, samples);
  result.view = view_name(skeleton);
  const auto points = spatial_keypoints(person, skeleton);
  for (int i = 0; i < 18; ++i) {
    const float x = camera.center_x + camera.scale * points[i].position[0];
    const float y = camera.center_y - camera.scale * points[i].position[1];
    result.keypoints[i] = {-1, -1};
    if (x < 0 || y < 0 || x >= width || y >= height || points[i].faces_away) continue;
    if (is_hidden(points[i], figure, buffer, static_cast<int>(x * samples),
                  static_cast<int>(y * samples))) {
      continue;
    }
    result.keypoints[i] = {std::clamp(x - 0.5f, 0.f, width - 1.f),
                           std::clamp(y - 0.5f, 0.f, height - 1.f)};
  }
  return result;
}

void synthesize(const std::string& directory, const SyntheticOptions& options,
                const std::function<void(int, int)>& progress) {
  check_options(options);
  const std::filesystem::path root(directory);
  make_layout(root);
  const int poses = options.poses_per_identity;
  const int train = options.train_identities * poses;
  const int total = train + options.test_identities * poses;
  std::vector<Entry> entries(total);
  std::exception_ptr failure;
  std::atomic<bool> failed{false};
  int done = 0;
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < total; ++i) {
    if (failed) continue;
    try {
      entries[i] = write_image(root / (i < train ? "train" : "test"), options,
                               static_cast<uint64_t>(i / poses), i % poses);
#pragma omp critical(nram_synthesize)
      if (++done, progress) progress(done, total);
    } catch (...) {
#pragma omp critical(nram_synthesize)
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  write_lists(root, "train", {entries.begin(), entries.begin() + train}, poses);
  write_lists(root, "test", {entries.begin() + train, entries.end()}, poses);
}

}  // namespace nram::data
