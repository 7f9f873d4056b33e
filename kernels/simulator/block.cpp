// One block: its warps' registers and memory, and turns for the warps until all have ended.
#include <algorithm>
#include <bit>
#include <numeric>

#include "kernels/simulator/runtime.h"

namespace nram::simulator {

namespace {

constexpr size_t kLine = 64;
constexpr uint32_t kMultiprocessors = 128;  // that %nsmid tells

std::byte* aligned(std::vector<std::byte>& storage) {
  const auto address = reinterpret_cast<uintptr_t>(storage.data());
  return storage.data() + ((kLine - address % kLine) % kLine);
}

// One lane's value of a special register.
uint64_t special_value(const Worker& worker, const Warp& warp, uint32_t lane,
                       SpecialRegister which) {
  const Launch& launch = worker.launch.launch;
  const Dim3 &size = launch.block, &grid = launch.grid, &index = worker.block.index;
  const uint32_t thread = warp.index * 32 + lane, bit = 1u << lane;
  switch (which) {
    case SpecialRegister::kTidX:
      return thread % size.x;
    case SpecialRegister::kTidY:
      return thread / size.x % size.y;
    case SpecialRegister::kTidZ:
      return thread / size.x / size.y;
    case SpecialRegister::kNtidX:
      return size.x;
    case SpecialRegister::kNtidY:
      return size.y;
    case SpecialRegister::kNtidZ:
      return size.z;
    case SpecialRegister::kCtaidX:
      return index.x;
    case SpecialRegister::kCtaidY:
      return index.y;
    case SpecialRegister::kCtaidZ:
      return index.z;
    case SpecialRegister::kNctaidX:
      return grid.x;
    case SpecialRegister::kNctaidY:
      return grid.y;
    case SpecialRegister::kNctaidZ:
      return grid.z;
    case SpecialRegister::kLaneid:
      return lane;
    case SpecialRegister::kWarpid:
      return warp.index;
    case SpecialRegister::kNwarpid:
      return 64;
    case SpecialRegister::kSmid:
      return worker.block.linear % kMultiprocessors;
    case SpecialRegister::kNsmid:
      return kMultiprocessors;
    case SpecialRegister::kGridid:
      return worker.launch.memory.moments.launch;
    case SpecialRegister::kLanemaskEq:
      return bit;
    case SpecialRegister::kLanemaskLt:
      return bit - 1;
    case SpecialRegister::kLanemaskLe:
      return bit | (bit - 1);
    case SpecialRegister::kLanemaskGe:
      return ~(bit - 1);
    case SpecialRegister::kLanemaskGt:
      return ~(bit | (bit - 1));
    case SpecialRegister::kDynamicShared:
      return launch.dynamic_shared_bytes;
    case SpecialRegister::kTotalShared:
      return worker.launch.kernel.static_shared_bytes + launch.dynamic_shared_bytes;
    case SpecialRegister::kClusterNctarank:
      return 1;
    default:
      return 0;  // a cluster of one block; clocks are read when they are asked for
  }
}

void fill_special_registers(const Worker& worker, Warp& warp) {
  for (const auto& [which, offset] : worker.launch.code.special_registers) {
    for (uint32_t lane = 0; lane < 32; ++lane) {
      const uint64_t value = special_value(worker, warp, lane, which);
      if (which == SpecialRegister::kGridid) {
        warp.lanes<uint64_t>(offset)[lane] = value;
      } else if (which < SpecialRegister::kClock) {
        warp.lanes<uint32_t>(offset)[lane] = static_cast<uint32_t>(value);
      }
    }
  }
}

void fill_constants(const Code& code, const Warp& warp) {
  for (const Code::Constant& constant : code.constants) {
    std::byte* lanes = warp.registers + constant.offset;
    if (constant.bytes == 0) {
      const uint32_t predicate = constant.value != 0 ? kAllLanes : 0;
      std::memcpy(lanes, &predicate, sizeof predicate);
      continue;
    }
    for (size_t lane = 0; lane < 32; ++lane) {
      std::memcpy(lanes + lane * constant.bytes, &constant.value, constant.bytes);
    }
  }
}

void make_shared_shadow(Worker& worker) {
  Block& block = worker.block;
  const Code& code = worker.launch.code;
  const size_t words = block.shared_bytes / 4;
  block.fresh_shared_state.assign(words, kWordOutside);
  const auto open = [&](uint32_t offset, uint32_t bytes) {
    // An array's words, but for the ends that it does not fill.
    for (uint32_t word = (offset + 3) / 4; word < (offset + bytes) / 4; ++word) {
      block.fresh_shared_state[word] = 0;
    }
  };
  for (const SharedArray& array : code.shared_arrays) open(array.offset, array.bytes);
  open(code.dynamic_shared_offset, worker.launch.launch.dynamic_shared_bytes);
  block.shared_written.assign(words, 0);
  block.shared_read.assign(words, 0);
  block.shared_read_again.assign(words, 0);
}

// What stays the same for all blocks of a launch: storage and constants.
void make_warps(Worker& worker) {
  Block& block = worker.block;
  const Code& code = worker.launch.code;
  const uint32_t count = (block.threads + 31) / 32;
  const size_t stride = (code.register_bytes + kLine - 1) / kLine * kLine;
  worker.register_storage.assign(count * stride + kLine, std::byte{0xFF});
  block.warps.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    Warp& warp = block.warps[i];
    warp.registers = aligned(worker.register_storage) + i * stride;
    warp.block = &block;
    warp.worker = &worker;
    warp.index = i;
    const uint32_t lanes = std::min(32u, block.threads - i * 32);
    warp.threads = lanes == 32 ? kAllLanes : (1u << lanes) - 1;
    fill_constants(code, warp);
  }
  block.shared_bytes = code.dynamic_shared_offset + worker.launch.launch.dynamic_shared_bytes;
  block.shared_bytes = (block.shared_bytes + 127) / 128 * 128 + 128;
  block.shared_storage.resize(block.shared_bytes + kLine);
  block.shared = aligned(block.shared_storage);
  if (worker.check) make_shared_shadow(worker);
}

void begin_block(Worker& worker, uint64_t linear) {
  Block& block = worker.block;
  const Dim3& grid = worker.launch.launch.grid;
  block.linear = static_cast<uint32_t>(linear);
  block.index = {static_cast<uint32_t>(linear % grid.x),
                 static_cast<uint32_t>(linear / grid.x % grid.y),
                 static_cast<uint32_t>(linear / grid.x / grid.y)};
  block.threads = static_cast<uint32_t>(worker.launch.launch.block.count());
  if (block.warps.empty()) make_warps(worker);
  std::memset(block.shared, 0xFF, block.shared_bytes);
  block.barriers.fill({});
  const size_t local_bytes = worker.launch.kernel.local_bytes;
  block.local_storage.assign(block.warps.size() * 32 * local_bytes, std::byte{0xFF});
  if (worker.check) {
    block.shared_state = block.fresh_shared_state;
    block.local_written.assign(block.local_storage.size(), 0);
    // A block without moments goes unjudged, as do all that follow.
    worker.check = worker.order.begin(worker.launch.memory.moments, worker.launch.sync_log,
                                      worker.launch.first_moment, block.linear,
                                      static_cast<uint32_t>(block.warps.size()));
  }
  for (Warp& warp : block.warps) {
    warp.live = warp.threads;
    warp.groups[0] = {0, warp.threads, false};
    warp.group_count = 1;
    warp.barrier = -1;
    warp.local = block.local_storage.data() + warp.index * 32 * local_bytes;
    warp.local_written = block.local_written.data() + warp.index * 32 * local_bytes;
    warp.copies.clear();
    warp.copy_groups.fill(0);
    fill_special_registers(worker, warp);
  }
  worker.steps = 0;
}

[[noreturn]] void stop_stuck(Worker& worker) {
  std::string message = "no warp of the block can go on:";
  Warp* first = nullptr;
  for (Warp& warp : worker.block.warps) {
    if (warp.live == 0) {
      message += " warp " + std::to_string(warp.index) + " has ended;";
      continue;
    }
    if (first == nullptr) first = &warp;
    const auto& source = worker.launch.code.sources[static_cast<size_t>(warp.barrier_pc)];
    message += " warp " + std::to_string(warp.index) + " waits at barrier " +
               std::to_string(warp.barrier) + ", line " + std::to_string(source.line) + ";";
  }
  message.pop_back();
  first->current = worker.instructions + first->barrier_pc;
  stop_with(*first, std::countr_zero(first->live), "barrier", message);
}

}  // namespace

