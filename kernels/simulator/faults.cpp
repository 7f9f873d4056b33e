#include "kernels/simulator/faults.h"

#include <bit>
#include <cstdio>

namespace nram::simulator {

namespace {

std::string hexadecimal(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

std::string times_bytes(unsigned bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

const char* verb(AccessKind kind) {
  switch (kind) {
    case AccessKind::kLoad:
      return "a load of ";
    case AccessKind::kStore:
      return "a store of ";
    default:
      return "an atomic operation on ";
  }
}

// "array x (400 bytes), byte 404"
std::string global_place(const Worker& worker, uint64_t address) {
  const Allocation* near = worker.launch.memory.nearest(address);
  if (near == nullptr) return "address " + hexadecimal(address) + ", where nothing was allocated";
  const auto offset = static_cast<int64_t>(address - near->address);
  const std::string array = "array " + near->name + " (" + std::to_string(near->bytes) + " bytes)";
  if (near->released) return array + ", which has been released, at byte " + std::to_string(offset);
  if (offset < 0) return array + ", " + std::to_string(-offset) + " bytes before its start";
  return array + " at byte " + std::to_string(offset);
}

std::string place_of(const Worker& worker, const Allocation* allocation, uint64_t offset) {
  if (allocation == nullptr) return shared_place(worker, offset);
  return "array " + allocation->name + " at byte " + std::to_string(offset);
}

std::string thread_text(const Worker& worker, uint32_t warp, uint32_t lane) {
  const Dim3& size = worker.launch.launch.block;
  const uint32_t thread = warp * 32 + lane;
  return "thread (" + std::to_string(thread % size.x) + ", " +
         std::to_string(thread / size.x % size.y) + ", " +
         std::to_string(thread / size.x / size.y) + ")";
}

std::string block_text(const Worker& worker, uint32_t linear) {
  const Dim3& grid = worker.launch.launch.grid;
  return "block (" + std::to_string(linear % grid.x) + ", " +
         std::to_string(linear / grid.x % grid.y) + ", " +
         std::to_string(linear / grid.x / grid.y) + ")";
}

uint64_t count_of(uint32_t mask) { return static_cast<uint64_t>(std::popcount(mask)); }

[[noreturn]] void stop_lanes(Warp& warp, uint32_t mask, const char* kind,
                             const std::string& message) {
  report(warp, std::countr_zero(mask), Severity::kError, kind, message, count_of(mask));
  warp.worker->launch.findings.set_faulted();
  throw LaunchStopped{};
}

}  // namespace

std::string shared_place(const Worker& worker, uint64_t offset) {
  const Code& code = worker.launch.code;
  const SharedArray* near = nullptr;
  const SharedArray dynamic{"the dynamic shared memory", code.dynamic_shared_offset,
                            worker.launch.launch.dynamic_shared_bytes};
  for (const SharedArray& array : code.shared_arrays) {
    if (array.offset <= offset) near = &array;
  }
  if (dynamic.offset <= offset && dynamic.bytes > 0) near = &dynamic;
  if (near == nullptr) return "shared memory before the first array";
  const std::string name = near == &dynamic ? near->name : "shared array " + near->name;
  return name + " (" + std::to_string(near->bytes) + " bytes) at byte " +
         std::to_string(offset - near->offset);
}

void stop_misaligned(Warp& warp, const Addresses& address, uint32_t mask, unsigned bytes) {
  uint32_t wrong = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    if (address[lane] % bytes != 0) wrong |= 1u << lane;
  }
  stop_lanes(warp, wrong, "misaligned",
             "the address " + hexadecimal(address[std::countr_zero(wrong)]) +
                 " is no multiple of the access's " + times_bytes(bytes));
}

void stop_outside(Warp& warp, const Addresses& address, uint32_t mask, unsigned bytes,
                  AccessKind kind) {
  const Worker& worker = *warp.worker;
  uint32_t outside = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    if (worker.launch.memory.holding(address[lane], bytes) == nullptr) outside |= 1u << lane;
  }
  const uint64_t first = address[std::countr_zero(outside)];
  const Allocation* near = worker.launch.memory.nearest(first);
  const bool released = near != nullptr && near->released;
  stop_lanes(warp, outside, released ? "use after free" : "out of bounds",
             verb(kind) + times_bytes(bytes) + " outside " + global_place(worker, first));
}

void stop_outside_shared(Warp& warp, const Addresses& address, uint32_t mask, unsigned bytes,
                         AccessKind kind) {
  stop_lanes(warp, mask, "out of bounds",
             verb(kind) + times_bytes(bytes) + " outside " +
                 shared_place(*warp.worker, address[std::countr_zero(mask)]));
}

void stop_outside_local(Warp& warp, const Addresses& address, uint32_t mask, unsigned bytes) {
  stop_lanes(warp, mask, "out of bounds",
             "an access of " + times_bytes(bytes) + " at byte " +
                 std::to_string(static_cast<int64_t>(address[std::countr_zero(mask)])) +
                 " of a thread's " + std::to_string(warp.worker->launch.kernel.local_bytes) +
                 " bytes of local memory");
}

void stop_outside_parameters(Warp& warp, const Addresses& address, uint32_t mask, unsigned bytes) {
  stop_lanes(warp, mask, "out of bounds",
             "an access of " + times_bytes(bytes) + " at byte " +
                 std::to_string(static_cast<int64_t>(address[std::countr_zero(mask)])) +
                 " of the parameters, which can only be read and are " +
                 std::to_string(warp.worker->launch.launch.parameters.size()) + " bytes");
}

uint32_t inside_shared_arrays(Warp& warp, const Addresses& address, uint32_t mask, unsigned bytes,
                              AccessKind kind) {
  const Worker& worker = *warp.worker;
  const Code& code = worker.launch.code;
  const auto holds = [&](uint64_t start, uint64_t size, uint64_t at) {
    return at >= start && at - start + bytes <= size;
  };
  uint32_t outside = 0;
  for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    bool found =
        holds(code.dynamic_shared_offset, worker.launch.launch.dynamic_shared_bytes, address[lane]);
    for (const SharedArray& array : code.shared_arrays) {
      found |= holds(array.offset, array.bytes, address[lane]);
    }
    if (!found) outside |= 1u << lane;
  }
  if (outside != 0) {
    const int lane = std::countr_zero(outside);
    report(warp, lane, Severity::kError, "out of bounds",
           verb(kind) + times_bytes(bytes) + " outside " + shared_place(worker, address[lane]),
           count_of(outside));
  }
  return mask & ~outside;
}

