#include "data/keypoints.h"

#include <set>

#include "tests/data/sample_files.h"

namespace nram::data {
namespace {

const char* kRow =
    "a.jpg: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, -1]: "
    "[21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, -1]";

TEST(Keypoints, FlipTwiceIsIdentityAndOnceSwapsSides) {
  const Keypoints keypoints = random_keypoints(64, 44, 3, 2);
  const Keypoints flipped = flip(keypoints, 44);
  EXPECT_EQ(flip(flipped, 44), keypoints);
  EXPECT_FLOAT_EQ(flipped.x[kLeftWrist], 43 - keypoints.x[kRightWrist]);
  EXPECT_FLOAT_EQ(flipped.y[kRightEar], keypoints.y[kLeftEar]);
  EXPECT_TRUE(flipped.missing(kNose) && flipped.missing(kNeck));
  EXPECT_NE(flipped, keypoints);
}

TEST(Keypoints, EveryPointMirrorsToItsOtherSide) {
  for (int k = 0; k < kKeypointCount; ++k) {
    EXPECT_EQ(mirrored_keypoint(mirrored_keypoint(k)), k);
    std::string name = keypoint_name(k);
    if (const size_t at = name.find("right"); at != std::string::npos) {
      EXPECT_EQ(name.replace(at, 5, "left"), keypoint_name(mirrored_keypoint(k)));
    } else if (name.find("left") == std::string::npos) {
      EXPECT_EQ(mirrored_keypoint(k), k);
    }
  }
}

TEST(Keypoints, LimbsReachEveryPointAndMirrorToLimbs) {
  std::set<std::pair<int, int>> all;
  std::set<int> reached;
  for (const Limb& limb : limbs()) all.insert({limb.from, limb.to});
  EXPECT_EQ(all.size(), size_t{kLimbCount});
  for (const auto& [from, to] : all) {
    EXPECT_TRUE(all.contains({mirrored_keypoint(from), mirrored_keypoint(to)}));
    reached.insert({from, to});
  }
  EXPECT_EQ(reached.size(), size_t{kKeypointCount});
}

TEST(Keypoints, RowsAreReadAsFoundInTheWild) {
  const NamedKeypoints plain = parse_csv_row(kRow, "t");
  EXPECT_EQ(plain.name, "a.jpg");
  EXPECT_EQ(plain.keypoints.present(), 17);
  EXPECT_EQ(plain.keypoints.y[kLeftEye], 16);
  EXPECT_EQ(plain.keypoints.x[kLeftEye], 36);
  std::string tight = kRow;
  std::erase(tight, ' ');
  EXPECT_EQ(parse_csv_row(tight, "t").keypoints, plain.keypoints);
  std::string floats = kRow;
  floats.replace(floats.find("[1,"), 3, " [ 1.5 ,");
  floats.replace(floats.find("-1]"), 3, "-1.0 ] ");
  const Keypoints read = parse_csv_row(floats + " \t", "t").keypoints;
  EXPECT_EQ(read.y[kNose], 1.5f);
  EXPECT_TRUE(read.missing(kLeftEar));
}

TEST(Keypoints, RowsSurviveWritingAndReading) {
  Keypoints keypoints = random_keypoints(256, 176, 5, 1);
  keypoints.x[kNeck] = 88.123456f;
  const NamedKeypoints read = parse_csv_row(to_csv_row("b.png", keypoints), "t");
  EXPECT_EQ(read.name, "b.png");
  EXPECT_EQ(read.keypoints, keypoints);
  EXPECT_HAS(to_csv_row("c", random_keypoints(9, 9, 1)), "c: [");
  EXPECT_EQ(to_csv_row("c", random_keypoints(9, 9, 1)).find('.'), std::string::npos);
}

TEST(Keypoints, PointsOffAPhotoAreNamed) {
  Keypoints keypoints = random_keypoints(64, 44, 2);
  keypoints.set_missing(kLeftEar);
  keypoints.x[kNose] = 44.5f;  // the last column is 43
  EXPECT_HAS(user_error([&] { check_on_image(keypoints, 64, 44, "pose.json"); }),
             "pose.json: the nose is at y");
  keypoints.x[kNose] = 44;
  check_on_image(keypoints, 64, 44, "pose.json");
  keypoints.y[kLeftHip] = -9;
  EXPECT_HAS(user_error([&] { check_on_image(keypoints, 64, 44, "pose.json"); }), "left hip");
}

TEST(Keypoints, OneCoordinateAloneIsMissing) {
  std::string row = kRow;
  row.replace(row.find("[21"), 3, "[-1");
  EXPECT_TRUE(parse_csv_row(row, "t").keypoints.missing(kNose));
}

TEST(Keypoints, BadRowsSayWhatIsWrong) {
  const auto message = [](const std::string& from, const std::string& to) {
    std::string row = kRow;
    row.replace(row.find(from), from.size(), to);
    return user_error([&] { parse_csv_row(row, "list.csv row 7"); });
  };
  for (const std::string& sentence :
       {message("[1, 2,", "[1,"), message("[1,", "[0, 1,"), message("3, 4", "3, x4"),
        message("3, 4", "3, nan"), message("3, 4", "3, , 4"), message("a.jpg:", "a.jpg"),
        message("17, -1]:", "17, -1:"), message("37, -1]", "37, -1]: [3]")}) {
    EXPECT_EQ(sentence.find("list.csv row 7: "), 0u) << sentence;
  }
  EXPECT_HAS(message("[1, 2,", "[1,"), "17 y coordinates instead of 18");
  EXPECT_HAS(message("[21,", "[20, 21,"), "19 x coordinates instead of 18");
  EXPECT_HAS(message("3, 4", "3, x4"), "'x4' in the y coordinates is not a number");
  EXPECT_HAS(message("17, -1]:", "17, -1:"), "not a list in brackets");
  EXPECT_HAS(message("a.jpg:", "a.jpg"), "three parts");
}

TEST(Keypoints, PhotoKeypointsFromRows) {
  const Keypoints expected = parse_csv_row(kRow, "t").keypoints;
  const std::string bare = std::string(kRow).substr(std::string(kRow).find('['));
  const std::string header = "name:keypoints_y:keypoints_x\r\n";
  EXPECT_EQ(parse_keypoints(kRow, "t"), expected);
  EXPECT_EQ(parse_keypoints(bare + "\n", "t"), expected);
  EXPECT_EQ(parse_keypoints("\xEF\xBB\xBF" + header + kRow + "\r\n\r\n", "t"), expected);
  const std::string two = header + "b.jpg:" + bare + "\n" + kRow;
  EXPECT_EQ(parse_keypoints(two, "t", "a.jpg"), expected);
  EXPECT_HAS(user_error([&] { parse_keypoints(two, "t"); }), "2 rows of keypoints");
  EXPECT_HAS(user_error([&] { parse_keypoints(two, "t", "z.jpg"); }), "no row is named z.jpg");
  EXPECT_HAS(user_error([&] { parse_keypoints(" \n", "t"); }), "no keypoints here");
}

std::string openpose(int points, int present) {
  std::string list;
  for (int i = 0; i < points; ++i) {
    list += i == 0 ? "" : ", ";
    list += i < present ? text(100 + i, ".5, ", 200 + i, ", 0.9") : "0, 0, 0";
  }
  return R"({"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": [)" + list +
         "]}]}";
}

TEST(Keypoints, PhotoKeypointsFromOpenPose) {
  const Keypoints body25 = parse_keypoints(openpose(25, 25), "t");
  EXPECT_EQ(body25.present(), 18);
  EXPECT_EQ(body25.x[kLeftWrist], 107.5f);
  EXPECT_EQ(body25.y[kRightHip], 209);  // the middle of the hips (208) is left out
  EXPECT_EQ(body25.y[kLeftEar], 218);
  const Keypoints coco = parse_keypoints(openpose(18, 16), "t");
  EXPECT_EQ(coco.present(), 16);
  EXPECT_EQ(coco.y[kRightHip], 208);
  EXPECT_TRUE(coco.missing(kLeftEar));
  EXPECT_HAS(user_error([] { parse_keypoints(openpose(24, 24), "p.json"); }), "75 (BODY_25) or 54");
  EXPECT_HAS(user_error([] { parse_keypoints(R"({"people": []})", "p.json"); }), "no person");
  EXPECT_HAS(user_error([] { parse_keypoints(R"({"a": []})", "p.json"); }), "\"people\"");
  EXPECT_HAS(user_error([] { parse_keypoints(openpose(18, 0), "p.json"); }), "all 18");
  EXPECT_HAS(user_error([] { parse_keypoints(openpose(18, 3).substr(0, 90), "p.json"); }),
             "cut off");
  std::string fractions = openpose(18, 1);
  fractions.replace(fractions.find("100.5, 200"), 10, "0.25, 0.75");
  EXPECT_HAS(user_error([&] { parse_keypoints(fractions, "p.json"); }), "--keypoint_scale 0");
}

TEST(Keypoints, PhotoKeypointsFromArray) {
  std::string list = "[";
  for (int k = 0; k < kKeypointCount; ++k) list += text(k ? ", [" : "[", k + 1, ", ", 2 * k, ".5]");
  const Keypoints keypoints = parse_keypoints(list + "]", "t");
  EXPECT_EQ(keypoints.y[kLeftEar], 18);
  EXPECT_EQ(keypoints.x[kNeck], 2.5f);
  EXPECT_HAS(user_error([] { parse_keypoints("[[1, 2]]", "t"); }), "1 points instead of 18");
  EXPECT_HAS(user_error([&] { parse_keypoints(list + ", 3]", "t"); }), "19 points");
  std::string bad = list + "]";
  bad.erase(bad.find("2, "), 3);
  EXPECT_HAS(user_error([&] { parse_keypoints(bad, "t"); }), "point 1 (neck)");
  EXPECT_HAS(user_error([] { load_keypoints("/nowhere/k.json"); }), "/nowhere/k.json");
}

}  // namespace
}  // namespace nram::data
