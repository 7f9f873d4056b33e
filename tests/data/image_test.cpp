#include "data/image.h"

#include <sys/resource.h>

#include <cmath>
#include <csignal>

#include "data/file.h"
#include "tests/data/sample_files.h"

namespace nram::data {
namespace {

// Every pixel tells its own place.
Image coordinates(int height, int width) {
  Image image(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.at(y, x)[0] = static_cast<uint8_t>(y);
      image.at(y, x)[1] = static_cast<uint8_t>(x);
      image.at(y, x)[2] = static_cast<uint8_t>(x + y);
    }
  }
  return image;
}

TEST(ImageGeometry, OriginalsGiveColumns40To215) {
  const Geometry geometry = fit({256, 256}, {256, 176});
  const Image image = apply(geometry, coordinates(256, 256));
  ASSERT_EQ(image.width, 176);
  for (const int y : {0, 100, 255}) {
    EXPECT_EQ(image.at(y, 0)[1], 40);
    EXPECT_EQ(image.at(y, 175)[1], 215);
    EXPECT_EQ(image.at(y, 17)[0], y);
  }
  Keypoints keypoints;
  const float xs[4] = {40, 215, 39, 216};
  for (int k = 0; k < 4; ++k) keypoints.y[k] = 10, keypoints.x[k] = xs[k];
  const Keypoints moved = apply(geometry, keypoints);
  EXPECT_EQ(moved.x[0], 0);
  EXPECT_EQ(moved.x[1], 175);
  EXPECT_TRUE(moved.missing(2) && moved.missing(3));
  EXPECT_EQ(moved.y[0], 10);
}

TEST(ImageGeometry, HalfSizeKeepsPointsOnTheirContent) {
  const Geometry geometry = fit({256, 256}, {128, 88});
  EXPECT_EQ(geometry.offset, -20);
  // A bright square on black: its centre must be where the keypoint goes.
  Image image(256, 256);
  for (int y = 100; y < 108; ++y) {
    for (int x = 150; x < 158; ++x) image.at(y, x)[0] = 255;
  }
  Keypoints keypoints;
  keypoints.y[0] = 103.5f, keypoints.x[0] = 153.5f;
  const Image small = apply(geometry, image);
  const Keypoints moved = apply(geometry, keypoints);
  double sum = 0, at_y = 0, at_x = 0;
  for (int y = 0; y < 128; ++y) {
    for (int x = 0; x < 88; ++x) {
      const double value = small.at(y, x)[0];
      sum += value, at_y += value * y, at_x += value * x;
    }
  }
  EXPECT_NEAR(moved.y[0], at_y / sum, 0.01);
  EXPECT_NEAR(moved.x[0], at_x / sum, 0.01);
}

TEST(ImageGeometry, NarrowImagesArePaddedWithTheBorderColour) {
  Image image(64, 20, {10, 200, 30});
  for (int y = 0; y < 64; ++y) image.at(y, 10)[0] = 255;
  const Geometry geometry = fit({64, 20}, {32, 22});
  EXPECT_EQ(geometry.scaled_width, 10);
  EXPECT_EQ(geometry.offset, 6);
  const Image padded = apply(geometry, image);
  for (const int x : {0, 5, 16, 21}) {
    EXPECT_EQ(padded.at(9, x)[0], 10);
    EXPECT_EQ(padded.at(9, x)[1], 200);
    EXPECT_EQ(padded.at(9, x)[2], 30);
  }
  Keypoints keypoints;
  keypoints.y[3] = 0, keypoints.x[3] = 0;
  const Keypoints moved = apply(geometry, keypoints);
  EXPECT_EQ(moved.y[3], 0);  // -0.25 would read as missing
  EXPECT_FLOAT_EQ(moved.x[3], 5.75f);
}

TEST(ImageGeometry, AnySizeGivesTheTargetSize) {
  for (const ImageSize from : {ImageSize{1, 1}, {7, 300}, {300, 7}, {256, 176}, {2000, 1333}}) {
    const Geometry geometry = fit(from, {64, 44});
    const Image result = apply(geometry, Image(from.height, from.width, {9, 9, 9}));
    ASSERT_EQ(result.height, 64);
    ASSERT_EQ(result.width, 44);
    for (const uint8_t value : result.pixels) ASSERT_EQ(value, 9);
    const Keypoints moved = apply(geometry, random_keypoints(from.height, from.width, 1));
    EXPECT_TRUE(off_image(moved, 64, 44).empty());
  }
}

TEST(Image, FlipIsItsOwnInverseAndAgreesWithKeypoints) {
  const Image image = coordinates(5, 8);
  EXPECT_EQ(flip(flip(image)), image);
  EXPECT_EQ(flip(image).at(2, 0)[1], 7);
  Keypoints keypoints;
  keypoints.y[kRightHip] = 2, keypoints.x[kRightHip] = 3;
  const Keypoints mirrored = flip(keypoints, 8);
  EXPECT_EQ(flip(image).at(2, static_cast<int>(mirrored.x[kLeftHip]))[1], 3);
}

TEST(Image, FloatsRoundTripAndClamp) {
  Image image(16, 16);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i);
  std::vector<float> values(image.pixels.size());
  to_floats(image, values.data());
  EXPECT_EQ(values[0], -1.0f);
  EXPECT_EQ(values[255], 1.0f);
  EXPECT_EQ(from_floats(values.data(), 16, 16), image);
  values[0] = -3, values[1] = 7;
  EXPECT_EQ(from_floats(values.data(), 16, 16).pixels[0], 0);
  EXPECT_EQ(from_floats(values.data(), 16, 16).pixels[1], 255);
}

