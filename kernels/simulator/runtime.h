// A launch while it runs: warps, blocks, and the worker threads that execute blocks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "kernels/simulator/allocation.h"
#include "kernels/simulator/code.h"
#include "kernels/simulator/findings.h"
#include "kernels/simulator/order.h"
#include "kernels/simulator/simulator.h"

namespace nram::simulator {

struct Block;
struct Worker;

// Lanes of a warp that are at the same instruction.
struct LaneGroup {
  int32_t pc = 0;
  uint32_t mask = 0;
  bool waiting = false;  // for other lanes, at a collective or a barrier
};

// A cp.async on its way: the lanes for which nobody has waited yet.
struct PendingCopy {
  uint32_t mask = 0;
  uint32_t bytes = 0;
  std::array<uint32_t, 32> offset;  // in shared memory
  std::array<uint32_t, 32> group;
};

struct Warp {
  std::byte* registers = nullptr;
  Block* block = nullptr;
  Worker* worker = nullptr;
  const Instruction* current = nullptr;
  uint32_t index = 0;
  uint32_t threads = 0;  // lanes that exist
  uint32_t live = 0;     // those that have not exited
  std::array<LaneGroup, 32> groups;
  int group_count = 0;
  int32_t barrier = -1;  // the one at which the whole warp waits
  int32_t barrier_pc = 0;
  std::byte* local = nullptr;
  uint8_t* local_written = nullptr;  // a byte for each of local
  std::vector<PendingCopy> copies;
  std::array<uint32_t, 32> copy_groups{};  // that each lane has committed

  template <class T>
  T* lanes(int32_t offset) const {
    return reinterpret_cast<T*>(registers + offset);
  }
  uint32_t& predicate(int32_t offset) const {
    return *reinterpret_cast<uint32_t*>(registers + offset);
  }
  // The instruction's lanes without those whose guard is false.
  uint32_t guarded(const Instruction& instruction, uint32_t mask) const {
    if (instruction.guard == kNoRegister) return mask;
    const uint32_t guard = predicate(instruction.guard);
    return mask & (instruction.guard_negated ? ~guard : guard);
  }
};

struct InstructionCounts {
  uint64_t warps = 0, lanes = 0, divergent = 0;
  uint64_t global_requests = 0, sectors = 0, ideal_sectors = 0, load_bytes = 0, store_bytes = 0;
  uint64_t shared_requests = 0, wavefronts = 0, ideal_wavefronts = 0;
  uint64_t local_requests = 0, atomics = 0;
};

struct NamedBarrier {
  uint32_t arrived = 0;                       // threads, in whole warps
  uint32_t expected = 0;                      // 0: all of the block
  uint32_t waiting = 0;                       // warps that sync, a bit each
  uint32_t arrivals = 0;                      // warps that only signal
  uint32_t population = 0, all = 0, any = 0;  // of bar.red
};

struct Block {
  Dim3 index;
  uint32_t linear = 0;
  uint32_t threads = 0;
  std::vector<Warp> warps;
  std::array<NamedBarrier, 16> barriers;
  std::vector<std::byte> shared_storage, local_storage;
  std::byte* shared = nullptr;
  uint32_t shared_bytes = 0;  // with red zones
  std::vector<uint8_t> local_written;
  // The shadow of shared memory, an element for each 4-byte word: WordState bits and access marks.
  std::vector<uint8_t> shared_state, fresh_shared_state;
  std::vector<uint32_t> shared_written, shared_read, shared_read_again;
};

// Of a word of shared memory, beside a bit for each byte that has been written.
enum WordState : uint8_t {
  kWordWritten = 0x0F,
  kWordPending = 0x10,  // a cp.async nobody has waited for
  kWordOutside = 0x20,  // not wholly inside one array
};

// What all workers of a launch share.
struct LaunchState {
  const Kernel& kernel;
  const Code& code;
  const Launch& launch;
  const Options& options;
  Memory::Implementation& memory;
  FindingLog& findings;
  std::atomic<uint64_t> next_block{0};
  std::atomic<bool> stop{false};
  std::vector<uint32_t> block_order;  // empty: as they come
  uint32_t first_moment = 0;          // of this launch
  SyncLog sync_log;
};

struct Worker {
  explicit Worker(LaunchState& state);

  LaunchState& launch;
  const Instruction* instructions;
  bool check, count;
  std::vector<InstructionCounts> counts;
  Block block;
  BlockOrder order;
  std::vector<std::byte> register_storage;
  std::mt19937_64 random;
  uint64_t steps = 0;       // warp instructions of this block
  uint64_t step_limit = 0;  // where the running warp gives way
  uint64_t barriers = 0;
  uint64_t distinct_load_sectors = 0, distinct_store_sectors = 0;

  InstructionCounts& counts_of(const Instruction& instruction) {
    return counts[static_cast<size_t>(&instruction - instructions)];
  }
};

// Thrown to stop the launch after a finding that a card would answer with a fault.
struct LaunchStopped {};

// Notes a finding at the warp's current instruction; lane -1: of the warp as a whole.
void report(Warp& warp, int lane, Severity severity, const char* kind, const std::string& message,
            uint64_t occurrences = 1);
[[noreturn]] void stop_with(Warp& warp, int lane, const char* kind, const std::string& message);

void prepare_launch(LaunchState& state);          // block.cpp
void run_block(Worker& worker, uint64_t linear);  // block.cpp
// Until it waits at a barrier, ends, or has had its share of instructions.
void run_warp(Warp& warp);  // scheduler.cpp
// barrier.cpp
void arrive_at_barrier(Warp& warp, const Instruction& instruction, uint32_t mask);
// Completes the barriers that exits have made complete; whether there was one.
bool settle_barriers(Worker& worker);

}  // namespace nram::simulator