void report_unwritten(Warp& warp, int lane, const Allocation* allocation, uint64_t offset,
                      unsigned bytes) {
  report(warp, lane, Severity::kError, "uninitialised",
         "a load of " + times_bytes(bytes) + " from " + place_of(*warp.worker, allocation, offset) +
             ", which nobody has written");
}

void report_unwritten_local(Warp& warp, int lane, uint64_t offset, unsigned bytes) {
  report(warp, lane, Severity::kError, "uninitialised",
         "a load of " + times_bytes(bytes) + " from local memory at byte " +
             std::to_string(offset) + ", which the thread has not written");
}

void report_pending(Warp& warp, int lane, uint64_t offset, AccessKind kind) {
  report(warp, lane, Severity::kError, "asynchronous copy",
         std::string(kind == AccessKind::kLoad ? "a load from " : "a write to ") +
             shared_place(*warp.worker, offset) +
             ", while a cp.async to there is under way that its thread has not waited for");
}

void report_read_only(Warp& warp, int lane, const Allocation& allocation, uint64_t offset) {
  report(warp, lane, Severity::kError, "read-only load",
         "ld.global.nc from array " + allocation.name + " at byte " + std::to_string(offset) +
             ", which this launch has written");
}

void report_race(Warp& warp, int lane, const Allocation* allocation, uint64_t offset,
                 AccessKind kind, uint32_t mark, bool other_wrote, bool same_value) {
  const Worker& worker = *warp.worker;
  const uint32_t moment = mark_moment(mark);
  const uint32_t block = worker.order.block_of(moment);
  std::string other = thread_text(worker, worker.order.warp_of(moment), mark_lane(mark));
  if (block != worker.block.linear) other += " of " + block_text(worker, block);
  const std::string what = kind == AccessKind::kLoad ? "a load of what " : "a write to what ";
  report(warp, lane, same_value ? Severity::kWarning : Severity::kError, "race",
         what + other + (other_wrote ? " writes" : " reads") +
             (block != worker.block.linear ? "" : " with no barrier between") + ": " +
             place_of(worker, allocation, offset) +
             (same_value ? " (both write the same value)" : ""));
}

}  // namespace nram::simulator
