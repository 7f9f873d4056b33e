// Whether memory accesses are right: that somebody has written what they read, and that no other
// thread touches the same bytes with nothing to order the two. Marks of who touched a word last
// (moments.h) tell. Accesses in a row are judged by vector loops; what these cannot excuse, and
// whatever lies otherwise, is judged lane by lane and word by word.
#include "kernels/simulator/lanes/access.h"

namespace nram::simulator::NRAM_LANES {

namespace {

// The shadow of the memory accessed, and the moments that lie before the warp's present one.
struct Shadow {
  uint8_t* state;
  uint32_t *written, *read, *read_again;
  uint32_t below, first, count;
  uint32_t own;            // the warp's mark, of lane 0
  Allocation* allocation;  // null: shared memory

  NRAM_INLINE bool is_before(uint32_t mark) const {
    const uint32_t moment = mark_moment(mark);
    return static_cast<unsigned>(moment < below) | static_cast<unsigned>(moment - first < count);
  }
  // Nothing that the thread itself did, or that lies before, is in the way.
  NRAM_INLINE bool harmless(uint32_t mark, uint32_t thread) const {
    return static_cast<unsigned>(is_before(mark)) |
           static_cast<unsigned>((mark & kMarkThread) == thread);
  }
};

Shadow shadow_of(const Warp& warp, Allocation* allocation) {
  const BlockOrder& order = warp.worker->order;
  const uint32_t own = order.moment(warp.index) << kMarkMomentShift;
  const uint32_t common = order.common(warp.index);
  if (allocation == nullptr) {
    Block& block = *warp.block;
    const uint32_t first = order.block_start();
    return {block.shared_state.data(),
            block.shared_written.data(),
            block.shared_read.data(),
            block.shared_read_again.data(),
            first,
            first,
            common + 1 - first,
            own,
            nullptr};
  }
  const uint32_t first = order.reservation_start();
  return {allocation->initialised.get(),
          allocation->written.get(),
          allocation->read.get(),
          allocation->read_again.get(),
          order.launch_first(),
          first,
          common < first ? 0 : common + 1 - first,
          own,
          allocation};
}

// The bytes [offset, offset + bytes) that lie in a word, a bit each.
NRAM_INLINE uint32_t bytes_in_word(uint64_t offset, unsigned bytes, uint64_t word) {
  const uint64_t start = word * 4;
  const unsigned low = offset > start ? static_cast<unsigned>(offset - start) : 0;
  const unsigned high = static_cast<unsigned>(std::min<uint64_t>(offset + bytes - start, 4));
  return (1u << high) - (1u << low);
}

NRAM_INLINE void mark_written(uint8_t* state, uint32_t bytes) {
  if (bytes == kWordWritten) {
    *state = static_cast<uint8_t>(*state | kWordWritten);
  } else {  // another host thread may write other bytes of the word
    __atomic_fetch_or(state, static_cast<uint8_t>(bytes), __ATOMIC_RELAXED);
  }
}

// Whether `lane` would leave the bytes of a word that it shares with the thread of `mark` as they
// are. That thread may be another lane of this very instruction.
bool writes_same_value(const Warp& warp, const Shadow& shadow, const Access& access, uint32_t mask,
                       int lane, uint32_t mark, uint64_t offset, uint64_t word, uint32_t bytes) {
  const Instruction& in = *warp.current;
  if (access.kind != AccessKind::kStore || in.list_size == 0) return false;
  const RegisterOperand* operands = &warp.worker->launch.code.operands[in.list];
  if (operands[0].bytes < in.element_bytes) return false;  // stmatrix
  const auto byte_of = [&](int from, uint64_t at) {
    const uint64_t place = at - (access.address[from] - access.address[lane] + offset);
    const RegisterOperand& value = operands[place / in.element_bytes];
    const auto* lanes = reinterpret_cast<const uint8_t*>(warp.registers + value.offset);
    return lanes[static_cast<size_t>(from) * value.bytes + place % in.element_bytes];
  };
  const auto other = static_cast<int>(mark_lane(mark));
  const bool same_instruction = (mark & ~uint32_t{0x3FF}) == shadow.own && (mask >> other & 1) != 0;
  const uint8_t* memory = shadow.allocation != nullptr
                              ? reinterpret_cast<uint8_t*>(shadow.allocation->data.get())
                              : reinterpret_cast<uint8_t*>(warp.block->shared);
  for (unsigned i = 0; i < 4; ++i) {
    if ((bytes >> i & 1) == 0) continue;
    const uint64_t at = word * 4 + i;
    const uint64_t from_other = at - (access.address[other] - access.address[lane] + offset);
    const uint8_t before =
        same_instruction && from_other < access.bytes ? byte_of(other, at) : memory[at];
    if (before != byte_of(lane, at)) return false;
  }
  return true;
}

struct Judgement {
  Warp& warp;
  const Shadow& shadow;
  const Access& access;
  uint32_t mask;

