// Arithmetic rounded towards zero, down or up. The host's own rounding mode does it, set around
// loops that are called through pointers, so that no operation moves out from between.
#include <cfenv>
#include <cmath>

#include "kernels/simulator/lanes/values.h"

namespace nram::simulator::NRAM_LANES {

namespace {

// `variant`: the direction, and these.
enum Rounding : uint8_t {
  kZero = 0,
  kDown = 1,
  kUp = 2,
  kDirection = 3,
  kFlush = 4,
  kSaturate = 8
};

template <class T>
using Loop = void (*)(T* d, const T* a, const T* b, const T* c);

template <class T>
void add(T* d, const T* a, const T* b, const T*) {
  for (int lane = 0; lane < 32; ++lane) d[lane] = a[lane] + b[lane];
}
template <class T>
void subtract(T* d, const T* a, const T* b, const T*) {
  for (int lane = 0; lane < 32; ++lane) d[lane] = a[lane] - b[lane];
}
template <class T>
void multiply(T* d, const T* a, const T* b, const T*) {
  for (int lane = 0; lane < 32; ++lane) d[lane] = a[lane] * b[lane];
}
template <class T>
void divide(T* d, const T* a, const T* b, const T*) {
  for (int lane = 0; lane < 32; ++lane) d[lane] = a[lane] / b[lane];
}
template <class T>
void fused(T* d, const T* a, const T* b, const T* c) {
  for (int lane = 0; lane < 32; ++lane) d[lane] = std::fma(a[lane], b[lane], c[lane]);
}
template <class T>
void root(T* d, const T* a, const T*, const T*) {
  for (int lane = 0; lane < 32; ++lane) d[lane] = std::sqrt(a[lane]);
}
template <class T>
void reciprocal(T* d, const T* a, const T*, const T*) {
  for (int lane = 0; lane < 32; ++lane) d[lane] = T{1} / a[lane];
}

template <class T>
void load(const Warp& warp, int32_t offset, bool flush, T (&values)[32]) {
  if (offset == kNoRegister) {
    for (T& value : values) value = T{1};
    return;
  }
  const T* lanes = warp.lanes<T>(offset);
  for (int lane = 0; lane < 32; ++lane) {
    values[lane] = lanes[lane];
    if constexpr (sizeof(T) == 4) {
      if (flush) values[lane] = flushed(values[lane]);
    }
  }
}

template <class T, Loop<T> kLoop>
void rounded(Warp& warp, const Instruction& in, uint32_t mask) {
  const bool flush = (in.variant & kFlush) != 0, saturate = (in.variant & kSaturate) != 0;
  T a[32], b[32], c[32], results[32];
  load(warp, in.a, flush, a);
  load(warp, in.b, flush, b);
  load(warp, in.c, flush, c);
  static constexpr int kModes[] = {FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  static const Loop<T> volatile loop = kLoop;
  const int before = std::fegetround();
  std::fesetround(kModes[in.variant & kDirection]);
  loop(results, a, b, c);
  std::fesetround(before);
  for_lanes(warp.lanes<T>(in.d), mask, [&](int lane) {
    T value = results[lane];
    if constexpr (sizeof(T) == 4) {
      if (flush) value = flushed(value);
    }
    return saturate ? saturated(value) : canonical(value);
  });
}

template <class T>
Handler select_for(Form& form) {
  switch (form.opcode) {
    case Opcode::kAdd:
      return &rounded<T, add<T>>;
    case Opcode::kSub:
      return &rounded<T, subtract<T>>;
    case Opcode::kMul:
      return &rounded<T, multiply<T>>;
    case Opcode::kDiv:
      return &rounded<T, divide<T>>;
    case Opcode::kFma:
    case Opcode::kMad:
      return &rounded<T, fused<T>>;
    case Opcode::kSqrt:
      return &rounded<T, root<T>>;
    case Opcode::kRcp:
      return &rounded<T, reciprocal<T>>;
    default:
      return nullptr;
  }
}

}  // namespace

Handler select_rounded(Form& form, Instruction& in) {
  if (form.type_count != 1) return nullptr;
  const bool down = form.take(Modifier::kRm), up = form.take(Modifier::kRp);
  form.take(Modifier::kRz);
  int variant = down ? kDown : up ? kUp : kZero;
  const bool single = form.types[0] == Type::kF32;
  if (single && form.take(Modifier::kFtz)) variant |= kFlush;
  if (single && form.take(Modifier::kSat)) variant |= kSaturate;
  in.variant = static_cast<uint8_t>(variant);
  if (single) return select_for<float>(form);
  return form.types[0] == Type::kF64 ? select_for<double>(form) : nullptr;
}

}  // namespace nram::simulator::NRAM_LANES
