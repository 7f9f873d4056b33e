#include "data/loader.h"

#include <chrono>
#include <set>
#include <thread>

#include "tests/data/sample_files.h"

namespace nram::data {
namespace {

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() { dataset_ = make_dataset(folder_.path(), "train", 7); }

  static LoaderOptions options() {
    LoaderOptions result;
    result.batch = 3;
    result.height = 16;
    result.width = 12;
    result.seed = 5;
    result.flip = true;
    return result;
  }

  TemporaryFolder folder_;
  Dataset dataset_;
};

void expect_equal(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.pair_index, b.pair_index);
  EXPECT_EQ(a.flipped, b.flipped);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.keypoints_source, b.keypoints_source);
  EXPECT_EQ(a.keypoints_target, b.keypoints_target);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.position, b.position);
}

TEST_F(LoaderTest, BatchesDoNotDependOnThreadsQueueOrCache) {
  Loader plain(dataset_, options());
  std::vector<Batch> expected;
  for (int i = 0; i < 11; ++i) expected.push_back(plain.next());
  for (const auto& [threads, queue, cache] :
       {std::tuple{4, 2, size_t{0}}, {3, 9, size_t{1} << 20}, {2, 3, size_t{2000}}}) {
    LoaderOptions changed = options();
    changed.threads = threads;
    changed.queue = queue;
    changed.cache_bytes = cache;
    Loader loader(dataset_, changed);
    for (const Batch& batch : expected) expect_equal(loader.next(), batch);
    EXPECT_LE(loader.statistics().cache_bytes, cache);
  }
}

TEST_F(LoaderTest, AnEpochHoldsEveryPairOnceInANewOrder) {
  LoaderOptions all = options();
  all.drop_last = false;
  Loader loader(dataset_, all);
  ASSERT_EQ(loader.batches_per_epoch(), 5);  // 14 pairs: 4 batches of 3 and one of 2
  std::vector<std::vector<int>> orders;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<int> order;
    for (int i = 0; i < 5; ++i) {
      const Batch batch = loader.next();
      EXPECT_EQ(batch.epoch, epoch);
      EXPECT_EQ(batch.position, i);
      EXPECT_EQ(batch.count, i < 4 ? 3 : 2);
      EXPECT_EQ(batch.source.size(), static_cast<size_t>(batch.count * 16 * 12 * 3));
      order.insert(order.end(), batch.pair_index.begin(), batch.pair_index.end());
    }
    EXPECT_EQ(order.size(), 14u);
    EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), 14u);
    orders.push_back(order);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
  all.seed = 6;
  Loader other(dataset_, all);
  EXPECT_NE(other.next().pair_index, std::vector<int>(orders[0].begin(), orders[0].begin() + 3));
}

TEST_F(LoaderTest, UnshuffledIsFileOrderAndDropsTheRest) {
  LoaderOptions plain = options();
  plain.shuffle = plain.flip = false;
  Loader loader(dataset_, plain);
  ASSERT_EQ(loader.batches_per_epoch(), 4);
  for (int i = 0; i < 4; ++i) {
    const Batch batch = loader.next();
    EXPECT_EQ(batch.pair_index, (std::vector<int>{3 * i, 3 * i + 1, 3 * i + 2}));
    EXPECT_EQ(batch.flipped, (std::vector<uint8_t>{0, 0, 0}));
  }
  EXPECT_EQ(loader.next().pair_index[0], 0);
}

TEST_F(LoaderTest, ResumesFromAnyPositionExactly) {
  LoaderOptions two = options();
  two.threads = 2;
  Loader straight(dataset_, two);
  std::vector<Batch> expected;
  std::vector<std::pair<int64_t, int64_t>> places;
  for (int i = 0; i < 10; ++i) {
    places.push_back({straight.epoch(), straight.position()});
    expected.push_back(straight.next());
  }
  for (const int from : {0, 3, 4, 7}) {
    Loader resumed(dataset_, two);
    resumed.seek(places[from].first, places[from].second);
    for (int i = from; i < 10; ++i) expect_equal(resumed.next(), expected[i]);
  }
  straight.seek(0, 4);  // the end of an epoch is the start of the next
  EXPECT_EQ(straight.epoch(), 1);
  EXPECT_EQ(straight.position(), 0);
  expect_equal(straight.next(), expected[4]);
  straight.seek(0, 0);
  expect_equal(straight.next(), expected[0]);
}

