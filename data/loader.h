// Batches of image pairs, decoded ahead by loader threads.
//
// What batch n holds depends only on the data set, the options and n: not on the number of threads,
// the cache, or where the run was started. So a run resumes exactly by seek(epoch, position).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "data/dataset.h"

namespace nram::data {

struct Batch {
  int count = 0, height = 0, width = 0;
  std::vector<float> source, target;  // count x height x width x 3, RGB in [-1, 1]
  std::vector<float> keypoints_source, keypoints_target;  // count x 18 x 2 as (y, x); -1 missing
  std::vector<int> pair_index;                            // count: indices into Dataset::pairs
  std::vector<uint8_t> flipped;                           // count: 1 where the pair is mirrored
  int64_t epoch = 0, position = 0;                        // of this batch
};

struct LoaderOptions {
  int batch = 8;
  int height = 256, width = 176;  // multiples of 4 are the model's business
  uint64_t seed = 0;
  bool shuffle = true;    // a new order each epoch
  bool flip = false;      // mirror a pair (both images) with probability 1/2
  bool drop_last = true;  // leave out an epoch's last batch when it is not full
  int threads = 1;
  int queue = 4;  // batches decoded ahead at most, those in work included
  // Bound for decoded images (8 bit, target size) kept in memory; 0 decodes every time. 768 MiB
  // hold 5,900 images of 256 x 176.
  size_t cache_bytes = size_t{768} << 20;
};

class Loader {
 public:
  // The data set must outlive the loader. Starts the threads. User error when there is no pair, or
  // fewer than a batch with drop_last.
  Loader(const Dataset& dataset, const LoaderOptions& options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next batch; after an epoch's last one comes the next epoch's first. Waits for the threads.
  // An exception in a thread (an unreadable image) is thrown here, in place of the batch that it
  // spoiled and at every later call until seek().
  Batch next();
  // The next call of next() gives batch `position` of `epoch`; both start at 0. A position at the
  // end of an epoch is the start of the next.
  void seek(int64_t epoch, int64_t position);
  // Of the batch that next() would give: what a checkpoint must hold.
  int64_t epoch() const;
  int64_t position() const;
  int64_t batches_per_epoch() const;

  // Counters for tests and reports.
  struct Statistics {
    int64_t decoded = 0, cache_hits = 0;
    size_t cache_bytes = 0;
    int most_ahead = 0;           // batches held or in work at once, at most
    double seconds_waited = 0.0;  // of the consumer
  };
  Statistics statistics() const;

 private:
  void stop();

  struct State;
  std::unique_ptr<State> state_;
};

// One pair, unflipped, as a batch of 1. For tools that show single pairs.
Batch load_pair(const Dataset& dataset, int pair, int height, int width);

}  // namespace nram::data
