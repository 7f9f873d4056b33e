// Moves between registers, address space conversions, clocks, and what does nothing here.
#include <chrono>

#include "kernels/simulator/lanes/lanes.h"

namespace nram::simulator::NRAM_LANES {

namespace {

template <class T>
void copy(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) { return a[lane]; });
}

void copy_predicate(Warp& warp, const Instruction& in, uint32_t mask) {
  write_predicate(warp, in.d, mask, warp.predicate(in.a));
}

// A warp's clock ticks with its instructions.
void read_clock(Warp& warp, const Instruction& in, uint32_t mask) {
  const auto which = static_cast<SpecialRegister>(in.variant);
  uint64_t value = warp.worker->steps;
  if (which >= SpecialRegister::kGlobaltimer) {
    value = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                      std::chrono::system_clock::now().time_since_epoch())
                                      .count());
  }
  if (which == SpecialRegister::kClockHi || which == SpecialRegister::kGlobaltimerHi) value >>= 32;
  if (which == SpecialRegister::kClock64 || which == SpecialRegister::kGlobaltimer) {
    for_lanes(warp.lanes<uint64_t>(in.d), mask, [=](int) { return value; });
  } else {
    for_lanes(warp.lanes<uint32_t>(in.d), mask, [=](int) { return static_cast<uint32_t>(value); });
  }
}

template <class Whole, class Part>
void pack(Warp& warp, const Instruction& in, uint32_t mask) {
  constexpr unsigned kParts = sizeof(Whole) / sizeof(Part);
  const RegisterOperand* parts = &warp.worker->launch.code.operands[in.list];
  const Part* sources[kParts];
  for (unsigned i = 0; i < kParts; ++i) sources[i] = warp.lanes<Part>(parts[i].offset);
  for_lanes(warp.lanes<Whole>(in.d), mask, [=](int lane) {
    Whole whole = 0;
    for (unsigned i = 0; i < kParts; ++i) {
      whole |= static_cast<Whole>(sources[i][lane]) << i * sizeof(Part) * 8;
    }
    return whole;
  });
}

template <class Whole, class Part>
void unpack(Warp& warp, const Instruction& in, uint32_t mask) {
  constexpr unsigned kParts = sizeof(Whole) / sizeof(Part);
  const RegisterOperand* parts = &warp.worker->launch.code.operands[in.list];
  const Whole* a = warp.lanes<Whole>(in.a);
  for (unsigned i = 0; i < kParts; ++i) {
    if (parts[i].offset == kNoRegister) continue;
    for_lanes(warp.lanes<Part>(parts[i].offset), mask,
              [=](int lane) { return static_cast<Part>(a[lane] >> i * sizeof(Part) * 8); });
  }
}

// cvta: `immediate` is the space's window.
template <class T, bool kToSpace>
void convert_address(Warp& warp, const Instruction& in, uint32_t mask) {
  const T* a = warp.lanes<T>(in.a);
  const auto window = static_cast<T>(in.immediate);
  for_lanes(warp.lanes<T>(in.d), mask, [=](int lane) {
    return static_cast<T>(kToSpace ? a[lane] - window : a[lane] + window);
  });
}

Space space_of(uint64_t address) {
  if (address >= kSharedWindow) return Space::kShared;
  if (address >= kLocalWindow) return Space::kLocal;
  if (address >= kParameterWindow) return Space::kParameter;
  return Space::kGlobal;
}

void is_in_space(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint64_t* a = warp.lanes<uint64_t>(in.a);
  uint32_t result = 0;
  for_each_lane(mask, [&](int lane) {
    result |= static_cast<uint32_t>(space_of(a[lane]) == static_cast<Space>(in.variant)) << lane;
  });
  write_predicate(warp, in.d, mask, result);
}

void nothing(Warp&, const Instruction&, uint32_t) {}

void fence(Warp& warp, const Instruction&, uint32_t) {
  if (warp.worker->check) warp.worker->order.fence(warp.index);
}

