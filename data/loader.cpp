#include "data/loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <opencv2/core/utility.hpp>
#include <thread>

#include "kernels/common/error.h"
#include "kernels/common/philox.h"

namespace nram::data {
namespace {

// The loader's random streams, apart from those that others draw from the same seed.
constexpr uint64_t kOrderStream = uint64_t{0x6F72646572} << 24;
constexpr uint64_t kFlipStream = uint64_t{0x666C6970} << 32;

// Decoded images of the target size, kept until the bound is reached. Nothing is dropped: each
// epoch needs every image once, so what is in is as good as what would replace it.
class ImageCache {
 public:
  ImageCache(const Dataset& dataset, ImageSize size, size_t bound)
      : dataset_(dataset), size_(size), bound_(bound), images_(dataset.images.size()) {}

  struct Entry {
    Image image;
    Keypoints keypoints;
  };

  std::shared_ptr<const Entry> get(int index) {
    {
      const std::lock_guard lock(mutex_);
      if (images_[index]) {
        ++hits_;
        return images_[index];
      }
    }
    const Image original = read_image(dataset_.path(index));
    const Geometry geometry = fit({original.height, original.width}, size_);
    const auto entry = std::make_shared<const Entry>(
        Entry{apply(geometry, original), apply(geometry, dataset_.images[index].keypoints)});
    const std::lock_guard lock(mutex_);
    ++decoded_;
    const size_t bytes = entry->image.pixels.size();
    if (!images_[index] && bytes_ + bytes <= bound_) {
      images_[index] = entry;
      bytes_ += bytes;
    }
    return entry;
  }

  void report(Loader::Statistics& statistics) const {
    const std::lock_guard lock(mutex_);
    statistics.decoded = decoded_;
    statistics.cache_hits = hits_;
    statistics.cache_bytes = bytes_;
  }

 private:
  const Dataset& dataset_;
  const ImageSize size_;
  const size_t bound_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const Entry>> images_;
  size_t bytes_ = 0;
  int64_t decoded_ = 0, hits_ = 0;
};

Batch make_batch(const std::vector<int>& pairs, int height, int width) {
  Batch batch;
  batch.count = static_cast<int>(pairs.size());
  batch.height = height;
  batch.width = width;
  const size_t values = pairs.size() * height * width * 3;
  batch.source.resize(values);
  batch.target.resize(values);
  batch.keypoints_source.resize(pairs.size() * kKeypointCount * 2);
  batch.keypoints_target.resize(pairs.size() * kKeypointCount * 2);
  batch.pair_index = pairs;
  batch.flipped.assign(pairs.size(), 0);
  return batch;
}

void put(const ImageCache::Entry& entry, bool mirrored, float* pixels, float* points) {
  to_floats(mirrored ? flip(entry.image) : entry.image, pixels);
  const Keypoints keypoints = mirrored ? flip(entry.keypoints, entry.image.width) : entry.keypoints;
  for (int k = 0; k < kKeypointCount; ++k) {
    points[2 * k] = keypoints.y[k];
    points[2 * k + 1] = keypoints.x[k];
  }
}

void fill(Batch& batch, const Dataset& dataset, ImageCache& cache) {
  const size_t image_values = static_cast<size_t>(batch.height) * batch.width * 3;
  for (int i = 0; i < batch.count; ++i) {
    const DatasetPair pair = dataset.pairs[batch.pair_index[i]];
    const bool mirrored = batch.flipped[i] != 0;
    put(*cache.get(pair.source), mirrored, &batch.source[i * image_values],
        &batch.keypoints_source[i * kKeypointCount * 2]);
    put(*cache.get(pair.target), mirrored, &batch.target[i * image_values],
        &batch.keypoints_target[i * kKeypointCount * 2]);
  }
}

int64_t count_batches(const Dataset& dataset, const LoaderOptions& options) {
  NRAM_CHECK(options.batch > 0 && options.threads > 0 && options.queue > 0 && options.height > 0 &&
                 options.width > 0,
             "the loader's batch, threads, queue and image size must be positive");
  const int64_t pairs = static_cast<int64_t>(dataset.pairs.size());
  NRAM_USER_CHECK(pairs > 0, dataset.directory, ": the ", dataset.split, " part has no pairs");
  NRAM_USER_CHECK(!options.drop_last || pairs >= options.batch, dataset.directory, ": the ",
                  dataset.split, " part has ", pairs, " pairs, fewer than a batch of ",
                  options.batch, "; choose a smaller batch");
  return options.drop_last ? pairs / options.batch : (pairs + options.batch - 1) / options.batch;
}

}  // namespace

// Batches are numbered through all epochs: number = epoch * batches per epoch + position. Threads
// take the next number while fewer than `queue` are ahead of the consumer, who takes them in order.
struct Loader::State {
  State(const Dataset& dataset_, const LoaderOptions& options_)
      : dataset(dataset_),
        options(options_),
        batches(count_batches(dataset_, options_)),
        cache(dataset_, {options_.height, options_.width}, options_.cache_bytes) {}