Worker::Worker(LaunchState& state)
    : launch(state),
      instructions(state.code.instructions.data()),
      check(state.options.check),
      count(state.options.count),
      counts(state.code.instructions.size()) {}

void prepare_launch(LaunchState& state) {
  Memory::Implementation& memory = state.memory;
  Moments& moments = memory.moments;
  ++moments.launch;
  std::lock_guard lock(memory.mutex);
  // Half of the numbers gone: marks of earlier launches are forgotten, and counting begins anew.
  const bool forget = moments.scarce();
  if (forget) moments.next = 1;
  for (const std::unique_ptr<Allocation>& allocation : memory.allocations) {
    if (allocation->released) continue;
    if (forget) allocation->drop_race_shadow();
    if (state.options.check) allocation->make_race_shadow();
    if (state.options.count) allocation->make_stamps();
  }
  state.first_moment = moments.next;
}

void run_block(Worker& worker, uint64_t linear) {
  begin_block(worker, linear);
  Block& block = worker.block;
  std::vector<uint32_t> order(block.warps.size());
  std::iota(order.begin(), order.end(), 0u);
  worker.random.seed(worker.launch.options.seed * 0x9E3779B97F4A7C15u + linear);
  while (true) {
    if (worker.launch.options.seed != 0) std::shuffle(order.begin(), order.end(), worker.random);
    bool any = false;
    for (const uint32_t index : order) {
      Warp& warp = block.warps[index];
      if (warp.live == 0 || warp.barrier >= 0) continue;
      any = true;
      run_warp(warp);
      if (worker.launch.stop) throw LaunchStopped{};
      if (worker.steps > worker.launch.options.most_steps) {
        stop_with(warp, warp.live == 0 ? -1 : std::countr_zero(warp.live), "endless",
                  "the block does not end within " +
                      std::to_string(worker.launch.options.most_steps) + " warp instructions");
      }
    }
    if (settle_barriers(worker)) continue;
    if (any) continue;
    if (std::all_of(block.warps.begin(), block.warps.end(),
                    [](const Warp& warp) { return warp.live == 0; })) {
      if (worker.check) worker.order.end();
      return;
    }
    stop_stuck(worker);
  }
}

}  // namespace nram::simulator
