// Barriers of a block: bar.sync, bar.arrive and bar.red with their 16 names.
#include <bit>

#include "kernels/simulator/runtime.h"

namespace nram::simulator {

namespace {

uint32_t live_warps(const Block& block) {
  uint32_t count = 0;
  for (const Warp& warp : block.warps) count += warp.live != 0;
  return count;
}

void give_result(Warp& warp, const Instruction& instruction, const NamedBarrier& barrier) {
  const auto action = static_cast<BarrierAction>(instruction.variant);
  if (action == BarrierAction::kReducePopulation) {
    uint32_t* lanes = warp.lanes<uint32_t>(instruction.d);
    for (uint32_t rest = warp.live; rest != 0; rest &= rest - 1) {
      lanes[std::countr_zero(rest)] = barrier.population;
    }
  } else if (action == BarrierAction::kReduceAnd || action == BarrierAction::kReduceOr) {
    const bool result = action == BarrierAction::kReduceAnd ? barrier.all != 0 : barrier.any != 0;
    uint32_t& predicate = warp.predicate(instruction.d);
    predicate = result ? predicate | warp.live : predicate & ~warp.live;
  }
}

void complete(Worker& worker, NamedBarrier& barrier) {
  Block& block = worker.block;
  ++worker.barriers;
  if (worker.check) worker.order.meet(barrier.waiting, barrier.arrivals);
  for (uint32_t rest = barrier.waiting; rest != 0; rest &= rest - 1) {
    Warp& warp = block.warps[static_cast<size_t>(std::countr_zero(rest))];
    warp.barrier = -1;
    give_result(warp, worker.instructions[warp.barrier_pc], barrier);
  }
  barrier = {};
}

bool is_full(const Block& block, const NamedBarrier& barrier) {
  if (barrier.arrived == 0) return false;
  return barrier.expected != 0 ? barrier.arrived >= barrier.expected
                               : barrier.arrived >= 32 * live_warps(block);
}

void warn_of_absent(Worker& worker, const NamedBarrier& barrier) {
  Block& block = worker.block;
  const uint32_t live = live_warps(block);
  if (barrier.expected != 0 || live == block.warps.size() || barrier.waiting == 0) return;
  Warp& warp = block.warps[static_cast<size_t>(std::countr_zero(barrier.waiting))];
  const Instruction* running = warp.current;
  warp.current = worker.instructions + warp.barrier_pc;
  report(warp, std::countr_zero(warp.live), Severity::kWarning, "barrier",
         std::to_string(live) + " of " + std::to_string(block.warps.size()) +
             " warps come to this barrier, the others have exited");
  warp.current = running;
}

void check_agreement(Warp& warp, const NamedBarrier& barrier, uint32_t expected) {
  if (barrier.arrived == 0) return;
  if (barrier.expected != expected) {
    report(warp, 0, Severity::kError, "barrier",
           "warps come to one barrier with different thread counts, " +
               std::to_string(barrier.expected) + " and " + std::to_string(expected));
  }
  if (barrier.waiting == 0 || expected != 0) return;
  const Warp& other = warp.block->warps[static_cast<size_t>(std::countr_zero(barrier.waiting))];
  if (other.barrier_pc == warp.barrier_pc) return;
  const auto& sources = warp.worker->launch.code.sources;
  report(warp, 0, Severity::kWarning, "barrier",
         "warps of one block meet at different barrier instructions, another one at line " +
             std::to_string(sources[static_cast<size_t>(other.barrier_pc)].line));
}

}  // namespace

void arrive_at_barrier(Warp& warp, const Instruction& instruction, uint32_t mask) {
  Block& block = *warp.block;
  const int lane = std::countr_zero(mask);
  const auto action = static_cast<BarrierAction>(instruction.variant);
  const uint32_t name =
      instruction.a == kNoRegister ? 0 : warp.lanes<uint32_t>(instruction.a)[lane];
  if (name >= block.barriers.size()) {
    stop_with(warp, lane, "barrier", "there is no barrier " + std::to_string(name));
  }
  const uint32_t expected =
      instruction.c == kNoRegister ? 0 : warp.lanes<uint32_t>(instruction.c)[lane];
  if (expected % 32 != 0) {
    stop_with(warp, lane, "barrier",
              "the barrier's thread count " + std::to_string(expected) + " is no multiple of 32");
  }
  NamedBarrier& barrier = block.barriers[name];
  check_agreement(warp, barrier, expected);
  if (barrier.arrived == 0) {
    barrier.all = 1;
    barrier.expected = expected;
  }
  barrier.arrived += 32;
  if (action != BarrierAction::kSync && action != BarrierAction::kArrive) {
    uint32_t predicate = warp.predicate(warp.worker->launch.code.operands[instruction.list].offset);
    if (instruction.negated) predicate = ~predicate;
    barrier.population += static_cast<uint32_t>(std::popcount(predicate & mask));
    barrier.all &= (predicate & mask) == mask;
    barrier.any |= (predicate & mask) != 0;
  }
  if (action == BarrierAction::kArrive) {
    barrier.arrivals |= 1u << warp.index;
    if (warp.worker->check) warp.worker->order.arrive(warp.index);
  } else {
    barrier.waiting |= 1u << warp.index;
    warp.barrier = static_cast<int32_t>(name);
  }
  if (barrier.expected == 0 && live_warps(block) != block.warps.size()) return;  // settle_barriers
  if (is_full(block, barrier)) complete(*warp.worker, barrier);
}

bool settle_barriers(Worker& worker) {
  bool any = false;
  for (NamedBarrier& barrier : worker.block.barriers) {
    if (!is_full(worker.block, barrier)) continue;
    warn_of_absent(worker, barrier);
    complete(worker, barrier);
    any = true;
  }
  return any;
}

}  // namespace nram::simulator
