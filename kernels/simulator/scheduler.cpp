// One warp: groups of lanes, each with one program counter; the lowest runs, groups that meet
// merge. Compilers lay code out so that reconvergence points come after the branches that lead to
// them, which makes the lowest-counter rule reconverge early.
#include <bit>

#include "kernels/simulator/runtime.h"

namespace nram::simulator {

namespace {

// A warp lets the others run after this many instructions, so that one may wait for another's flag.
constexpr uint64_t kShare = 100000;

void merge_groups(Warp& warp) {
  for (int i = 0; i < warp.group_count; ++i) {
    LaneGroup& into = warp.groups[static_cast<size_t>(i)];
    for (int j = i + 1; j < warp.group_count;) {
      LaneGroup& other = warp.groups[static_cast<size_t>(j)];
      if (other.pc == into.pc) {
        into.mask |= other.mask;
        into.waiting = false;
        other = warp.groups[static_cast<size_t>(--warp.group_count)];
      } else {
        ++j;
      }
    }
  }
}

void remove_group(Warp& warp, int index) {
  warp.groups[static_cast<size_t>(index)] = warp.groups[static_cast<size_t>(--warp.group_count)];
}

void add_group(Warp& warp, int32_t pc, uint32_t mask) {
  warp.groups[static_cast<size_t>(warp.group_count++)] = {pc, mask, false};
}

std::string hexadecimal(uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", value);
  return text;
}

[[noreturn]] void stop_deadlocked(Warp& warp) {
  std::string message = "lanes of one warp wait for each other: ";
  const auto& sources = warp.worker->launch.code.sources;
  bool barrier = false;
  for (int i = 0; i < warp.group_count; ++i) {
    const LaneGroup& group = warp.groups[static_cast<size_t>(i)];
    const InstructionSource& source = sources[static_cast<size_t>(group.pc)];
    if (i > 0) message += ", ";
    message += hexadecimal(group.mask) + " at line " + std::to_string(source.line) + " (" +
               source.text + ")";
    barrier |= warp.worker->instructions[group.pc].kind == Kind::kBarrier;
  }
  warp.current = warp.worker->instructions + warp.groups[0].pc;
  stop_with(warp, std::countr_zero(warp.groups[0].mask), barrier ? "barrier" : "member mask",
            message);
}

enum class Next : uint8_t { kContinue, kReselect, kBlocked };

// The member mask that the lanes of `mask` agree on. Where they don't, `mask` shrinks to the lanes
// that agree with the first.
uint32_t members_of(Warp& warp, const Instruction& instruction, uint32_t& mask) {
  if (instruction.b == kNoRegister) return kAllLanes;
  const uint32_t* masks = warp.lanes<uint32_t>(instruction.b);
  const uint32_t members = masks[std::countr_zero(mask)];
  uint32_t agreeing = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    if (masks[lane] == members) agreeing |= 1u << lane;
  }
  mask = agreeing;
  return members;
}

// A collective at the group's pc for `mask`, its lanes whose guard holds.
Next collective(Warp& warp, LaneGroup& group, const Instruction& instruction, uint32_t mask) {
  const uint32_t guarded = mask;
  uint32_t members = members_of(warp, instruction, mask);
  if ((mask & ~members) != 0) {
    report(warp, std::countr_zero(mask & ~members), Severity::kError, "member mask",
           "the member mask " + hexadecimal(members) + " lacks the lane that names it",
           static_cast<uint64_t>(std::popcount(mask & ~members)));
    members |= mask;
  }
  if ((members & ~warp.live) != 0) {
    const bool whole = instruction.b == kNoRegister;
    report(warp, std::countr_zero(mask), whole ? Severity::kError : Severity::kWarning,
           "member mask",
           (whole ? "the whole warp is needed" : "the member mask is " + hexadecimal(members)) +
               ", but lanes " + hexadecimal(members & ~warp.live) + " have exited or do not exist");
    members &= warp.live;
  }
  if ((mask & members) != members) {  // the others are still to come
    group.waiting = true;
    return Next::kReselect;
  }
  instruction.handler(warp, instruction, mask);
  if (mask == group.mask) {
    ++group.pc;
    return Next::kContinue;
  }
  const uint32_t done = mask | (group.mask & ~guarded);  // a false guard passes by
  group.mask &= ~done;
  const int32_t pc = group.pc;
  if (group.mask == 0) {
    group.mask = done;
    ++group.pc;
  } else {
    add_group(warp, pc + 1, done);
  }
  return Next::kReselect;
}

Next barrier(Warp& warp, LaneGroup& group, const Instruction& instruction, uint32_t mask) {
  if (mask != group.mask) {  // lanes with a false guard go on alone
    const uint32_t others = group.mask & ~mask;
    group.mask = mask;
    add_group(warp, group.pc + 1, others);
    return Next::kReselect;
  }
  if (mask != warp.live) {
    group.waiting = true;
    return Next::kReselect;
  }
  if (warp.live != warp.threads) {
    report(warp, std::countr_zero(mask), Severity::kError, "barrier",
           "lanes " + hexadecimal(warp.threads & ~warp.live) +
               " of the warp have exited without coming to this barrier");
  }
  warp.barrier_pc = group.pc++;
  arrive_at_barrier(warp, instruction, mask);
  return warp.barrier >= 0 ? Next::kBlocked : Next::kContinue;
}

Next branch(Warp& warp, LaneGroup& group, const Instruction& instruction, uint32_t mask) {
  const bool alone = warp.group_count == 1;
  if (mask == group.mask) {
    group.pc = instruction.target;
  } else if (mask != 0) {
    if (warp.worker->count) ++warp.worker->counts_of(instruction).divergent;
    group.mask &= ~mask;
    ++group.pc;
    add_group(warp, instruction.target, mask);
    return Next::kReselect;
  } else {
    ++group.pc;
  }
  return alone ? Next::kContinue : Next::kReselect;
}

Next branch_table(Warp& warp, LaneGroup& group, const Instruction& instruction, uint32_t mask) {
  const std::vector<int32_t>& targets = warp.worker->launch.code.branch_targets;
  const uint32_t* index = warp.lanes<uint32_t>(instruction.a);
  const uint32_t others = group.mask & ~mask;
  const int32_t after = group.pc + 1;
  bool first = true;
  while (mask != 0) {
    const int lane = std::countr_zero(mask);
    const uint32_t chosen = index[lane];
    if (chosen >= static_cast<uint32_t>(instruction.target)) {
      stop_with(warp, lane, "branch", "brx.idx has no target " + std::to_string(chosen));
    }
    uint32_t same = 0;
    for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
      const int other = std::countr_zero(rest);
      if (index[other] == chosen) same |= 1u << other;
    }
    const int32_t target = targets[static_cast<size_t>(instruction.immediate) + chosen];
    if (first) {
      group.pc = target;
      group.mask = same;
      first = false;
    } else {
      add_group(warp, target, same);
      if (warp.worker->count) ++warp.worker->counts_of(instruction).divergent;
    }
    mask &= ~same;
  }
  if (others != 0) add_group(warp, after, others);
  return Next::kReselect;
}