  struct Result {
    Batch batch;
    std::exception_ptr error;
  };
  using Order = std::shared_ptr<const std::vector<int>>;

  const Dataset& dataset;
  const LoaderOptions options;
  const int64_t batches;
  ImageCache cache;

  std::mutex mutex;
  std::condition_variable room, ready;
  bool stop = false;
  int64_t generation = 0;  // seek() starts a new one: what older ones still decode is dropped
  int64_t next_taken = 0, next_given = 0;
  std::map<int64_t, Result> results;
  std::map<int64_t, Order> orders;  // by epoch, of those in work
  int most_ahead = 0;
  double seconds_waited = 0.0;
  std::vector<std::thread> threads;

  Order order_of(int64_t epoch) {
    const std::lock_guard lock(mutex);
    if (const auto found = orders.find(epoch); found != orders.end()) return found->second;
    auto order = std::make_shared<std::vector<int>>(dataset.pairs.size());
    std::iota(order->begin(), order->end(), 0);
    if (options.shuffle) {
      Random random(options.seed, kOrderStream + static_cast<uint64_t>(epoch));
      for (size_t i = order->size(); i > 1; --i) {
        std::swap((*order)[i - 1], (*order)[random.below(static_cast<uint32_t>(i))]);
      }
    }
    orders.erase(orders.begin(), orders.lower_bound(next_given / batches));
    orders[epoch] = order;
    return order;
  }

  Batch make(int64_t number) {
    const int64_t epoch = number / batches, position = number % batches;
    const Order order = order_of(epoch);
    const size_t begin = static_cast<size_t>(position) * options.batch;
    const size_t end = std::min(begin + options.batch, order->size());
    Batch batch =
        make_batch({order->begin() + begin, order->begin() + end}, options.height, options.width);
    batch.epoch = epoch;
    batch.position = position;
    if (options.flip) {
      Random random(options.seed, kFlipStream + static_cast<uint64_t>(epoch));
      random.seek(begin);
      for (uint8_t& flipped : batch.flipped) flipped = random.next() >> 31;
    }
    fill(batch, dataset, cache);
    return batch;
  }

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] { return stop || next_taken - next_given < options.queue; });
      if (stop) return;
      const int64_t number = next_taken++, mine = generation;
      most_ahead = std::max(most_ahead, static_cast<int>(next_taken - next_given));
      lock.unlock();
      Result result;
      try {
        result.batch = make(number);
      } catch (...) {
        result.error = std::current_exception();
      }
      lock.lock();
      if (mine == generation) {
        results[number] = std::move(result);
        ready.notify_all();
      }
    }
  }
};

Loader::Loader(const Dataset& dataset, const LoaderOptions& options)
    : state_(std::make_unique<State>(dataset, options)) {
  // The threads here are the parallelism: OpenCV's own pool would compete with the training.
  cv::setNumThreads(1);
  try {
    for (int i = 0; i < options.threads; ++i) {
      state_->threads.emplace_back([state = state_.get()] { state->work(); });
    }
  } catch (...) {
    stop();
    throw;
  }
}

Loader::~Loader() { stop(); }

void Loader::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->room.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
}

Batch Loader::next() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto is_ready = [&] { return state.results.contains(state.next_given); };
  if (!is_ready()) {
    const auto start = std::chrono::steady_clock::now();
    state.ready.wait(lock, is_ready);
    state.seconds_waited +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  const auto found = state.results.find(state.next_given);
  if (found->second.error) std::rethrow_exception(found->second.error);
  Batch batch = std::move(found->second.batch);
  state.results.erase(found);
  ++state.next_given;
  lock.unlock();
  state.room.notify_one();
  return batch;
}

void Loader::seek(int64_t epoch, int64_t position) {
  State& state = *state_;
  NRAM_CHECK(epoch >= 0 && position >= 0 && position <= state.batches, "cannot seek to batch ",
             position, " of epoch ", epoch, ": an epoch has ", state.batches, " batches");
  {
    const std::lock_guard lock(state.mutex);
    ++state.generation;
    state.results.clear();
    state.orders.clear();
    state.next_taken = state.next_given = epoch * state.batches + position;
  }
  state.room.notify_all();
}

int64_t Loader::epoch() const {
  const std::lock_guard lock(state_->mutex);
  return state_->next_given / state_->batches;
}

int64_t Loader::position() const {
  const std::lock_guard lock(state_->mutex);
  return state_->next_given % state_->batches;
}

int64_t Loader::batches_per_epoch() const { return state_->batches; }

Loader::Statistics Loader::statistics() const {
  Statistics statistics;
  state_->cache.report(statistics);
  const std::lock_guard lock(state_->mutex);
  statistics.most_ahead = state_->most_ahead;
  statistics.seconds_waited = state_->seconds_waited;
  return statistics;
}

Batch load_pair(const Dataset& dataset, int pair, int height, int width) {
  ImageCache cache(dataset, {height, width}, 0);
  Batch batch = make_batch({pair}, height, width);
  fill(batch, dataset, cache);
  return batch;
}

}  // namespace nram::data
