// Access marks: who touched a 4-byte word last, and when, in 32 bits.
//
// A moment is one warp between two points where it synchronises with others (barriers, bar.warp).
// Moments are numbered upwards as they begin, over all launches, so "before this launch" and
// "before this block's last barrier" are comparisons of marks. A mark is
//   moment (22 bits) | lane (5) | strong (1: atomic, volatile, relaxed, ...) | bytes of the word
//   (4).
#pragma once

#include <atomic>
#include <cstdint>

#include "kernels/simulator/lazy_zeros.h"

namespace nram::simulator {

constexpr int kMarkLaneShift = 5, kMarkMomentShift = 10;
constexpr uint32_t kMarkBytes = 0xF, kMarkStrong = 0x10, kMarkThread = ~uint32_t{0x1F};

inline uint32_t mark_moment(uint32_t mark) { return mark >> kMarkMomentShift; }
inline uint32_t mark_lane(uint32_t mark) { return mark >> kMarkLaneShift & 31; }

struct Moments {
  static constexpr uint32_t kMost = uint32_t{1} << (32 - kMarkMomentShift);
  struct Owner {
    uint32_t block;  // its linear index in the grid
    uint32_t warp;
  };

  std::atomic<uint32_t> next{1};
  uint32_t launch = 0;  // counts launches
  MallocArray<Owner> owners = lazy_zeros<Owner>(kMost);

  // The first of `count` new moments; 0 when the numbers are used up.
  uint32_t take(uint32_t count) {
    const uint32_t first = next.fetch_add(count);
    if (first < kMost && count <= kMost - first) return first;
    next.fetch_sub(count);
    return 0;
  }
  // More than half are gone: what is left must do for the blocks to come.
  bool scarce() const { return next.load(std::memory_order_relaxed) > kMost / 2; }
  // Gives back the moments from `from` on, if nobody has taken any since.
  void give_back(uint32_t from, uint32_t end) { next.compare_exchange_strong(end, from); }
};

}  // namespace nram::simulator