TEST_F(LoaderTest, FlipsBothImagesAndTheirKeypoints) {
  Loader loader(dataset_, options());
  int flipped = 0, seen = 0;
  for (int n = 0; n < 12; ++n) {
    const Batch batch = loader.next();
    for (int i = 0; i < batch.count; ++i, ++seen) {
      const Batch plain = load_pair(dataset_, batch.pair_index[i], 16, 12);
      flipped += batch.flipped[i];
      const int points = kKeypointCount * 2, values = 16 * 12 * 3;
      for (const bool target : {false, true}) {
        const float* pixels = &(target ? batch.target : batch.source)[i * values];
        const float* plain_pixels = (target ? plain.target : plain.source).data();
        const float* at = &(target ? batch.keypoints_target : batch.keypoints_source)[i * points];
        const float* plain_at = (target ? plain.keypoints_target : plain.keypoints_source).data();
        for (int p = 0; p < 16 * 12; ++p) {
          const int x = p % 12, from = batch.flipped[i] ? p - x + 11 - x : p;
          for (int c = 0; c < 3; ++c) ASSERT_EQ(pixels[3 * p + c], plain_pixels[3 * from + c]);
        }
        for (int k = 0; k < kKeypointCount; ++k) {
          const int from = batch.flipped[i] ? mirrored_keypoint(k) : k;
          const float x = plain_at[2 * from + 1];
          ASSERT_EQ(at[2 * k], plain_at[2 * from]);
          ASSERT_EQ(at[2 * k + 1], batch.flipped[i] && x != kMissing ? 11 - x : x);
        }
      }
    }
  }
  EXPECT_GT(flipped, seen / 4);
  EXPECT_LT(flipped, 3 * seen / 4);
}

TEST_F(LoaderTest, CachedImagesAreDecodedOnce) {
  LoaderOptions cached = options();
  cached.drop_last = false;
  Loader loader(dataset_, cached);
  for (int i = 0; i < 15; ++i) loader.next();
  EXPECT_EQ(loader.statistics().decoded, 14);  // one thread; 14 images
  EXPECT_GT(loader.statistics().cache_hits, 28);
  EXPECT_EQ(loader.statistics().cache_bytes, size_t{14 * 16 * 12 * 3});
}

TEST_F(LoaderTest, TheQueueIsBounded) {
  LoaderOptions small = options();
  small.threads = 4;
  small.queue = 2;
  Loader loader(dataset_, small);
  for (int i = 0; i < 6; ++i) {
    loader.next();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // time to run ahead
  }
  EXPECT_EQ(loader.statistics().most_ahead, 2);
}

TEST_F(LoaderTest, ErrorsInThreadsReachTheConsumerInTheirPlace) {
  LoaderOptions plain = options();
  plain.shuffle = plain.flip = false;
  plain.threads = 3;
  write_text(dataset_.path(dataset_.pairs[7].source), "no picture");  // in batch 2
  Loader loader(dataset_, plain);
  loader.next();
  loader.next();
  for (int i = 0; i < 2; ++i) {
    EXPECT_HAS(user_error([&] { loader.next(); }), "this is not an image");
  }
  loader.seek(0, 1);
  EXPECT_EQ(loader.next().position, 1);
  loader.seek(0, 3);
  EXPECT_EQ(loader.next().position, 3);
}

TEST_F(LoaderTest, EndsCleanlyAtAnyMoment) {
  LoaderOptions many = options();
  many.threads = 4;
  for (int i = 0; i < 20; ++i) {
    Loader loader(dataset_, many);
    for (int n = 0; n < i % 3; ++n) loader.next();
    if (i % 2) loader.seek(i, 1);
  }
}

TEST_F(LoaderTest, TooFewPairsForABatch) {
  LoaderOptions large = options();
  large.batch = 15;
  EXPECT_HAS(user_error([&] { Loader(dataset_, large); }), "14 pairs, fewer than a batch of 15");
  large.drop_last = false;
  Loader loader(dataset_, large);
  EXPECT_EQ(loader.next().count, 14);
  dataset_.pairs.clear();
  EXPECT_HAS(user_error([&] { Loader(dataset_, large); }), "no pairs");
}

TEST(RealSample, LoadsAWholeEpoch) {
  if (real_sample().empty()) GTEST_SKIP() << "NRAM_SAMPLE_DATA names no folder";
  const Dataset dataset = open_dataset(real_sample(), "test");
  LoaderOptions options;
  options.height = 128;
  options.width = 88;
  options.shuffle = options.drop_last = false;
  options.threads = 2;
  Loader loader(dataset, options);
  int count = 0;
  for (int64_t i = 0; i < loader.batches_per_epoch(); ++i) {
    const Batch batch = loader.next();
    count += batch.count;
    for (const float value : batch.source) ASSERT_TRUE(value >= -1 && value <= 1);
  }
  EXPECT_EQ(count, 52);
  const Batch first = load_pair(dataset, 0, 128, 88);
  // Right shoulder at (81, 56) of 256 x 176.
  EXPECT_FLOAT_EQ(first.keypoints_source[2 * kRightShoulder], 40.25f);
  EXPECT_FLOAT_EQ(first.keypoints_source[2 * kRightShoulder + 1], 27.75f);
}

}  // namespace
}  // namespace nram::data