Next leave(Warp& warp, LaneGroup& group, uint32_t mask) {
  warp.live &= ~mask;
  group.mask &= ~mask;
  ++group.pc;
  for (int i = 0; i < warp.group_count; ++i) warp.groups[static_cast<size_t>(i)].waiting = false;
  return Next::kReselect;
}

// Runs the group until it meets another, splits, waits or ends.
Next run_group(Warp& warp, LaneGroup& group, int32_t limit) {
  Worker& worker = *warp.worker;
  const Instruction* const code = worker.instructions;
  Next next = Next::kContinue;
  while (next == Next::kContinue) {
    const Instruction& instruction = code[group.pc];
    const uint32_t mask = warp.guarded(instruction, group.mask);
    if (worker.count) {
      InstructionCounts& counts = worker.counts[static_cast<size_t>(group.pc)];
      ++counts.warps;
      counts.lanes += static_cast<uint64_t>(std::popcount(mask));
    }
    ++worker.steps;
    warp.current = &instruction;
    if (instruction.kind == Kind::kPlain) {
      if (mask != 0) instruction.handler(warp, instruction, mask);
      ++group.pc;
    } else if (instruction.kind == Kind::kBranch) {
      next = branch(warp, group, instruction, mask);
      if (worker.steps > worker.step_limit) return Next::kBlocked;
    } else if (mask == 0) {
      ++group.pc;
    } else if (instruction.kind == Kind::kCollective) {
      next = collective(warp, group, instruction, mask);
    } else if (instruction.kind == Kind::kExit) {
      next = leave(warp, group, mask);
    } else if (instruction.kind == Kind::kBarrier) {
      next = barrier(warp, group, instruction, mask);
    } else {
      next = branch_table(warp, group, instruction, mask);
    }
    if (group.pc == limit && next == Next::kContinue) next = Next::kReselect;
  }
  return next;
}

}  // namespace

void run_warp(Warp& warp) {
  Worker& worker = *warp.worker;
  worker.step_limit = worker.steps + kShare;
  while (warp.live != 0) {
    if (warp.group_count > 1) merge_groups(warp);
    int chosen = -1;
    for (int i = 0; i < warp.group_count; ++i) {
      const LaneGroup& group = warp.groups[static_cast<size_t>(i)];
      if (!group.waiting &&
          (chosen < 0 || group.pc < warp.groups[static_cast<size_t>(chosen)].pc)) {
        chosen = i;
      }
    }
    if (chosen < 0) stop_deadlocked(warp);
    LaneGroup& group = warp.groups[static_cast<size_t>(chosen)];
    int32_t limit = -1;  // where the next group stands
    for (int i = 0; i < warp.group_count; ++i) {
      const int32_t pc = warp.groups[static_cast<size_t>(i)].pc;
      if (pc > group.pc && (limit < 0 || pc < limit)) limit = pc;
    }
    const Next next = run_group(warp, group, limit);
    if (group.mask == 0) remove_group(warp, chosen);
    if (next == Next::kBlocked) return;
  }
}

}  // namespace nram::simulator
