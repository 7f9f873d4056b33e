// For the handlers: loops over the 32 lanes of a warp, written so that compilers vectorise them.
// Every file in this folder is compiled once for each instruction set, in a namespace of its own.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/simulator/code.h"
#include "kernels/simulator/runtime.h"

#ifndef NRAM_LANES
#define NRAM_LANES lanes_generic
#endif

namespace nram::simulator::NRAM_LANES {

#define NRAM_INLINE inline __attribute__((always_inline))

// out[lane] = function(lane) for the lanes of the mask. The function is also called for the others,
// so it must not trap. Operands either are the very destination or don't overlap it.
template <class T, class Function>
NRAM_INLINE void for_lanes(T* out, uint32_t mask, Function function) {
  if (mask == kAllLanes) {
#pragma GCC ivdep
    for (int lane = 0; lane < 32; ++lane) out[lane] = function(lane);
  } else {
#pragma GCC ivdep
    for (int lane = 0; lane < 32; ++lane) {
      const T result = function(lane);
      out[lane] = (mask >> lane & 1) != 0 ? result : out[lane];
    }
  }
}

// Calls function(lane) for the lanes of the mask only.
template <class Function>
NRAM_INLINE void for_each_lane(uint32_t mask, Function function) {
  for (; mask != 0; mask &= mask - 1) function(__builtin_ctz(mask));
}

NRAM_INLINE void write_predicate(Warp& warp, int32_t offset, uint32_t mask, uint32_t value) {
  if (offset == kNoRegister) return;
  uint32_t& predicate = warp.predicate(offset);
  predicate = (predicate & ~mask) | (value & mask);
}

template <class To, class From>
NRAM_INLINE To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

// Unsigned and at least as wide as int: arithmetic in it wraps.
template <class T>
using Wrapping = std::conditional_t<sizeof(T) <= 4, uint32_t, uint64_t>;

// Calls function(T{}) with the integer type of 16, 32 or 64 bits; null for other types.
template <class Function>
Handler with_integer(Type type, Function function) {
  switch (type) {
    case Type::kB16:
    case Type::kU16:
      return function(uint16_t{});
    case Type::kS16:
      return function(int16_t{});
    case Type::kB32:
    case Type::kU32:
      return function(uint32_t{});
    case Type::kS32:
      return function(int32_t{});
    case Type::kB64:
    case Type::kU64:
      return function(uint64_t{});
    case Type::kS64:
      return function(int64_t{});
    default:
      return nullptr;
  }
}
template <class Function>
Handler with_bits(Type type, Function function) {
  switch (type) {
    case Type::kB16:
      return function(uint16_t{});
    case Type::kB32:
      return function(uint32_t{});
    case Type::kB64:
      return function(uint64_t{});
    default:
      return nullptr;
  }
}

// One of each file; null where the form is not theirs.
Handler select_integer(Form& form, Instruction& instruction);
Handler select_bits(Form& form, Instruction& instruction);
Handler select_float(Form& form, Instruction& instruction);
Handler select_rounded(Form& form, Instruction& instruction);
Handler select_approximate(Form& form, Instruction& instruction);
Handler select_half(Form& form, Instruction& instruction);
Handler select_comparison(Form& form, Instruction& instruction);
Handler select_conversion(Form& form, Instruction& instruction);
Handler select_move(Form& form, Instruction& instruction);
Handler select_load_or_store(Form& form, Instruction& instruction);
Handler select_atomic(Form& form, Instruction& instruction);
Handler select_copy_async(Form& form, Instruction& instruction);
Handler select_collective(Form& form, Instruction& instruction);
Handler select_matrix(Form& form, Instruction& instruction);

}  // namespace nram::simulator::NRAM_LANES
