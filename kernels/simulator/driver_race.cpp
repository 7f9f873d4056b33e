#include "kernels/simulator/driver_race.h"

#include <algorithm>

namespace nram::simulator::driver {
namespace {

// What is kept at most: older entries give way, so that a program that never synchronises costs
// races that are found, not memory.
constexpr size_t kMostEntriesPerLine = 8192;
constexpr size_t kMostIntervals = size_t{4} << 20;

void merge(std::vector<Interval>& intervals) {
  const auto before = [](const Interval& a, const Interval& b) { return a.begin < b.begin; };
  if (!std::is_sorted(intervals.begin(), intervals.end(), before)) {
    std::sort(intervals.begin(), intervals.end(), before);
  }
  size_t kept = 0;
  for (const Interval& interval : intervals) {
    if (interval.begin == interval.end) continue;
    if (kept > 0 && interval.begin <= intervals[kept - 1].end) {
      intervals[kept - 1].end = std::max(intervals[kept - 1].end, interval.end);
    } else {
      intervals[kept++] = interval;
    }
  }
  intervals.resize(kept);
}

void intersect(const std::vector<Interval>& a, const std::vector<Interval>& b, Overlap& result) {
  if (a.empty() || b.empty() || a.back().end <= b.front().begin ||
      b.back().end <= a.front().begin) {
    return;
  }
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const uint64_t begin = std::max(a[i].begin, b[j].begin);
    const uint64_t end = std::min(a[i].end, b[j].end);
    if (begin < end) {
      if (result.bytes == 0 || begin < result.at) result.at = begin;
      result.bytes += end - begin;
    }
    (a[i].end < b[j].end ? i : j)++;
  }
}

bool any_touches(const std::vector<Interval>& intervals, Interval range) {
  return std::any_of(intervals.begin(), intervals.end(), [&](const Interval& interval) {
    return interval.begin < range.end && range.begin < interval.end;
  });
}

}  // namespace

void Clock::join(const Clock& other) {
  if (ticks_.size() < other.ticks_.size()) ticks_.resize(other.ticks_.size());
  for (size_t i = 0; i < other.ticks_.size(); ++i) ticks_[i] = std::max(ticks_[i], other.ticks_[i]);
}

void Clock::set(size_t line, uint64_t tick) {
  if (ticks_.size() <= line) ticks_.resize(line + 1);
  ticks_[line] = tick;
}

void Accesses::normalise() {
  merge(reads);
  merge(writes);
}

bool Accesses::touches(Interval range) const {
  return any_touches(reads, range) || any_touches(writes, range);
}

Overlap overlap(const Accesses& first, const Accesses& second) {
  Overlap result;
  intersect(first.writes, second.writes, result);
  if (result.bytes > 0) {
    result.both_write = true;
    return result;
  }
  intersect(first.writes, second.reads, result);
  intersect(first.reads, second.writes, result);
  return result;
}

std::vector<AccessHistory::Conflict> AccessHistory::add(const Clock& clock, size_t line,
                                                        uint64_t tick,
                                                        std::shared_ptr<const Work> work,
                                                        Accesses accesses) {
  std::vector<Conflict> conflicts;
  if (accesses.size() == 0) return conflicts;
  for (size_t other = 0; other < lines_.size(); ++other) {
    if (other == line) continue;
    // Ticks ascend within a line, so what the clock does not cover stands at its end.
    for (auto entry = lines_[other].rbegin(); entry != lines_[other].rend(); ++entry) {
      if (clock.covers(other, entry->tick)) break;
      const Overlap common = overlap(entry->accesses, accesses);
      if (common.bytes > 0) conflicts.push_back({entry->work, common});
    }
  }
  if (lines_.size() <= line) lines_.resize(line + 1);
  intervals_ += accesses.size();
  lines_[line].push_back({tick, std::move(work), std::move(accesses)});
  while (lines_[line].size() > kMostEntriesPerLine ||
         (intervals_ > kMostIntervals && lines_[line].size() > 1)) {
    drop_oldest(line);
  }
  return conflicts;
}

void AccessHistory::forget(const Clock& known) {
  for (size_t line = 0; line < lines_.size(); ++line) {
    while (!lines_[line].empty() && known.covers(line, lines_[line].front().tick)) {
      drop_oldest(line);
    }
  }
}

void AccessHistory::drop_oldest(size_t line) {
  intervals_ -= lines_[line].front().accesses.size();
  lines_[line].pop_front();
}

}  // namespace nram::simulator::driver