TEST(ImageFile, PngIsExactAndJpegClose) {
  const TemporaryFolder folder;
  const Image image = random_image(40, 30, 4);
  write_image(folder / "a.png", image);
  EXPECT_EQ(read_image(folder / "a.png"), image);
  write_image(folder / "a.JPG", image);
  const Image jpeg = read_image(folder / "a.JPG");
  ASSERT_EQ(jpeg.pixels.size(), image.pixels.size());
  double difference = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    difference += std::abs(static_cast<double>(jpeg.pixels[i]) - image.pixels[i]);
  }
  EXPECT_LT(difference / image.pixels.size(), 2.0);  // swapped channels would be far off
  for (const char* name : {"a.png", "a.JPG"}) {
    EXPECT_EQ(read_image_size(folder / name), (ImageSize{40, 30}));
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

TEST(ImageFile, CutOffAtAnyByteIsAnError) {
  const TemporaryFolder folder;
  for (const std::string name : {"a.png", "a.jpg"}) {
    write_image(folder / name, random_image(24, 16, 8));
    const std::vector<uint8_t> bytes = read_bytes(folder / name);
    for (size_t cut = 1; cut <= bytes.size(); cut += 1 + cut / 16) {
      const size_t length = bytes.size() - cut;
      const std::string sentence = user_error([&] {
        decode_image({bytes.begin(), bytes.begin() + length}, "cut " + name);
      });
      EXPECT_EQ(sentence.find("cut " + name + ": "), 0u) << sentence;
    }
    EXPECT_EQ(decode_image(bytes, name).height, 24);
  }
}

TEST(ImageFile, BadFilesNameTheFile) {
  const TemporaryFolder folder;
  write_text(folder / "text.jpg", "this is no picture");
  EXPECT_HAS(user_error([&] { read_image(folder / "none.png"); }),
             "none.png: cannot be read (No such");
  EXPECT_HAS(user_error([&] { read_image(folder / "text.jpg"); }), "not an image");
  EXPECT_HAS(user_error([&] { read_image_size(folder / "text.jpg"); }), "not an image");
  EXPECT_HAS(user_error([&] { read_image(folder.path()); }), "is a folder");
  EXPECT_HAS(user_error([&] { write_image(folder / "a.gif", Image(2, 2)); }), ".png or .jpg");
  EXPECT_HAS(user_error([&] { write_image(folder / "no/a.png", Image(2, 2)); }),
             "folder does not exist");
}

TEST(ImageFile, AFailedWriteKeepsTheOldFile) {
  const TemporaryFolder folder;
  const std::string target = folder / "taken.png";
  std::filesystem::create_directories(target + "/sub");
  user_error([&] { write_image(target, Image(2, 2)); });
  EXPECT_TRUE(std::filesystem::is_directory(target + "/sub"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ImageFile, AFullDiskKeepsTheOldFile) {
  const TemporaryFolder folder;
  const Image old = random_image(8, 8, 1);
  write_image(folder / "a.png", old);
  // A limit on the size of files fails a write half way, as a full disk does.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{50, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  std::string message;
  try {
    write_image(folder / "a.png", random_image(64, 64, 2));
  } catch (const Error& error) {
    EXPECT_FALSE(error.is_user_mistake());
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_HAS(message, "a.png: writing failed");
  EXPECT_EQ(read_image(folder / "a.png"), old);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace nram::data
