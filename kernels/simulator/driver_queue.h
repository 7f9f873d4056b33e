// Streams and events: work is queued and runs as late as it may, when something forces it. Forcing
// an operation runs what stands before it in its stream and what these wait for, and nothing else,
// so that a wait which the program forgot is missed. Where several streams may run, the seed
// chooses.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "kernels/simulator/driver_race.h"
#include "kernels/simulator/driver_work.h"

namespace nram::simulator::driver {

struct Capture;
struct Context;
struct GraphNode;
struct Stream;

struct Operation {
  std::shared_ptr<const Work> work;
  std::shared_ptr<Stream> stream;  // null once it is done
  Context* context = nullptr;
  size_t line = 0;
  uint64_t tick = 0;
  Clock clock;
  std::vector<std::shared_ptr<Operation>> after;  // in other streams
  bool done = false;
  double finished = 0;  // host seconds
};

struct Stream {
  CUstream handle = nullptr;
  Context* context = nullptr;
  std::string name;  // "stream 3"
  bool legacy = false;
  unsigned flags = 0;
  int priority = 0;
  uint64_t id = 0;
  size_t line = 0;
  bool destroyed = false;
  Clock clock;                                   // of the last operation
  std::deque<std::shared_ptr<Operation>> queue;  // not done yet
  std::shared_ptr<Capture> capture;
  std::vector<GraphNode*> capture_tail;  // what the next captured node follows

  bool blocking() const { return (flags & CU_STREAM_NON_BLOCKING) == 0; }
};

struct Event {
  CUevent handle = nullptr;
  Context* context = nullptr;
  unsigned flags = 0;
  std::shared_ptr<Operation> record;     // the last, in a stream
  std::shared_ptr<Capture> capture;      // or the last, in a capture
  std::vector<GraphNode*> capture_tail;  // what the capture's stream had done
};

class Queue {
 public:
  explicit Queue(Driver& driver) : driver_(driver) {}

  std::shared_ptr<Stream> make_stream(Context& context, unsigned flags, int priority);
  // Its work still runs.
  void retire(const std::shared_ptr<Stream>& stream);

  std::shared_ptr<Operation> submit(const std::shared_ptr<Stream>& stream,
                                    std::shared_ptr<const Work> work,
                                    const std::vector<std::shared_ptr<Operation>>& after = {});
  // Runs until the operation is done; the host knows of it from then on.
  void finish(const std::shared_ptr<Operation>& operation);
  void finish(const std::shared_ptr<Stream>& stream);
  // All streams of a context, or of all.
  void finish(const Context* context);
  // One step towards it; true if it was done before.
  bool poll(const std::shared_ptr<Operation>& operation);
  bool poll(const std::shared_ptr<Stream>& stream);

  // A piece of work touched these bytes: finds races, tells who watches.
  void record(const Operation& operation, const std::shared_ptr<const Work>& work,
              Accesses accesses);
  // Queued work for which `uses` holds, described.
  std::vector<std::string> queued(const std::function<bool(const Work&)>& uses) const;
  // Runs all that is queued; gives the operations that touched the range.
  std::vector<std::string> finish_watching(Interval range);

  // Runs `body` with the driver's lock released: kernels and host functions take long.
  void unlocked(const std::function<void()>& body);
  // Below `bound`, by the seed.
  size_t choose(size_t bound) { return static_cast<size_t>(random_() % bound); }
  void set_seed(uint64_t seed);
  // The host knows that an operation is done.
  void host_knows(const Operation& operation);

 private:
  void run(std::shared_ptr<Operation> target);
  // Whether another operation, done or to come, may not be ordered with this one.
  bool may_race(const Operation& operation) const;
  void execute(const std::shared_ptr<Operation>& operation);
  void run_something(const Context* context);
  void wait_for_running();
  void settle();
  void prune();

  Driver& driver_;
  std::vector<std::shared_ptr<Stream>> streams_;
  std::vector<uint64_t> ticks_;     // by line
  std::vector<size_t> free_lines_;  // of streams that are gone
  size_t pending_ = 0;
  size_t staged_bytes_ = 0;
  uint64_t made_streams_ = 0;
  Clock host_;
  AccessHistory history_;
  bool running_ = false;  // an operation, on some thread
  bool awaited_ = false;  // what runs now is all known to the host afterwards
  std::condition_variable_any idle_;
  std::mt19937_64 random_{0};
  bool eager_ = false;  // a seed other than 0 also lets other streams run ahead
  Interval watched_{};
  std::vector<std::string> watch_hits_;
};

}  // namespace nram::simulator::driver
