// Where the lanes of a memory instruction point: bounds, alignment, checks and counts, and then a
// host address for each lane.
#pragma once

#include "kernels/simulator/faults.h"
#include "kernels/simulator/lanes/lanes.h"

namespace nram::simulator::NRAM_LANES {

struct Access {
  alignas(64) uint64_t address[32];
  uint32_t mask = 0;
  unsigned bytes = 0;      // of one lane
  unsigned alignment = 0;  // of one lane's address, a power of two
  AccessKind kind = AccessKind::kLoad;
  bool strong = false, read_only = false;
  bool releases = false;  // publishes without a fence of its own
};

// How the lanes of a mask lie: one after the other without a gap, all at one address, or otherwise.
enum class Pattern : uint8_t { kLinear, kBroadcast, kScattered };
NRAM_INLINE Pattern pattern_of(const Access& access, uint32_t mask) {
  const int first = __builtin_ctz(mask);
  const uint64_t start = access.address[first] - static_cast<uint64_t>(first) * access.bytes;
  uint64_t from_line = 0, from_point = 0;
  for (int lane = 0; lane < 32; ++lane) {
    const uint64_t here = (mask >> lane & 1) != 0 ? ~uint64_t{0} : 0;
    const uint64_t address = access.address[lane];
    from_line |= (address - start - static_cast<uint64_t>(lane) * access.bytes) & here;
    from_point |= (address - access.address[first]) & here;
  }
  const uint32_t run = mask >> first;
  if (from_line == 0 && (run & (run + 1)) == 0) return Pattern::kLinear;
  return from_point == 0 ? Pattern::kBroadcast : Pattern::kScattered;
}

NRAM_INLINE void fill_addresses(const Warp& warp, int32_t base, bool wide, int64_t offset,
                                uint64_t (&address)[32]) {
  if (base == kNoRegister) {
    for (uint64_t& lane : address) lane = static_cast<uint64_t>(offset);
  } else if (wide) {
    const uint64_t* lanes = warp.lanes<uint64_t>(base);
    for (int lane = 0; lane < 32; ++lane)
      address[lane] = lanes[lane] + static_cast<uint64_t>(offset);
  } else {
    const uint32_t* lanes = warp.lanes<uint32_t>(base);
    for (int lane = 0; lane < 32; ++lane) {
      address[lane] = static_cast<uint32_t>(lanes[lane] + static_cast<uint32_t>(offset));
    }
  }
}

NRAM_INLINE Access access_of(const Warp& warp, const Instruction& in, uint32_t mask,
                             AccessKind kind) {
  Access access;
  fill_addresses(warp, in.a, in.wide_address, in.immediate, access.address);
  access.mask = mask;
  access.bytes = access.alignment = static_cast<unsigned>(in.element_bytes) * in.elements;
  access.kind = kind;
  access.strong = in.strong;
  access.read_only = in.read_only;
  return access;
}

// Lanes of `mask` with low <= address <= high.
NRAM_INLINE uint32_t lanes_between(const uint64_t (&address)[32], uint32_t mask, uint64_t low,
                                   uint64_t high) {
  uint32_t inside = 0;
  for (int lane = 0; lane < 32; ++lane) {
    inside |= static_cast<uint32_t>(address[lane] - low <= high - low) << lane;
  }
  return inside & mask;
}

NRAM_INLINE void check_alignment(Warp& warp, const Access& access, uint32_t mask) {
  uint64_t low = 0;
  for (int lane = 0; lane < 32; ++lane) {
    low |= (mask >> lane & 1) != 0 ? access.address[lane] : 0;
  }
  if ((low & (access.alignment - 1)) != 0) {
    stop_misaligned(warp, access.address, mask, access.alignment);
  }
}

// counting.cpp: what an access costs.
void count_global(Warp& warp, const Instruction& in, Allocation& allocation, const Access& access,
                  uint32_t mask);
void count_shared(Warp& warp, const Instruction& in, const Access& access, uint32_t mask);
// checking.cpp: whether it is right; of shared memory the lanes whose bytes lie in one array.
void check_global(Warp& warp, Allocation& allocation, const Access& access, uint32_t mask);
uint32_t check_shared(Warp& warp, const Access& access, uint32_t mask);
void check_local(Warp& warp, const Access& access, uint32_t mask);

// body(mask, base): for the lanes of the mask, base + address[lane] is a host address.
template <class Body>
NRAM_INLINE uint32_t global_targets(Warp& warp, const Instruction& in, Access& access,
                                    uint32_t mask, Body body) {
  Worker& worker = *warp.worker;
  check_alignment(warp, access, mask);
  for (uint32_t rest = mask; rest != 0;) {
    Allocation* allocation =
        worker.launch.memory.holding(access.address[__builtin_ctz(rest)], access.bytes);
    if (allocation == nullptr) stop_outside(warp, access.address, rest, access.bytes, access.kind);
    const uint32_t here = lanes_between(access.address, rest, allocation->address,
                                        allocation->address + allocation->bytes - access.bytes);
    if (worker.count) count_global(warp, in, *allocation, access, here);
    if (worker.check) check_global(warp, *allocation, access, here);
    body(here, reinterpret_cast<uintptr_t>(allocation->data.get()) - allocation->address);
    rest &= ~here;
  }
  return mask;
}

template <class Body>
NRAM_INLINE uint32_t shared_targets(Warp& warp, const Instruction& in, Access& access,
                                    uint32_t mask, Body body) {
  Worker& worker = *warp.worker;
  const Block& block = worker.block;
  check_alignment(warp, access, mask);
  if (worker.count) count_shared(warp, in, access, mask);
  uint32_t inside = lanes_between(access.address, mask, 0, block.shared_bytes - access.bytes);
  if (inside != mask) {
    stop_outside_shared(warp, access.address, mask & ~inside, access.bytes, access.kind);
  }
  if (worker.check) inside = check_shared(warp, access, inside);
  if (inside != 0) body(inside, reinterpret_cast<uintptr_t>(block.shared));
  return inside;
}

template <class Body>
NRAM_INLINE uint32_t local_targets(Warp& warp, const Instruction& in, Access& access, uint32_t mask,
                                   Body body) {
  Worker& worker = *warp.worker;
  const uint64_t bytes = worker.launch.kernel.local_bytes;
  check_alignment(warp, access, mask);
  if (worker.count) ++worker.counts_of(in).local_requests;
  const uint32_t inside =
      bytes < access.bytes ? 0 : lanes_between(access.address, mask, 0, bytes - access.bytes);
  if (inside != mask) stop_outside_local(warp, access.address, mask & ~inside, access.bytes);
  for (int lane = 0; lane < 32; ++lane) {
    access.address[lane] += static_cast<uint64_t>(lane) * bytes;
  }
  if (worker.check) check_local(warp, access, inside);
  body(inside, reinterpret_cast<uintptr_t>(warp.local));
  return inside;
}

template <class Body>
NRAM_INLINE uint32_t parameter_targets(Warp& warp, Access& access, uint32_t mask, Body body) {
  const std::vector<std::byte>& parameters = warp.worker->launch.launch.parameters;
  check_alignment(warp, access, mask);
  const uint32_t inside =
      parameters.size() < access.bytes || access.kind != AccessKind::kLoad
          ? 0
          : lanes_between(access.address, mask, 0, parameters.size() - access.bytes);
  if (inside != mask) stop_outside_parameters(warp, access.address, mask & ~inside, access.bytes);
  body(inside, reinterpret_cast<uintptr_t>(parameters.data()));
  return inside;
}

// Serves each lane where it points. Returns the lanes served; the others have been reported.
template <class Body>
NRAM_INLINE uint32_t targets(Warp& warp, const Instruction& in, Access& access, Body body) {
  switch (in.space) {
    case Space::kGlobal:
    case Space::kConstant:
      return global_targets(warp, in, access, access.mask, body);
    case Space::kShared:
      return shared_targets(warp, in, access, access.mask, body);
    case Space::kLocal:
      return local_targets(warp, in, access, access.mask, body);
    case Space::kParameter:
      return parameter_targets(warp, access, access.mask, body);
    default:
      break;
  }
  constexpr uint64_t kMost = ~uint64_t{0};
  const uint32_t shared = lanes_between(access.address, access.mask, kSharedWindow, kMost);
  const uint32_t local =
      lanes_between(access.address, access.mask, kLocalWindow, kSharedWindow - 1);
  const uint32_t parameter =
      lanes_between(access.address, access.mask, kParameterWindow, kLocalWindow - 1);
  const uint32_t global = access.mask & ~(shared | local | parameter);
  uint32_t served = 0;
  const auto shifted = [&](uint64_t window) {
    Access moved = access;
    for (uint64_t& address : moved.address) address -= window;
    return moved;
  };
  if (global != 0) served |= global_targets(warp, in, access, global, body);
  if (shared != 0) {
    Access moved = shifted(kSharedWindow);
    served |= shared_targets(warp, in, moved, shared, [&](uint32_t mask, uintptr_t base) {
      body(mask, base - kSharedWindow);
    });
  }
  if (parameter != 0) {
    Access moved = shifted(kParameterWindow);
    served |= parameter_targets(warp, moved, parameter, [&](uint32_t mask, uintptr_t base) {
      body(mask, base - kParameterWindow);
    });
  }
  if (local != 0) {
    Access moved = shifted(kLocalWindow);
    served |= local_targets(warp, in, moved, local, [&](uint32_t mask, uintptr_t base) {
      for_each_lane(mask, [&](int lane) { access.address[lane] = moved.address[lane]; });
      body(mask, base);
    });
  }
  return served;
}

template <class T>
NRAM_INLINE T load_from(uintptr_t address) {
  T value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}
template <class T>
NRAM_INLINE void store_to(uintptr_t address, T value) {
  std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
}

}  // namespace nram::simulator::NRAM_LANES
