// Runs implementations of one call on a card: the same random data for each, the first one's result
// as the truth for the others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/vendor/cuda_selection.h"

namespace nram::vendor {

// What measuring needs of a GPU; the engine's device gives it.
struct Card {
  Launcher* launcher = nullptr;
  Facts facts;  // of the card, its driver and the libraries
  std::function<void*(size_t bytes)> allocate;
  std::function<void(void* memory, size_t bytes)> release;
  std::function<void(void* device_memory, const void* host, size_t bytes)> copy_in;
  std::function<void(void* host, const void* device_memory, size_t bytes)> copy_out;
  std::function<void(void* device_memory, uint8_t value, size_t bytes)> fill;
  // Milliseconds of each of `count` runs of what `enqueue` enqueues, recorded as a graph once;
  // `before` is enqueued before each and not timed.
  std::function<std::vector<double>(const std::function<void()>& enqueue,
                                    const std::function<void()>& before, int count)>
      time;
};

// The facts of a card that a choice depends on, beside the problem: name, architecture, driver,
// libraries, the project's own kernels.
Facts card_facts(const std::string& card_name, int capability, int multiprocessors,
                 int driver_version);

// A candidate is taken to agree if its result differs from the first one's by at most `tolerance`
// of the root mean square, has the same bits twice, passes a NaN on and has none of its own; it
// writes over memory full of NaN. Timed as a recorded graph with a cold cache, as it will run.
class CallBench : public Bench {
 public:
  // The call's views need no memory. Takes memory when first used, and gives it back when it ends.
  CallBench(const Card& card, const Call& call, double tolerance);
  ~CallBench() override;
  CallBench(const CallBench&) = delete;
  CallBench& operator=(const CallBench&) = delete;

  std::string check(Candidate& candidate) override;
  double milliseconds(Candidate& candidate) override;

 private:
  struct Memory {
    void* data = nullptr;
    size_t bytes = 0;
  };
  using Bytes = std::vector<std::byte>;
  Memory take(size_t bytes);
  void give_back(Memory& memory);
  void prepare();
  void make_room(const Candidate& candidate);
  void fill_randomly(const View& view, uint64_t seed);
  void run(Candidate& candidate);
  Bytes result(Candidate& candidate);
  Bytes result_with_nan(Candidate& candidate);
  std::string compare(const Bytes& found, const Bytes& truth) const;

  const Card& card_;
  double tolerance_;
  std::vector<View> inputs_;
  View output_;
  Attributes attributes_;
  std::vector<Memory> tensors_;
  Memory workspace_;
  Memory flush_;
  bool ready_ = false;
  Bytes truth_, truth_with_nan_;
};

}  // namespace nram::vendor