void trap(Warp& warp, const Instruction&, uint32_t mask) {
  stop_with(warp, __builtin_ctz(mask), "trap", "the kernel executes a trap");
}

Handler select_copy(Form& form) {
  if (form.source_count == 2) {
    return nullptr;
  }
  if (form.source_count == 0) return &read_clock;
  switch (form.register_bytes) {
    case 0:
      return &copy_predicate;
    case 2:
      return &copy<uint16_t>;
    case 4:
      return &copy<uint32_t>;
    case 8:
      return &copy<uint64_t>;
    default:
      return nullptr;
  }
}

Handler select_pack(const Form& form, const Instruction& in) {
  const bool into = in.d == kNoRegister;
  const int shape = form.register_bytes * 16 + in.element_bytes;
  switch (shape) {
    case 4 * 16 + 2:
      return into ? &unpack<uint32_t, uint16_t> : &pack<uint32_t, uint16_t>;
    case 8 * 16 + 4:
      return into ? &unpack<uint64_t, uint32_t> : &pack<uint64_t, uint32_t>;
    case 8 * 16 + 2:
      return into ? &unpack<uint64_t, uint16_t> : &pack<uint64_t, uint16_t>;
    default:
      return nullptr;
  }
}

Space take_space(Form& form) {
  if (form.take(Modifier::kShared) || form.take(Modifier::kSharedCta)) return Space::kShared;
  if (form.take(Modifier::kLocal)) return Space::kLocal;
  if (form.take(Modifier::kParam) || form.take(Modifier::kParamEntry)) return Space::kParameter;
  if (form.take(Modifier::kConst)) return Space::kConstant;
  return form.take(Modifier::kGlobal) ? Space::kGlobal : Space::kGeneric;
}

Handler select_address(Form& form, Instruction& in) {
  const Space space = take_space(form);
  if (space == Space::kGeneric) return nullptr;
  if (form.opcode == Opcode::kIsspacep) {
    in.variant = static_cast<uint8_t>(space);
    return &is_in_space;
  }
  const uint64_t window = space == Space::kShared      ? kSharedWindow
                          : space == Space::kLocal     ? kLocalWindow
                          : space == Space::kParameter ? kParameterWindow
                                                       : 0;
  in.immediate = static_cast<int64_t>(window);
  if (form.types[0] != Type::kU64) return nullptr;
  return form.take(Modifier::kTo) ? &convert_address<uint64_t, true>
                                  : &convert_address<uint64_t, false>;
}

// Hints, and orderings that in-order execution has anyway.
Handler select_nothing(Form& form) {
  const bool fences = form.opcode == Opcode::kFence || form.opcode == Opcode::kMembar;
  const bool block_only = form.has(Modifier::kCta) || form.has(Modifier::kCluster);
  for (const Modifier any :
       {Modifier::kGlobal, Modifier::kLocal, Modifier::kL1, Modifier::kL2, Modifier::kL2EvictLast,
        Modifier::kL2EvictNormal, Modifier::kCta, Modifier::kCluster, Modifier::kGpu,
        Modifier::kSys, Modifier::kGl, Modifier::kSc, Modifier::kAcqRel, Modifier::kAcquire,
        Modifier::kRelease, Modifier::kLaunchDependents, Modifier::kWait}) {
    form.take(any);
  }
  return fences && !block_only ? &fence : &nothing;
}

}  // namespace

Handler select_move(Form& form, Instruction& in) {
  switch (form.opcode) {
    case Opcode::kMov:
      return form.source_count == 2 ? select_pack(form, in) : select_copy(form);
    case Opcode::kCvta:
    case Opcode::kIsspacep:
      return select_address(form, in);
    case Opcode::kTrap:
    case Opcode::kBrkpt:
      return &trap;
    default:
      return select_nothing(form);
  }
}

}  // namespace nram::simulator::NRAM_LANES
