#include "kernels/simulator/driver_accesses.h"

#include <algorithm>

#include "kernels/simulator/allocation.h"

namespace nram::simulator::driver {
namespace {

constexpr size_t kWordBytes = 4, kSectorWords = 8;
constexpr size_t kStep = 64;  // sectors that are looked at together

// Runs of bytes, joined where one begins where the last has ended.
class Runs {
 public:
  explicit Runs(std::vector<Interval>& intervals) : intervals_(intervals) {}
  ~Runs() { flush(); }
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;
  // The word's bytes that `mask` has a bit for.
  void add(uint64_t address, uint32_t mask) {
    if (mask == kMarkBytes) return add_run(address, kWordBytes);
    for (uint32_t byte = 0; byte < kWordBytes; ++byte) {
      if ((mask >> byte & 1) != 0) add_run(address + byte, 1);
    }
  }

 private:
  void add_run(uint64_t address, uint64_t bytes) {
    if (run_.begin != run_.end && run_.end == address) {
      run_.end += bytes;
      return;
    }
    flush();
    run_ = {address, address + bytes};
  }
  void flush() {
    if (run_.begin != run_.end) intervals_.push_back(run_);
    run_ = {};
  }
  std::vector<Interval>& intervals_;
  Interval run_{};
};

// A word's bytes in a mark of this launch.
uint32_t bytes_of(uint32_t mark, uint32_t first_moment) {
  const bool counts = mark_moment(mark) >= first_moment && (mark & kMarkStrong) == 0;
  return counts ? mark & kMarkBytes : 0;
}

// Whether the launch has touched any of the sectors. Without counters nobody knows.
bool touched(const Allocation& allocation, size_t sector, size_t end, uint32_t launch) {
  if (!allocation.load_stamp) return true;
  const uint32_t *loads = allocation.load_stamp.get(), *stores = allocation.store_stamp.get();
  unsigned any = 0;
  for (; sector < end; ++sector) {
    any |= static_cast<unsigned>(loads[sector] == launch) |
           static_cast<unsigned>(stores[sector] == launch);
  }
  return any != 0;
}

void add_allocation(const Allocation& allocation, uint32_t first_moment, uint32_t launch,
                    Accesses& accesses) {
  Runs reads(accesses.reads), writes(accesses.writes);
  for (size_t sector = 0; sector < allocation.sectors(); sector += kStep) {
    const size_t end = std::min(allocation.sectors(), sector + kStep);
    if (!touched(allocation, sector, end, launch)) continue;
    const size_t last_word = std::min(allocation.words(), end * kSectorWords);
    for (size_t word = sector * kSectorWords; word < last_word; ++word) {
      const uint64_t address = allocation.address + word * kWordBytes;
      writes.add(address, bytes_of(allocation.written[word], first_moment));
      reads.add(address, bytes_of(allocation.read[word], first_moment) |
                             bytes_of(allocation.read_again[word], first_moment));
    }
  }
}

}  // namespace

// Numbers that are scarce begin anew with the next launch, and no older mark is left then.
MarksBefore::MarksBefore(const Memory& memory) {
  const Moments& moments = memory.implementation().moments;
  first_moment = moments.scarce() ? 1 : moments.next.load();
}

void add_accesses(const Memory& memory, const MarksBefore& before, Accesses& accesses) {
  const Memory::Implementation& in = memory.implementation();
  std::lock_guard lock(in.mutex);
  for (const auto& allocation : in.allocations) {
    if (allocation->released || !allocation->written) continue;
    add_allocation(*allocation, before.first_moment, in.moments.launch, accesses);
  }
}

}  // namespace nram::simulator::driver
