// The findings about memory accesses, kept out of the hot loops.
#pragma once

#include <cstdint>

#include "kernels/simulator/runtime.h"

namespace nram::simulator {

enum class AccessKind : uint8_t { kLoad, kStore, kAtomic };

using Addresses = uint64_t[32];

[[noreturn]] void stop_misaligned(Warp& warp, const Addresses& address, uint32_t mask,
                                  unsigned bytes);
// Global memory: no live allocation holds the first lane's bytes.
[[noreturn]] void stop_outside(Warp& warp, const Addresses& address, uint32_t mask, unsigned bytes,
                               AccessKind kind);
[[noreturn]] void stop_outside_shared(Warp& warp, const Addresses& address, uint32_t mask,
                                      unsigned bytes, AccessKind kind);
[[noreturn]] void stop_outside_local(Warp& warp, const Addresses& address, uint32_t mask,
                                     unsigned bytes);
[[noreturn]] void stop_outside_parameters(Warp& warp, const Addresses& address, uint32_t mask,
                                          unsigned bytes);
// The lanes of `mask` whose bytes lie in one shared array; reports the others.
uint32_t inside_shared_arrays(Warp& warp, const Addresses& address, uint32_t mask, unsigned bytes,
                              AccessKind kind);

// Of global memory where there is an allocation, else of shared memory.
void report_unwritten(Warp& warp, int lane, const Allocation* allocation, uint64_t offset,
                      unsigned bytes);
void report_unwritten_local(Warp& warp, int lane, uint64_t offset, unsigned bytes);
void report_pending(Warp& warp, int lane, uint64_t offset, AccessKind kind);
void report_read_only(Warp& warp, int lane, const Allocation& allocation, uint64_t offset);
// An access meets another thread's of the same launch, `mark`, with nothing to order them.
void report_race(Warp& warp, int lane, const Allocation* allocation, uint64_t offset,
                 AccessKind kind, uint32_t mark, bool other_wrote, bool same_value);

// "shared array tile, byte 12" for findings.
std::string shared_place(const Worker& worker, uint64_t offset);

}  // namespace nram::simulator
