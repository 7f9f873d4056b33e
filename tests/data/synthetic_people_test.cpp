// The synthetic people: same arguments, same bits; keypoints that agree with the picture; files in
// the layout that real data sets of the field have.
#include "data/synthetic_people.h"

#include <gtest/gtest.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "data/synthetic_people_figure.h"
#include "data/synthetic_people_pose.h"
#include "data/synthetic_people_shading.h"
#include "kernels/common/error.h"

namespace nram::data {
namespace {

namespace fs = std::filesystem;

// A place for files that does not exist at first and is removed at the end.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::temp_directory_path() / ("nram_synthetic_" + name + std::to_string(getpid()))) {
    fs::remove_all(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines(const fs::path& path) {
  std::istringstream text(content(path));
  std::vector<std::string> result;
  for (std::string line; std::getline(text, line);) result.push_back(line);
  return result;
}

bool same_pixels(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() &&
         std::equal(a.datastart, a.dataend, b.datastart);
}

SyntheticOptions small_options() {
  SyntheticOptions options;
  options.height = 64;
  options.width = 44;
  options.train_identities = 3;
  options.test_identities = 2;
  options.poses_per_identity = 3;
  options.seed = 11;
  return options;
}

TEST(SyntheticPeople, RenderingDependsOnItsArgumentsAlone) {
  const SyntheticPerson person = make_person(5, 7), other = make_person(5, 8);
  const RenderedPerson first = render_person(person, 3, 96, 66);
  const RenderedPerson again = render_person(make_person(5, 7), 3, 96, 66);
  EXPECT_EQ(first.image.type(), CV_8UC3);
  EXPECT_EQ(first.image.size(), cv::Size(66, 96));
  EXPECT_TRUE(same_pixels(first.image, again.image));
  EXPECT_EQ(first.keypoints, again.keypoints);
  EXPECT_FALSE(same_pixels(first.image, render_person(person, 4, 96, 66).image));
  EXPECT_FALSE(same_pixels(first.image, render_person(other, 3, 96, 66).image));
  EXPECT_FALSE(same_pixels(first.image, render_person(make_person(6, 7), 3, 96, 66).image));
}

// Red and blue stripes on a green person: at every height of the trunk the picture shows the
// stripe that belongs there, in every pose, from the front and from behind.
TEST(SyntheticPeople, TexturesStickToTheBodyInEveryPose) {
  using namespace synthetic;
  int compared = 0, red = 0;
  for (uint64_t identity = 0; identity < 8; ++identity) {
    SyntheticPerson person = make_person(2, identity);
    person.skin = person.hair.color = person.bottom.fabric.base = {0.1f, 0.9f, 0.1f};
    person.jacket.worn = false;
    Top top;
    top.sleeve = -1;
    top.fabric.pattern = Pattern::kHorizontalStripes;
    top.fabric.base = {0.9f, 0.05f, 0.05f};
    top.fabric.second = {0.05f, 0.05f, 0.9f};
    top.fabric.scale = 0.08f;
    person.top = top;
    person.bottom = Bottom{};
    person.bottom.fabric.base = person.skin;
    for (uint64_t pose = 0; pose < 4; ++pose) {
      const RenderedPerson rendered = render_person(person, pose, 256, 176);
      Random random(pose, 1);
      const Skeleton skeleton = make_skeleton(person, random);
      const Camera camera = make_camera(person, skeleton, random, 256, 176);
      for (const float height : {0.1f, 0.14f, 0.18f, 0.22f, 0.26f, 0.30f}) {
        const Frame frame = skeleton.spine(height);
        const TorsoSlice slice = torso_slice(person.body, height);
        const float facing = skeleton.chest.z[2];
        if (std::abs(facing) < 0.5f) continue;
        const Vec3f place = frame.at(0.03f, 0, facing > 0 ? slice.front : -slice.back);
        const int x = static_cast<int>(camera.center_x + camera.scale * place[0]);
        const int y = static_cast<int>(camera.center_y - camera.scale * place[1]);
        if (x < 0 || y < 0 || x >= 176 || y >= 256) continue;
        const cv::Vec3b pixel = rendered.image.at<cv::Vec3b>(y, x);
        if (pixel[1] > pixel[0] && pixel[1] > pixel[2]) continue;  // an arm or hair in front
        const bool expected_red = fabric_color(top.fabric, 0, height)[0] > 0.5f;
        EXPECT_EQ(pixel[2] > pixel[0], expected_red) << identity << ' ' << pose << ' ' << height;
        ++compared;
        red += expected_red;
      }
    }
  }
  EXPECT_GT(compared, 60);
  EXPECT_GT(red, 15);
  EXPECT_LT(red, compared - 15);
}

TEST(SyntheticPeople, LeftAndRightAreThePersons) {
  using namespace synthetic;
  int fronts = 0, backs = 0;
  for (uint64_t identity = 0; identity < 60; ++identity) {
    const SyntheticPerson person = make_person(3, identity);
    Random random(identity, 1);
    const Skeleton skeleton = make_skeleton(person, random);
    const float facing = skeleton.chest.z[2];
    if (std::abs(facing) < 0.7f) continue;
    const auto k = render_person(person, identity, 64, 44).keypoints;
    for (const auto& [right, left] : {std::pair{2, 5}, std::pair{8, 11}}) {
      if (k[right].x < 0 || k[left].x < 0) continue;
      if (facing > 0) {
        EXPECT_LT(k[right].x, k[left].x) << identity;
        ++fronts;
      } else {
        EXPECT_GT(k[right].x, k[left].x) << identity;
        ++backs;
      }
    }
    if (skeleton.head.z[2] > 0.9f && k[14].x >= 0 && k[15].x >= 0) {
      EXPECT_LT(k[14].x, k[15].x);
    }
    if (skeleton.head.z[2] < -0.5f) {  // seen from behind there is no face, but there are ears
      for (const int face : {0, 14, 15}) EXPECT_EQ(k[face], cv::Point2f(-1, -1)) << identity;
      EXPECT_TRUE(k[16].x >= 0 || k[17].x >= 0) << identity;
    }
  }
  EXPECT_GT(fronts, 10);
  EXPECT_GT(backs, 4);
}

TEST(SyntheticPeople, KeypointsLieOnThePersonOrAreMissing) {
  int visible = 0;
  for (uint64_t identity = 0; identity < 25; ++identity) {
    SyntheticPerson person = make_person(4, identity);
    person.backdrop = {0, 1, 0};  // nothing that a person wears or is
    const RenderedPerson rendered = render_person(person, identity + 100, 128, 88);
    int here = 0;
    for (const cv::Point2f& p : rendered.keypoints) {
      if (p.x < 0 || p.y < 0) {
        EXPECT_EQ(p, cv::Point2f(-1, -1));
        continue;
      }
      ASSERT_LE(p.x, 87.f);
      ASSERT_LE(p.y, 127.f);
      const auto pixel = rendered.image.at<cv::Vec3b>(cvRound(p.y), cvRound(p.x));
      const bool background = pixel[1] > 150 && pixel[0] < 8 && pixel[2] < 8;
      EXPECT_FALSE(background) << "identity " << identity << " at " << p.x << ' ' << p.y;
      ++here;
    }
    EXPECT_GE(here, 6) << identity;
    visible += here;
  }
  EXPECT_GT(visible, 25 * 10);
}

struct Row {
  std::vector<int> y, x;
};

std::map<std::string, Row> read_annotation(const fs::path& path) {
  std::map<std::string, Row> rows;
  const auto all = lines(path);
  EXPECT_EQ(all.at(0), "name:keypoints_y:keypoints_x");
  for (size_t i = 1; i < all.size(); ++i) {
    const size_t first = all[i].find(": ["), second = all[i].find(": [", first + 1);
    Row row;
    for (const auto& [text, values] :
         {std::pair{all[i].substr(first + 3, second - first - 4), &row.y},
          std::pair{all[i].substr(second + 3), &row.x}}) {
      std::istringstream stream(text);
      for (std::string item; std::getline(stream, item, ',');) values->push_back(std::stoi(item));
    }
    EXPECT_TRUE(rows.emplace(all[i].substr(0, first), row).second) << all[i];
  }
  return rows;
}

std::string person_of(const std::string& name) { return name.substr(0, name.find_last_of('_')); }

// Checks one part of a data set; returns its people.
std::set<std::string> check_part(const fs::path& root, const std::string& name, size_t identities) {
  const auto rows = read_annotation(root / ("fasion-resize-annotation-" + name + ".csv"));
  EXPECT_EQ(rows.size(), identities * 3);
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(root / name)) {
    EXPECT_EQ(rows.count(entry.path().filename().string()), 1u) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, rows.size());
  std::set<std::string> people;
  for (const auto& [file, row] : rows) {
    EXPECT_EQ(cv::imread((root / name / file).string()).size(), cv::Size(44, 64)) << file;
    EXPECT_TRUE(row.x.size() == 18 && row.y.size() == 18) << file;
    for (size_t i = 0; i < std::min(row.x.size(), row.y.size()); ++i) {
      EXPECT_EQ(row.x[i] == -1, row.y[i] == -1);
      EXPECT_TRUE(row.x[i] >= -1 && row.x[i] < 44 && row.y[i] >= -1 && row.y[i] < 64);
    }
    people.insert(person_of(file));
  }
  EXPECT_EQ(people.size(), identities);
  const auto pairs = lines(root / ("fasion-resize-pairs-" + name + ".csv"));
  EXPECT_EQ(pairs.at(0), "from,to");
  EXPECT_EQ(pairs.size(), 1 + identities * 6);
  EXPECT_EQ(std::set<std::string>(pairs.begin(), pairs.end()).size(), pairs.size());
  for (size_t i = 1; i < pairs.size(); ++i) {
    const size_t comma = pairs[i].find(',');
    const std::string from = pairs[i].substr(0, comma), to = pairs[i].substr(comma + 1);
    EXPECT_NE(from, to);
    EXPECT_EQ(person_of(from), person_of(to));
    EXPECT_TRUE(rows.count(from) && rows.count(to)) << pairs[i];
  }
  return people;
}

TEST(SyntheticPeople, WritesTheLayoutOfTheField) {
  const Folder folder("layout");
  int last = 0, total = 0;
  synthesize(folder.path(), small_options(), [&](int done, int all) {
    EXPECT_EQ(done, last + 1);
    last = done;
    total = all;
  });
  EXPECT_EQ(last, 15);
  EXPECT_EQ(total, 15);
  const auto train = check_part(folder.path(), "train", 3);
  const auto test = check_part(folder.path(), "test", 2);
  for (const std::string& person : train) EXPECT_EQ(test.count(person), 0u) << person;
}

TEST(SyntheticPeople, FilesDoNotDependOnTheNumberOfThreads) {
  const Folder one("one"), three("three");
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  synthesize(one.path(), small_options());
  omp_set_num_threads(3);
  synthesize(three.path(), small_options());
  omp_set_num_threads(before);
  int compared = 0;
  for (const auto& entry : fs::recursive_directory_iterator(one.path())) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = fs::relative(entry.path(), one.path());
    EXPECT_EQ(content(entry.path()), content(three / name.string())) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 15 + 4);
}

TEST(SyntheticPeople, AnotherSeedIsAnotherDataSet) {
  const Folder first("first"), second("second");
  SyntheticOptions options = small_options();
  options.train_identities = 1;
  options.test_identities = 0;
  synthesize(first.path(), options);
  options.seed += 1;
  synthesize(second.path(), options);
  const std::string file = "fasion-resize-annotation-train.csv";
  EXPECT_NE(content(first / file), content(second / file));
}

void expect_user_error(const std::string& path, const SyntheticOptions& options,
                       const std::string& words) {
  try {
    synthesize(path, options);
    ADD_FAILURE() << "no error about " << words;
  } catch (const Error& error) {
    EXPECT_TRUE(error.is_user_mistake());
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(SyntheticPeople, NothingIsOverwrittenAndBadOptionsAreRefused) {
  const Folder folder("refused");
  fs::create_directories(folder.path());
  std::ofstream(folder / "note.txt") << "mine";
  expect_user_error(folder.path(), small_options(), "not empty");
  EXPECT_EQ(content(folder / "note.txt"), "mine");
  EXPECT_FALSE(fs::exists(folder / "train"));
  expect_user_error((folder / "note.txt").string(), small_options(), "not a directory");
  SyntheticOptions options = small_options();
  options.height = 3;
  expect_user_error((folder / "new").string(), options, "image size");
  options = small_options();
  options.poses_per_identity = 0;
  expect_user_error((folder / "new").string(), options, "poses per identity");
  options = small_options();
  options.train_identities = -1;
  expect_user_error((folder / "new").string(), options, "identities");
  options = small_options();
  options.jpeg_quality = 101;
  expect_user_error((folder / "new").string(), options, "JPEG quality");
  EXPECT_FALSE(fs::exists(folder / "new"));
}

}  // namespace
}  // namespace nram::data
