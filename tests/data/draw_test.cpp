#include "data/draw.h"

#include <cmath>

#include "tests/data/sample_files.h"

namespace nram::data {
namespace {

Keypoints standing(int height, int width) {
  constexpr float kPose[kKeypointCount][2] = {
      {.15f, .5f}, {.25f, .5f},  {.25f, .35f}, {.4f, .28f},  {.52f, .25f}, {.25f, .65f},
      {.4f, .72f}, {.52f, .75f}, {.55f, .4f},  {.73f, .4f},  {.92f, .4f},  {.55f, .6f},
      {.73f, .6f}, {.92f, .6f},  {.12f, .46f}, {.12f, .54f}, {.13f, .4f},  {.13f, .6f}};
  Keypoints keypoints;
  for (int k = 0; k < kKeypointCount; ++k) {
    keypoints.y[k] = std::round(kPose[k][0] * static_cast<float>(height));
    keypoints.x[k] = std::round(kPose[k][1] * static_cast<float>(width));
  }
  return keypoints;
}

double lit_share(const Image& image) {
  size_t lit = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    lit += image.pixels[i] + image.pixels[i + 1] + image.pixels[i + 2] > 60;
  }
  return static_cast<double>(lit) / (static_cast<double>(image.pixels.size()) / 3);
}

TEST(Skeleton, JointsHaveTheirColoursAndTheRestIsBlack) {
  const Keypoints keypoints = standing(256, 176);
  const Image image = draw_skeleton(keypoints, 256, 176);
  for (const int k : {kNose, kRightWrist, kLeftWrist, kRightAnkle, kLeftAnkle, kLeftEar}) {
    const uint8_t* pixel =
        image.at(static_cast<int>(keypoints.y[k]), static_cast<int>(keypoints.x[k]));
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(pixel[c], keypoint_colors()[k][c], 2) << keypoint_name(k);
  }
  for (int c = 0; c < 3; ++c) EXPECT_EQ(image.at(250, 5)[c], 0);
}

TEST(Skeleton, WidthFollowsTheSize) {
  const double large = lit_share(draw_skeleton(standing(512, 352), 512, 352));
  EXPECT_GT(large, 0.05);
  EXPECT_LT(large, 0.25);
  EXPECT_NEAR(lit_share(draw_skeleton(standing(128, 88), 128, 88)), large, 0.05);
}

TEST(Skeleton, MissingPointsDrawNothing) {
  EXPECT_EQ(draw_skeleton(Keypoints(), 64, 44), Image(64, 44));
  Keypoints some = standing(64, 44);
  const double all = lit_share(draw_skeleton(some, 64, 44));
  some.set_missing(kNeck);
  EXPECT_LT(lit_share(draw_skeleton(some, 64, 44)), 0.8 * all);
}

TEST(Skeleton, OverlayKeepsTheImageElsewhere) {
  const Image photo(128, 88, {100, 150, 200});
  const Keypoints keypoints = standing(128, 88);
  const Image image = overlay_skeleton(photo, keypoints, 1.0f);
  EXPECT_EQ(image.at(120, 3)[0], 100);
  EXPECT_EQ(image.at(120, 3)[2], 200);
  const uint8_t* wrist = image.at(static_cast<int>(keypoints.y[kLeftWrist]),
                                  static_cast<int>(keypoints.x[kLeftWrist]));
  EXPECT_NEAR(wrist[2], keypoint_colors()[kLeftWrist][2], 8);
  EXPECT_EQ(overlay_skeleton(photo, Keypoints(), 0.5f).at(9, 9)[1], 75);
}

TEST(Heat, BrightnessFollowsTheMapAndValuesAreClamped) {
  const float map[6] = {-5, 0, 0.25f, 0.5f, 1, 9};
  const Image image = draw_heat(map, 1, 6);
  ASSERT_EQ(image.width, 6);
  int last = -1;
  for (int x = 1; x < 5; ++x) {
    const int brightness = image.at(0, x)[0] + image.at(0, x)[1] + image.at(0, x)[2];
    EXPECT_GT(brightness, last);
    last = brightness;
  }
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(image.at(0, 0)[c], image.at(0, 1)[c]);
    EXPECT_EQ(image.at(0, 5)[c], image.at(0, 4)[c]);
  }
  const Image large = draw_heat(map, 2, 3, {20, 30});
  EXPECT_EQ(large.height, 20);
  EXPECT_EQ(large.width, 30);
}

TEST(Heat, OverlayOpacityRunsFromPhotoToMap) {
  const float map[4] = {0.1f, 0.9f, 0.4f, 0.6f};
  const Image photo(8, 8, {90, 90, 90});
  EXPECT_EQ(overlay_heat(photo, map, 2, 2, 0.0f), photo);
  EXPECT_EQ(overlay_heat(photo, map, 2, 2, 1.0f), draw_heat(map, 2, 2, {8, 8}));
}

TEST(Grid, CellsHoldTheirImagesBetweenWhiteGaps) {
  const Image red(180, 100, {255, 0, 0}), blue(180, 100, {0, 0, 255});
  const Image grid = compose_grid({{red, blue}, {blue, {}}});
  EXPECT_EQ(grid.height, 3 * 8 + 2 * 180);
  EXPECT_EQ(grid.width, 3 * 8 + 2 * 100);
  const auto color = [&](int y, int x) {
    const uint8_t* pixel = grid.at(y, x);
    return std::array<int, 3>{pixel[0], pixel[1], pixel[2]};
  };
  EXPECT_EQ(color(8, 8), (std::array<int, 3>{255, 0, 0}));
  EXPECT_EQ(color(187, 107), (std::array<int, 3>{255, 0, 0}));
  EXPECT_EQ(color(100, 116), (std::array<int, 3>{0, 0, 255}));
  EXPECT_EQ(color(196, 8), (std::array<int, 3>{0, 0, 255}));
  EXPECT_EQ(color(196, 116), (std::array<int, 3>{255, 255, 255}));
  EXPECT_EQ(color(100, 112), (std::array<int, 3>{255, 255, 255}));
}

TEST(Grid, CaptionsArePutOutsideTheCells) {
  const Image cell(200, 120, {0, 255, 0});
  const Image plain = compose_grid({{cell, cell}});
  const Image captioned =
      compose_grid({{cell, cell}},
                   {.columns = {"source", "a much longer caption"}, .rows = {"row"}, .title = "T"});
  EXPECT_GT(captioned.height, plain.height);
  EXPECT_GT(captioned.width, plain.width);
  size_t green = 0, dark = 0;
  for (size_t i = 0; i < captioned.pixels.size(); i += 3) {
    const uint8_t* pixel = &captioned.pixels[i];
    green += pixel[0] == 0 && pixel[1] == 255 && pixel[2] == 0;
    dark += pixel[0] < 90 && pixel[1] < 90 && pixel[2] < 90;
  }
  EXPECT_EQ(green, size_t{2 * 200 * 120});
  EXPECT_GT(dark, 100u);
}

TEST(Grid, SmallCellsAreEnlargedByAWholeFactor) {
  const Image grid = compose_grid({{Image(64, 44, {1, 2, 3})}});
  EXPECT_EQ(grid.height, 2 * 8 + 3 * 64);
  EXPECT_EQ(grid.width, 2 * 8 + 3 * 44);
}

TEST(Grid, ImagesOfDifferentSizesAreRefused) {
  EXPECT_THROW(compose_grid({{Image(8, 8), Image(8, 9)}}), Error);
  EXPECT_THROW(compose_grid({}), Error);
}

}  // namespace
}  // namespace nram::data
