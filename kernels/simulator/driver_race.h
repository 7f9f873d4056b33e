// Which operations of the streams are ordered, and which bytes each of them touched: finds two
// operations that touch the same bytes, at least one writing, with nothing that orders them.
//
// Every stream is a line of operations with ascending ticks. An operation's clock holds, for each
// line, the last tick that is known to end before the operation begins (a vector clock).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace nram::simulator::driver {

class Work;

class Clock {
 public:
  void join(const Clock& other);
  void set(size_t line, uint64_t tick);
  bool covers(size_t line, uint64_t tick) const {
    return line < ticks_.size() && ticks_[line] >= tick;
  }

 private:
  std::vector<uint64_t> ticks_;
};

struct Interval {
  uint64_t begin = 0, end = 0;
};

// The bytes that one operation read and wrote; host addresses and device addresses never meet.
struct Accesses {
  std::vector<Interval> reads, writes;

  void read(uint64_t begin, uint64_t bytes) { reads.push_back({begin, begin + bytes}); }
  void write(uint64_t begin, uint64_t bytes) { writes.push_back({begin, begin + bytes}); }
  // Sorted and without overlap, as the functions below need them.
  void normalise();
  size_t size() const { return reads.size() + writes.size(); }
  bool touches(Interval range) const;
};

// Bytes that one of the two writes and the other touches; `at` is the first of them.
struct Overlap {
  uint64_t at = 0;
  uint64_t bytes = 0;
  bool both_write = false;
};
Overlap overlap(const Accesses& first, const Accesses& second);

class AccessHistory {
 public:
  struct Conflict {
    std::shared_ptr<const Work> work;  // the earlier operation
    Overlap overlap;
  };
  // Adds what an operation touched; gives the operations executed before it that its clock does not
  // cover and that conflict with it.
  std::vector<Conflict> add(const Clock& clock, size_t line, uint64_t tick,
                            std::shared_ptr<const Work> work, Accesses accesses);
  // Drops what every later operation is known to follow. Only while nothing is queued.
  void forget(const Clock& known);

 private:
  struct Entry {
    uint64_t tick = 0;
    std::shared_ptr<const Work> work;
    Accesses accesses;
  };
  void drop_oldest(size_t line);

  std::vector<std::deque<Entry>> lines_;
  size_t intervals_ = 0;
};

}  // namespace nram::simulator::driver
