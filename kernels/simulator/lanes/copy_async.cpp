// cp.async: the copy takes place at once, but counts as under way until its thread waits for it.
#include "kernels/simulator/lanes/access.h"

namespace nram::simulator::NRAM_LANES {

namespace {

struct Copied {
  alignas(64) std::byte bytes[32][16];
};

// Reads the lanes' sources. The bytes beyond a lane's source size are zeros.
void read_sources(Warp& warp, const Instruction& in, uint32_t mask, Copied& copied) {
  Access from;
  fill_addresses(warp, in.a, in.wide_address, in.immediate, from.address);
  from.alignment = in.element_bytes;
  from.kind = AccessKind::kLoad;
  std::memset(&copied, 0, sizeof copied);
  const uint32_t* sizes = in.c == kNoRegister ? nullptr : warp.lanes<uint32_t>(in.c);
  while (mask != 0) {
    const int first = __builtin_ctz(mask);
    const uint32_t size = sizes == nullptr ? in.element_bytes : sizes[first];
    uint32_t lanes = 0;
    for_each_lane(mask, [&](int lane) {
      lanes |= static_cast<uint32_t>(sizes == nullptr || sizes[lane] == size) << lane;
    });
    mask &= ~lanes;
    if (size > in.element_bytes) {
      stop_with(warp, first, "asynchronous copy",
                "cp.async of " + std::to_string(in.element_bytes) + " bytes from a source of " +
                    std::to_string(size));
    }
    if (size == 0) continue;
    from.mask = lanes;
    from.bytes = size;
    targets(warp, in, from, [&](uint32_t served, uintptr_t base) {
      for_each_lane(served, [&](int lane) {
        std::memcpy(copied.bytes[lane], reinterpret_cast<const void*>(base + from.address[lane]),
                    size);
      });
    });
  }
}

void copy(Warp& warp, const Instruction& in, uint32_t mask) {
  Copied copied;
  read_sources(warp, in, mask, copied);
  Access to;
  fill_addresses(warp, in.b, in.variant != 0, in.target, to.address);
  to.mask = mask;
  to.bytes = to.alignment = in.element_bytes;
  to.kind = AccessKind::kStore;
  const uint32_t served = shared_targets(warp, in, to, mask, [&](uint32_t lanes, uintptr_t base) {
    for_each_lane(lanes, [&](int lane) {
      std::memcpy(reinterpret_cast<void*>(base + to.address[lane]), copied.bytes[lane],
                  in.element_bytes);
    });
  });
  if (!warp.worker->check) return;
  PendingCopy& pending = warp.copies.emplace_back();
  pending.mask = served;
  pending.bytes = in.element_bytes;
  pending.group = warp.copy_groups;
  std::vector<uint8_t>& state = warp.block->shared_state;
  for_each_lane(served, [&](int lane) {
    pending.offset[static_cast<size_t>(lane)] = static_cast<uint32_t>(to.address[lane]);
    const uint64_t word = to.address[lane] / 4;
    for (unsigned i = 0; i < in.element_bytes / 4; ++i) state[word + i] |= kWordPending;
  });
}

void commit(Warp& warp, const Instruction&, uint32_t mask) {
  for (size_t lane = 0; lane < 32; ++lane) warp.copy_groups[lane] += mask >> lane & 1;
}

// The lanes' copies are over: as if each thread had written them now.
void finish(Warp& warp, PendingCopy& copy, uint32_t lanes) {
  Block& block = *warp.block;
  const uint32_t own = warp.worker->order.moment(warp.index) << kMarkMomentShift | kMarkBytes;
  for_each_lane(lanes, [&](int lane) {
    const uint32_t word = copy.offset[static_cast<size_t>(lane)] / 4;
    for (uint32_t i = word; i < word + copy.bytes / 4; ++i) {
      block.shared_state[i] &= static_cast<uint8_t>(~kWordPending);
      block.shared_written[i] = own | static_cast<uint32_t>(lane) << kMarkLaneShift;
    }
  });
  copy.mask &= ~lanes;
}

// Waits until at most `immediate` committed groups are under way; -1: for everything.
void wait(Warp& warp, const Instruction& in, uint32_t mask) {
  if (!warp.worker->check) return;
  for (PendingCopy& copy : warp.copies) {
    uint32_t done = 0;
    for (uint32_t lane = 0; lane < 32; ++lane) {
      const uint64_t group = copy.group[lane], committed = warp.copy_groups[lane];
      const bool over = in.immediate < 0 || group + static_cast<uint64_t>(in.immediate) < committed;
      done |= static_cast<uint32_t>(over) << lane;
    }
    finish(warp, copy, done & mask & copy.mask);
  }
  std::erase_if(warp.copies, [](const PendingCopy& copy) { return copy.mask == 0; });
}

}  // namespace

Handler select_copy_async(Form& form, Instruction& in) {
  if (form.take(Modifier::kCommitGroup)) return &commit;
  if (form.take(Modifier::kWaitGroup)) return &wait;
  if (form.take(Modifier::kWaitAll)) {
    in.immediate = -1;
    return &wait;
  }
  return &copy;
}

}  // namespace nram::simulator::NRAM_LANES
