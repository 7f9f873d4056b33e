// What memory accesses cost: 32-byte sectors of global memory, passes over the banks of shared
// memory, and which sectors a launch touches at all.
#include <algorithm>

#include "kernels/simulator/lanes/access.h"

namespace nram::simulator::NRAM_LANES {

namespace {

constexpr unsigned kSector = 32, kBanks = 32;

// The sectors of a mask's lanes, relative to the allocation, in any order; at most two a lane of
// up to 32 bytes.
unsigned distinct_sectors(const Allocation& allocation, const Access& access, uint32_t mask,
                          uint64_t (&sectors)[64]) {
  unsigned count = 0;
  uint64_t last = ~uint64_t{0};
  for_each_lane(mask, [&](int lane) {
    const uint64_t offset = access.address[lane] - allocation.address;
    for (uint64_t sector = offset / kSector; sector <= (offset + access.bytes - 1) / kSector;
         ++sector) {
      if (sector != last) sectors[count++] = last = sector;
    }
  });
  std::sort(sectors, sectors + count);
  return static_cast<unsigned>(std::unique(sectors, sectors + count) - sectors);
}

// Counts a sector that this launch had not touched before.
NRAM_INLINE void stamp(uint32_t* stamps, uint64_t sector, uint32_t launch, uint64_t& distinct) {
  if (__atomic_load_n(&stamps[sector], __ATOMIC_RELAXED) == launch) return;
  if (__atomic_exchange_n(&stamps[sector], launch, __ATOMIC_RELAXED) != launch) ++distinct;
}

}  // namespace

void count_global(Warp& warp, const Instruction& in, Allocation& allocation, const Access& access,
                  uint32_t mask) {
  Worker& worker = *warp.worker;
  InstructionCounts& counts = worker.counts_of(in);
  const auto bytes = static_cast<uint64_t>(__builtin_popcount(mask)) * access.bytes;
  ++counts.global_requests;
  counts.ideal_sectors += (bytes + kSector - 1) / kSector;
  const bool loads = access.kind != AccessKind::kStore, stores = access.kind != AccessKind::kLoad;
  counts.load_bytes += loads ? bytes : 0;
  counts.store_bytes += stores ? bytes : 0;
  const uint32_t launch = worker.launch.memory.moments.launch;
  const auto stamp_both = [&](uint64_t sector) {
    if (loads) stamp(allocation.load_stamp.get(), sector, launch, worker.distinct_load_sectors);
    if (stores) stamp(allocation.store_stamp.get(), sector, launch, worker.distinct_store_sectors);
  };
  const Pattern pattern = pattern_of(access, mask);
  if (pattern != Pattern::kScattered) {
    const uint64_t offset = access.address[__builtin_ctz(mask)] - allocation.address;
    const uint64_t size = pattern == Pattern::kLinear ? bytes : access.bytes;
    const uint64_t first = offset / kSector, last = (offset + size - 1) / kSector;
    counts.sectors += last - first + 1;
    for (uint64_t sector = first; sector <= last; ++sector) stamp_both(sector);
    return;
  }
  uint64_t sectors[64];
  const unsigned count = distinct_sectors(allocation, access, mask, sectors);
  counts.sectors += count;
  for (unsigned i = 0; i < count; ++i) stamp_both(sectors[i]);
}

// Lanes of more than four bytes are served a half or a quarter of the warp at a time. One pass
// serves one word of each bank, to any number of lanes.
void count_shared(Warp& warp, const Instruction& in, const Access& access, uint32_t mask) {
  InstructionCounts& counts = warp.worker->counts_of(in);
  const auto bytes = static_cast<uint64_t>(__builtin_popcount(mask)) * access.bytes;
  ++counts.shared_requests;
  const uint64_t ideal = (bytes + kBanks * 4 - 1) / (kBanks * 4);
  counts.ideal_wavefronts += ideal;
  const Pattern pattern = pattern_of(access, mask);
  if (pattern == Pattern::kBroadcast ||
      (pattern == Pattern::kLinear && mask == kAllLanes && access.address[0] % 128 == 0)) {
    counts.wavefronts += pattern == Pattern::kBroadcast ? 1 : ideal;
    if (pattern == Pattern::kBroadcast) counts.ideal_wavefronts += 1 - ideal;
    return;
  }
  const int group = access.bytes <= 4 ? 32 : static_cast<int>(128 / access.bytes);
  for (int start = 0; start < 32; start += group) {
    const uint32_t lanes = mask & (group == 32 ? kAllLanes : ((1u << group) - 1) << start);
    if (lanes == 0) continue;
    uint64_t words[32][32];  // distinct ones, a bank
    uint8_t sizes[kBanks] = {};
    unsigned most = 0;
    for_each_lane(lanes, [&](int lane) {
      const uint64_t first = access.address[lane] / 4;
      const uint64_t last = (access.address[lane] + access.bytes - 1) / 4;
      for (uint64_t word = first; word <= last; ++word) {
        const auto bank = static_cast<unsigned>(word % kBanks);
        uint64_t* known = words[bank];
        if (std::find(known, known + sizes[bank], word) != known + sizes[bank]) continue;
        known[sizes[bank]++] = word;
        most = std::max<unsigned>(most, sizes[bank]);
      }
    });
    counts.wavefronts += most;
  }
}

}  // namespace nram::simulator::NRAM_LANES
