// Instructions by which the lanes of a warp exchange values: shuffles, votes, match, redux, elect
// and the warp's own barrier. The scheduler has brought together the lanes of the member mask.
#include "kernels/simulator/lanes/lanes.h"

#include <algorithm>

namespace nram::simulator::NRAM_LANES {

namespace {

enum class Shuffle : uint8_t { kUp, kDown, kButterfly, kIndex };

void report_absent_source(Warp& warp, uint32_t readers, int source) {
  report(warp, __builtin_ctz(readers), Severity::kError, "member mask",
         "the shuffle reads from lane " + std::to_string(source) + ", which takes no part in it",
         static_cast<uint64_t>(__builtin_popcount(readers)));
}

template <Shuffle kMode>
void shuffle(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t *a = warp.lanes<uint32_t>(in.a), *c = warp.lanes<uint32_t>(in.c);
  const uint32_t* b = warp.lanes<uint32_t>(warp.worker->launch.code.operands[in.list].offset);
  alignas(64) uint32_t results[32];
  alignas(64) uint32_t sources[32];
  uint32_t inside = 0, absent = 0;
  for (int lane = 0; lane < 32; ++lane) {
    const int clamp = static_cast<int>(c[lane] & 31), segment = static_cast<int>(c[lane] >> 8 & 31);
    const int amount = static_cast<int>(b[lane] & 31);
    const int limit = (lane & segment) | (clamp & ~segment & 31);
    int source = 0;
    if (kMode == Shuffle::kUp) source = lane - amount;
    if (kMode == Shuffle::kDown) source = lane + amount;
    if (kMode == Shuffle::kButterfly) source = lane ^ amount;
    if (kMode == Shuffle::kIndex) source = (lane & segment) | (amount & ~segment & 31);
    const bool valid = kMode == Shuffle::kUp ? source >= limit : source <= limit;
    source = valid ? source : lane;
    sources[lane] = static_cast<uint32_t>(source) & 31;
    inside |= static_cast<uint32_t>(valid) << lane;
    absent |= static_cast<uint32_t>((mask >> (source & 31) & 1) == 0) << lane;
  }
  for (int lane = 0; lane < 32; ++lane) results[lane] = a[sources[lane]];
  absent &= mask;
  if (absent != 0 && warp.worker->check) {
    report_absent_source(warp, absent, static_cast<int>(sources[__builtin_ctz(absent)]));
  }
  if (in.d != kNoRegister) {
    for_lanes(warp.lanes<uint32_t>(in.d), mask, [&](int lane) { return results[lane]; });
  }
  write_predicate(warp, in.e, mask, inside);
}

enum class Vote : uint8_t { kAll, kAny, kUniform, kBallot };

void vote(Warp& warp, const Instruction& in, uint32_t mask) {
  uint32_t predicate = warp.predicate(in.a);
  if (in.negated) predicate = ~predicate;
  predicate &= mask;
  bool result = false;
  switch (static_cast<Vote>(in.variant)) {
    case Vote::kAll:
      result = predicate == mask;
      break;
    case Vote::kAny:
      result = predicate != 0;
      break;
    case Vote::kUniform:
      result = predicate == 0 || predicate == mask;
      break;
    case Vote::kBallot:
      for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int) { return predicate; });
      return;
  }
  write_predicate(warp, in.d, mask, result ? kAllLanes : 0);
}

template <class T>
void match_any(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  uint32_t results[32] = {};
  for_each_lane(mask, [&](int lane) {
    uint32_t same = 0;
    for (int other = 0; other < 32; ++other) {
      same |= static_cast<uint32_t>(a[other] == a[lane]) << other;
    }
    results[lane] = same & mask;
  });
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [&](int lane) { return results[lane]; });
}

template <class T>
void match_all(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  const T first = a[__builtin_ctz(mask)];
  bool same = true;
  for_each_lane(mask, [&](int lane) { same &= a[lane] == first; });
  if (in.d != kNoRegister) {
    for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int) { return same ? mask : 0; });
  }
  write_predicate(warp, in.e, mask, same ? kAllLanes : 0);
}

