// The inside of simulated device memory, shared by Memory and the executor: where an address lies,
// which bytes anybody has written, and the shadow by which races are found.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/simulator/lazy_zeros.h"
#include "kernels/simulator/moments.h"
#include "kernels/simulator/simulator.h"

namespace nram::simulator {

// One buffer. The arrays of its shadow have one element for each aligned 4-byte word; they hold
// access marks (moments.h), zero where nothing has happened.
struct Allocation {
  uint64_t address = 0;
  size_t bytes = 0;
  std::string name;
  bool released = false;
  MallocArray<std::byte> data;
  MallocArray<uint8_t> initialised;  // per word, one bit a byte
  MallocArray<uint32_t> written, read, read_again;
  // Per 32-byte sector: the launch that last loaded or stored it (Moments::launch).
  MallocArray<uint32_t> load_stamp, store_stamp;

  size_t words() const { return (bytes + 3) / 4; }
  size_t sectors() const { return (bytes + 31) / 32; }
  void make_race_shadow();
  void drop_race_shadow();
  void make_stamps();
  void set_initialised(size_t offset, size_t count, bool value);
};

struct Memory::Implementation {
  // Every allocation starts in a 4-GiB slot of its own, 64 KiB into it: an address belongs to one
  // buffer only, and overruns of any plausible length stay nameable. The first slot lies above all
  // of a host process's addresses.
  static constexpr int kSlotBits = 32;
  static constexpr uint64_t kFirstSlot = uint64_t{1} << 16;
  static constexpr uint64_t kLead = uint64_t{1} << 16;
  static constexpr size_t kMostSlots = size_t{1} << 20;

  explicit Implementation(size_t limit);
  ~Implementation();

  // The allocation in whose slot the address lies, live or not; null if there has been none.
  Allocation* nearest(uint64_t address) const {
    const uint64_t slot = (address >> kSlotBits) - kFirstSlot;
    return slot < slot_count.load(std::memory_order_acquire) ? slots[slot] : nullptr;
  }
  // The live allocation that holds the whole range, or null.
  Allocation* holding(uint64_t address, size_t bytes) const {
    Allocation* found = nearest(address);
    if (found == nullptr || found->released || address < found->address) return nullptr;
    const uint64_t offset = address - found->address;
    return offset <= found->bytes && bytes <= found->bytes - offset ? found : nullptr;
  }

  size_t limit_bytes;
  size_t used_bytes = 0;
  mutable std::mutex mutex;  // of the table and of what it holds
  std::mutex launch_mutex;   // one launch at a time; a release waits for it
  MallocArray<Allocation*> slots;
  std::atomic<size_t> slot_count{0};
  std::deque<std::unique_ptr<Allocation>> allocations;
  std::deque<size_t> released_slots;  // of single-slot allocations, longest ago first
  Moments moments;
};

}  // namespace nram::simulator