  bool conflicts(uint32_t mark, uint32_t own) const {
    if ((mark & own & kMarkBytes) == 0 || shadow.harmless(mark, own & kMarkThread)) return false;
    if ((mark & own & kMarkStrong) != 0) return false;
    return !warp.worker->order.before(mark_moment(mark), warp.index);
  }
  void race(int lane, uint64_t offset, uint64_t word, uint32_t own, uint32_t mark,
            bool other_wrote) const {
    const bool same = other_wrote && writes_same_value(warp, shadow, access, mask, lane, mark,
                                                       offset, word, mark & own & kMarkBytes);
    report_race(warp, lane, shadow.allocation, word * 4, access.kind, mark, other_wrote, same);
  }
  void read_word(int lane, uint64_t offset, uint64_t word, uint32_t own) const {
    uint32_t& first = shadow.read[word];
    uint32_t& second = shadow.read_again[word];
    const uint32_t thread = own & kMarkThread;
    if (access.read_only && mark_moment(shadow.written[word]) >= shadow.below) {
      report_read_only(warp, lane, *shadow.allocation, offset);
    }
    if (shadow.harmless(first, thread)) {
      first = own;
    } else if (shadow.harmless(second, thread)) {
      second = own;
    }
  }
  void write_word(int lane, uint64_t offset, uint64_t word, uint32_t own) const {
    for (const uint32_t mark : {shadow.read[word], shadow.read_again[word]}) {
      if (!conflicts(mark, own)) continue;
      race(lane, offset, word, own, mark, false);
      break;
    }
    shadow.written[word] = own;
    mark_written(&shadow.state[word], own & kMarkBytes);
  }
  // Strong accesses tell blocks of each other.
  void synchronise(uint64_t offset) const {
    BlockOrder& order = warp.worker->order;
    const uint64_t address = shadow.allocation->address + offset;
    if (access.kind != AccessKind::kStore) order.acquire(address);
    if (access.kind != AccessKind::kLoad) order.publish(warp.index, address);
  }
  void lane(int lane, uint64_t offset) const {
    const bool loads = access.kind != AccessKind::kStore;
    const uint32_t thread = shadow.own | static_cast<uint32_t>(lane) << kMarkLaneShift |
                            (access.strong ? kMarkStrong : 0);
    bool unwritten = false, pending = false;
    if (access.strong && shadow.allocation != nullptr) synchronise(offset);
    for (uint64_t word = offset / 4; word <= (offset + access.bytes - 1) / 4; ++word) {
      const uint32_t own = thread | bytes_in_word(offset, access.bytes, word);
      const uint8_t state = shadow.state[word];
      unwritten |= loads && (own & kMarkBytes & ~state) != 0;
      pending |= shadow.allocation == nullptr && (state & kWordPending) != 0;
      const uint32_t mark = shadow.written[word];
      if (!pending && conflicts(mark, own)) race(lane, offset, word, own, mark, true);
      if (access.kind == AccessKind::kLoad) {
        read_word(lane, offset, word, own);
      } else {
        write_word(lane, offset, word, own);
      }
    }
    if (pending) {
      report_pending(warp, lane, offset, access.kind);
    } else if (unwritten) {
      report_unwritten(warp, lane, shadow.allocation, offset, access.bytes);
    }
  }
};

// A run of whole words, `lane_words` (a power of two) a lane from `lane` on. False if anything is
// not plainly right; then nothing has been marked.
bool run_of_loads(const Shadow& shadow, uint64_t word, int words, int lane_shift, int lane,
                  bool read_only) {
  const uint8_t* state = shadow.state + word;
  const uint32_t* written = shadow.written + word;
  uint32_t* read = shadow.read + word;
  const Shadow view = shadow;
  const uint32_t below = read_only ? view.below : ~uint32_t{0};
  unsigned wrong = 0;
  for (int i = 0; i < words; ++i) {
    const uint32_t thread =
        view.own + (static_cast<uint32_t>(lane + (i >> lane_shift)) << kMarkLaneShift);
    wrong |= static_cast<unsigned>(!view.harmless(written[i], thread)) |
             static_cast<unsigned>(!view.harmless(read[i], thread)) |
             static_cast<unsigned>(mark_moment(written[i]) >= below);
  }
  unsigned bits = 0;
  for (int i = 0; i < words; ++i) {
    bits |= static_cast<unsigned>((state[i] & (kWordWritten | kWordPending | kWordOutside)) ^
                                  kWordWritten);
  }
  if ((wrong | bits) != 0) return false;
  for (int i = 0; i < words; ++i) {
    const uint32_t thread =
        view.own + (static_cast<uint32_t>(lane + (i >> lane_shift)) << kMarkLaneShift);
    read[i] = thread | kMarkBytes;
  }
  return true;
}

bool run_of_stores(const Shadow& shadow, uint64_t word, int words, int lane_shift, int lane) {
  uint8_t* state = shadow.state + word;
  uint32_t* written = shadow.written + word;
  const uint32_t *read = shadow.read + word, *again = shadow.read_again + word;
  const Shadow view = shadow;
  unsigned wrong = 0;
  for (int i = 0; i < words; ++i) {
    const uint32_t thread =
        view.own + (static_cast<uint32_t>(lane + (i >> lane_shift)) << kMarkLaneShift);
    wrong |= static_cast<unsigned>(!view.harmless(written[i], thread)) |
             static_cast<unsigned>(!view.harmless(read[i], thread)) |
             static_cast<unsigned>(!view.harmless(again[i], thread));
  }
  unsigned bits = 0;
  for (int i = 0; i < words; ++i) {
    bits |= static_cast<unsigned>(state[i] & (kWordPending | kWordOutside));
  }
  if ((wrong | bits) != 0) return false;
  for (int i = 0; i < words; ++i) {
    const uint32_t thread =
        view.own + (static_cast<uint32_t>(lane + (i >> lane_shift)) << kMarkLaneShift);
    written[i] = thread | kMarkBytes;
  }
  for (int i = 0; i < words; ++i) state[i] = static_cast<uint8_t>(state[i] | kWordWritten);
  return true;
}

// `start`: the offset of the mask's first lane.
bool check_run(const Shadow& shadow, const Access& access, uint64_t start, int lane, int lanes) {
  if (access.bytes < 4 || access.strong || access.kind == AccessKind::kAtomic) return false;
  if ((access.bytes & (access.bytes - 1)) != 0) return false;
  const int shift = __builtin_ctz(access.bytes / 4), words = lanes << shift;
  if (access.kind == AccessKind::kLoad) {
    return run_of_loads(shadow, start / 4, words, shift, lane, access.read_only);
  }
  return run_of_stores(shadow, start / 4, words, shift, lane);
}

void check(Warp& warp, const Shadow& shadow, const Access& access, uint32_t mask, uint64_t base) {
  const Pattern pattern = pattern_of(access, mask);
  const int first = __builtin_ctz(mask);
  if (pattern == Pattern::kLinear &&
      check_run(shadow, access, access.address[first] - base, first, __builtin_popcount(mask))) {
    return;
  }
  uint32_t lanes = mask;
  if (pattern == Pattern::kBroadcast && access.kind == AccessKind::kLoad) {
    // Two readers stand for all: whoever writes conflicts with one of them at least.
    const uint32_t rest = mask & (mask - 1);
    lanes = (1u << first) | (rest & (0 - rest));
  }
  const Judgement judge{warp, shadow, access, mask};
  for_each_lane(lanes, [&](int lane) { judge.lane(lane, access.address[lane] - base); });
}

}  // namespace

void check_global(Warp& warp, Allocation& allocation, const Access& access, uint32_t mask) {
  if (access.releases) warp.worker->order.fence(warp.index);
  check(warp, shadow_of(warp, &allocation), access, mask, allocation.address);
}

uint32_t check_shared(Warp& warp, const Access& access, uint32_t mask) {
  const Shadow shadow = shadow_of(warp, nullptr);
  const int first = __builtin_ctz(mask);
  if (pattern_of(access, mask) == Pattern::kLinear &&
      check_run(shadow, access, access.address[first], first, __builtin_popcount(mask))) {
    return mask;
  }
  unsigned outside = 0;
  for_each_lane(mask, [&](int lane) {
    outside |= shadow.state[access.address[lane] / 4] |
               shadow.state[(access.address[lane] + access.bytes - 1) / 4];
  });
  if ((outside & kWordOutside) != 0) {
    mask = inside_shared_arrays(warp, access.address, mask, access.bytes, access.kind);
    if (mask == 0) return 0;
  }
  check(warp, shadow, access, mask, 0);
  return mask;
}

void check_local(Warp& warp, const Access& access, uint32_t mask) {
  const uint64_t bytes = warp.worker->launch.kernel.local_bytes;
  for_each_lane(mask, [&](int lane) {
    uint8_t* written = warp.local_written + access.address[lane];
    if (access.kind == AccessKind::kStore) {
      std::memset(written, 1, access.bytes);
      return;
    }
    unsigned all = 1;
    for (unsigned i = 0; i < access.bytes; ++i) all &= written[i];
    if (all == 0) {
      report_unwritten_local(warp, lane, access.address[lane] - static_cast<uint64_t>(lane) * bytes,
                             access.bytes);
    }
  });
}

}  // namespace nram::simulator::NRAM_LANES