struct Add {
  static uint32_t of(uint32_t a, uint32_t b) { return a + b; }
};
struct And {
  static uint32_t of(uint32_t a, uint32_t b) { return a & b; }
};
struct Or {
  static uint32_t of(uint32_t a, uint32_t b) { return a | b; }
};
struct Xor {
  static uint32_t of(uint32_t a, uint32_t b) { return a ^ b; }
};
template <class T>
struct Minimum {
  static T of(T a, T b) { return b < a ? b : a; }
};
template <class T>
struct Maximum {
  static T of(T a, T b) { return b > a ? b : a; }
};

template <class T, class Operation>
void reduce(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  T result = a[__builtin_ctz(mask)];
  for_each_lane(mask & (mask - 1), [&](int lane) { result = Operation::of(result, a[lane]); });
  for_lanes(warp.lanes<T>(in.d), mask, [=](int) { return result; });
}

// elect.sync: the lowest lane of the member mask.
void elect(Warp& warp, const Instruction& in, uint32_t mask) {
  const auto leader = static_cast<uint32_t>(__builtin_ctz(mask));
  if (in.d != kNoRegister) {
    for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int) { return leader; });
  }
  write_predicate(warp, in.e, mask, 1u << leader);
}

void active_mask(Warp& warp, const Instruction& in, uint32_t mask) {
  for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int) { return mask; });
}

void warp_barrier(Warp& warp, const Instruction&, uint32_t) {
  if (warp.worker->check) warp.worker->order.warp_sync(warp.index);
}

Handler select_shuffle(Form& form) {
  if (form.types[0] != Type::kB32) return nullptr;
  if (form.take(Modifier::kUp)) return &shuffle<Shuffle::kUp>;
  if (form.take(Modifier::kDown)) return &shuffle<Shuffle::kDown>;
  if (form.take(Modifier::kBfly)) return &shuffle<Shuffle::kButterfly>;
  return form.take(Modifier::kIdx) ? &shuffle<Shuffle::kIndex> : nullptr;
}

Handler select_vote(Form& form, Instruction& in) {
  Vote action = Vote::kBallot;
  if (form.take(Modifier::kAll)) {
    action = Vote::kAll;
  } else if (form.take(Modifier::kAny)) {
    action = Vote::kAny;
  } else if (form.take(Modifier::kUni)) {
    action = Vote::kUniform;
  } else if (!form.take(Modifier::kBallot)) {
    return nullptr;
  }
  in.variant = static_cast<uint8_t>(action);
  return &vote;
}

Handler select_match(Form& form) {
  const bool wide = form.types[0] == Type::kB64;
  if (!wide && form.types[0] != Type::kB32) return nullptr;
  if (form.take(Modifier::kAny)) return wide ? &match_any<uint64_t> : &match_any<uint32_t>;
  if (form.take(Modifier::kAll)) return wide ? &match_all<uint64_t> : &match_all<uint32_t>;
  return nullptr;
}

Handler select_reduction(Form& form) {
  const Type type = form.types[0];
  if (type == Type::kB32) {
    if (form.take(Modifier::kAnd)) return &reduce<uint32_t, And>;
    if (form.take(Modifier::kOr)) return &reduce<uint32_t, Or>;
    return form.take(Modifier::kXor) ? &reduce<uint32_t, Xor> : nullptr;
  }
  const bool sign = type == Type::kS32;
  if (!sign && type != Type::kU32) return nullptr;
  if (form.take(Modifier::kAdd)) return &reduce<uint32_t, Add>;
  if (form.take(Modifier::kMin)) {
    return sign ? &reduce<int32_t, Minimum<int32_t>> : &reduce<uint32_t, Minimum<uint32_t>>;
  }
  if (form.take(Modifier::kMax)) {
    return sign ? &reduce<int32_t, Maximum<int32_t>> : &reduce<uint32_t, Maximum<uint32_t>>;
  }
  return nullptr;
}

}  // namespace

Handler select_collective(Form& form, Instruction& in) {
  switch (form.opcode) {
    case Opcode::kShfl:
      return select_shuffle(form);
    case Opcode::kVote:
      return select_vote(form, in);
    case Opcode::kMatch:
      return select_match(form);
    case Opcode::kRedux:
      return select_reduction(form);
    case Opcode::kElect:
      return &elect;
    case Opcode::kActivemask:
      return &active_mask;
    default:
      return &warp_barrier;
  }
}

}  // namespace nram::simulator::NRAM_LANES
