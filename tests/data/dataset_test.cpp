#include "data/dataset.h"

#include "data/file.h"
#include "tests/data/sample_files.h"

namespace nram::data {
namespace {

class DatasetTest : public testing::Test {
 protected:
  DatasetTest() : written_(make_dataset(folder_.path(), "train", 3)) {}

  std::string annotation() const { return folder_ / "fasion-resize-annotation-train.csv"; }
  std::string pairs() const { return folder_ / "fasion-resize-pairs-train.csv"; }
  // Replaces the first `from` in a file.
  static void edit(const std::string& path, const std::string& from, const std::string& to) {
    std::string content = read_back(path);
    const size_t at = content.find(from);
    ASSERT_NE(at, std::string::npos) << content;
    write_text(path, content.replace(at, from.size(), to));
  }
  Dataset open(const DatasetOptions& options = {}) const {
    return open_dataset(folder_.path(), "train", options);
  }
  std::string error() const {
    return user_error([this] { open(); });
  }
  // Sets one point of an image by rewriting the annotation.
  void place(int image, int keypoint, float y, float x) {
    written_.images[image].keypoints.y[keypoint] = y;
    written_.images[image].keypoints.x[keypoint] = x;
    write_dataset_lists(written_);
  }

  TemporaryFolder folder_;
  Dataset written_;
};

TEST_F(DatasetTest, OpensWhatWasWritten) {
  const Dataset dataset = open();
  ASSERT_EQ(dataset.images.size(), 6u);
  ASSERT_EQ(dataset.pairs.size(), 6u);
  EXPECT_TRUE(dataset.warnings.empty());
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(dataset.images[i].name, written_.images[i].name);
    EXPECT_EQ(dataset.images[i].keypoints, written_.images[i].keypoints);
    EXPECT_EQ(dataset.images[i].row, static_cast<int>(i) + 2);
    EXPECT_EQ(dataset.pairs[i].source, written_.pairs[i].source);
    EXPECT_EQ(dataset.pairs[i].target, written_.pairs[i].target);
  }
  EXPECT_EQ(dataset.find("trainid1_2side.png"), 3);
  EXPECT_HAS(user_error([&] { dataset.find("x.png"); }), "no image x.png");
}

TEST_F(DatasetTest, ReadsFilesAsFoundInTheWild) {
  const Dataset plain = open();
  for (const std::string& path : {annotation(), pairs()}) {
    std::string changed = "\xEF\xBB\xBF";
    for (const std::string& line : split_lines(read_back(path))) changed += line + " \r\n\r\n";
    write_text(path, changed);
  }
  edit(pairs(), "from,to", " from , to");
  const Dataset dataset = open();
  ASSERT_EQ(dataset.images.size(), plain.images.size());
  for (size_t i = 0; i < plain.images.size(); ++i) {
    EXPECT_EQ(dataset.images[i].keypoints, plain.images[i].keypoints);
    EXPECT_EQ(dataset.images[i].row, static_cast<int>(2 * i) + 3);  // blank lines count
  }
  EXPECT_EQ(dataset.pairs.size(), plain.pairs.size());
}

TEST_F(DatasetTest, MissingFoldersAndLists) {
  EXPECT_HAS(user_error([] { open_dataset("/nowhere", "train"); }),
             "/nowhere: there is no such folder");
  EXPECT_HAS(user_error([&] { open_dataset(folder_.path(), "test"); }),
             "/test: there is no such folder");
  EXPECT_HAS(user_error([&] { open_dataset(folder_.path(), "val"); }), "not 'val'");
  std::filesystem::remove(pairs());
  EXPECT_EQ(error().find(pairs() + ": there is no such file"), 0u);
  std::filesystem::remove(annotation());
  EXPECT_EQ(error().find(annotation() + ": there is no such file"), 0u);
}

TEST_F(DatasetTest, WrongHeaders) {
  edit(pairs(), "from,to", "source,target");
  EXPECT_HAS(error(), pairs() + " row 1: the header is 'source,target'; it must be 'from,to'");
  edit(annotation(), "keypoints_y:keypoints_x", "keypoints_x:keypoints_y");
  EXPECT_HAS(error(), annotation() + " row 1: the header is");
  write_text(annotation(), "\n\n");
  EXPECT_HAS(error(), "the file is empty");
}

TEST_F(DatasetTest, BadAnnotationRows) {
  edit(annotation(), "trainid1_1front.png: [", "trainid1_1front.png: [7, ");
  EXPECT_HAS(error(), annotation() + " row 4: 19 y coordinates instead of 18");
  edit(annotation(), "trainid1_1front.png: [7, ", "trainid1_1front.png: [seven, ");
  EXPECT_HAS(error(), annotation() + " row 4: 'seven' in the y coordinates is not a number");
}

TEST_F(DatasetTest, DuplicateNames) {
  edit(annotation(), "trainid2_1front.png", "trainid0_2side.png");
  EXPECT_HAS(
      error(),
      annotation() + " row 6: trainid0_2side.png has a second annotation, the first is in row 3");
}

TEST_F(DatasetTest, BadPairs) {
  edit(pairs(), "trainid1_1front.png,trainid1_2side.png", "trainid1_1front.png,someone.png");
  EXPECT_HAS(error(), pairs() + " row 4: someone.png has no annotation");
  edit(pairs(), "trainid1_1front.png,someone.png", "trainid1_1front.png");
  EXPECT_HAS(error(), pairs() + " row 4: 'trainid1_1front.png' is not a pair");
  write_text(pairs(), "from,to\n");
  EXPECT_HAS(error(), "no pairs here");
}

TEST_F(DatasetTest, MissingImagesAreCountedAndNamed) {
  for (const int i : {0, 2, 3, 5}) std::filesystem::remove(written_.path(i));
  EXPECT_HAS(error(),
             "/train: 4 images of 6 used by pairs not there (trainid0_1front.png, "
             "trainid1_1front.png, trainid1_2side.png and 1 more)");
  EXPECT_HAS(user_error([&] { open({.skip_missing = true}); }), "no pair is left");
}

TEST_F(DatasetTest, MissingImagesCanBeSkipped) {
  std::filesystem::remove(written_.path(2));
  const Dataset dataset = open({.skip_missing = true});
  EXPECT_EQ(dataset.pairs.size(), 4u);
  for (const DatasetPair& pair : dataset.pairs) {
    EXPECT_TRUE(std::filesystem::exists(dataset.path(pair.source)));
    EXPECT_TRUE(std::filesystem::exists(dataset.path(pair.target)));
  }
  ASSERT_EQ(dataset.warnings.size(), 1u);
  EXPECT_HAS(dataset.warnings[0], "2 pairs left out");
}

TEST_F(DatasetTest, UnusedImagesNeedNotExist) {
  edit(annotation(), "trainid0_1front.png",
       to_csv_row("unused.png", random_keypoints(999, 999, 1)) + "\ntrainid0_1front.png");
  EXPECT_EQ(open().pairs.size(), 6u);
}

TEST_F(DatasetTest, KeypointsFarOffTheImageAreErrors) {
  place(3, kLeftKnee, 33, 5);  // 32 rows: the last is 31
  EXPECT_HAS(error(), annotation() +
                          " row 5: the left knee of trainid1_2side.png is at y 33, x 5, "
                          "off the image of 32 x 22");
  place(3, kLeftKnee, 5, -300);
  EXPECT_HAS(error(), "x -300");
  place(3, kLeftKnee, 5, 27);  // 22 columns: up to 21 + 5 is the crop's share
  EXPECT_HAS(error(), "x 27");
}

TEST_F(DatasetTest, KeypointsOnCroppedColumnsAreMissing) {
  place(3, kLeftKnee, 5, 26);
  place(3, kLeftElbow, 5, -4);
  place(4, kLeftKnee, 32, 5);
  const Dataset dataset = open();
  EXPECT_TRUE(dataset.images[3].keypoints.missing(kLeftKnee));
  EXPECT_EQ(dataset.images[3].keypoints.x[kLeftElbow], kMissing);
  EXPECT_EQ(dataset.images[3].keypoints.y[kLeftElbow], kMissing);
  EXPECT_TRUE(dataset.images[4].keypoints.missing(kLeftKnee));
  EXPECT_FALSE(dataset.images[4].keypoints.missing(kLeftElbow));
  ASSERT_EQ(dataset.warnings.size(), 1u);
  EXPECT_HAS(dataset.warnings[0], "3 keypoints of 2 images beside the image taken as missing");
}

TEST_F(DatasetTest, AnUnreadableImageIsNamed) {
  write_text(written_.path(1), "no picture");
  EXPECT_HAS(error(), "trainid0_2side.png: this is not an image");
}

TEST_F(DatasetTest, PosesWithoutAnyPointAreReported) {
  written_.images[1].keypoints = Keypoints();
  write_dataset_lists(written_);
  const Dataset dataset = open();
  ASSERT_EQ(dataset.warnings.size(), 1u);
  EXPECT_HAS(dataset.warnings[0],
             "all keypoints missing for 1 image used by pairs (trainid0_2side.png)");
}

TEST_F(DatasetTest, IdentitiesInBothPartsAreFound) {
  Dataset test = make_dataset(folder_.path(), "test", 2);
  EXPECT_TRUE(shared_identities(written_, test).empty());
  test.images[2].name = "trainid2_4full.png";
  EXPECT_EQ(shared_identities(written_, test), std::vector<std::string>{"trainid2"});
}

TEST(Identity, IsTheNameWithoutTheView) {
  EXPECT_EQ(identity("fashionMENSweatersid0000321602_1front.jpg"),
            "fashionMENSweatersid0000321602");
  EXPECT_EQ(identity("fashionWOMENRompers_Jumpsuitsid0000316502_7additional.jpg"),
            "fashionWOMENRompers_Jumpsuitsid0000316502");
  EXPECT_EQ(identity("fashionWOMENRompers_Jumpsuitsid1.jpg"), "fashionWOMENRompers_Jumpsuitsid1");
  EXPECT_EQ(identity("photo_0012.png"), "photo_0012");
}

TEST(RealSample, OpensWithoutWarnings) {
  if (real_sample().empty()) GTEST_SKIP() << "NRAM_SAMPLE_DATA names no folder";
  const Dataset train = open_dataset(real_sample(), "train");
  const Dataset test = open_dataset(real_sample(), "test");
  EXPECT_EQ(train.images.size(), 219u);
  EXPECT_EQ(train.pairs.size(), 284u);
  EXPECT_EQ(test.images.size(), 43u);
  EXPECT_EQ(test.pairs.size(), 52u);
  EXPECT_TRUE(train.warnings.empty() && test.warnings.empty());
  EXPECT_TRUE(shared_identities(train, test).empty());
  const int known = test.find("fashionMENSweatersid0000321602_1front.jpg");
  EXPECT_EQ(test.images[known].keypoints.x[kRightShoulder], 56);
  EXPECT_EQ(test.images[known].keypoints.y[kRightShoulder], 81);
  EXPECT_EQ(read_image_size(test.path(known)), (ImageSize{256, 176}));
  EXPECT_EQ(read_image(test.path(known)).width, 176);
}

}  // namespace
}  // namespace nram::data
