// mma.sync: 16 x 8 x K matrix products on fragments spread over a warp. By g = lane / 4, t = lane %
// 4 and with P elements a 32-bit register (TF32 1, 16 bits 2, 8 bits 4):
//   a[r]: row g + 8 (r % 2), columns 4 P (r / 2) + P t + 0 ... P - 1
//   b[r]: rows 4 P r + P t + 0 ... P - 1, column g
//   c[r], d[r] of 32 bits: row g + 8 (r / 2), column 2 t + r % 2
//   c[r], d[r] of two f16: row g + 8 r, columns 2 t and 2 t + 1
// A card's products are exact and its sums float, in an order of its own; here sums are fused
// multiply-adds in float along k.
#include <cmath>

#include "kernels/simulator/lanes/access.h"
#include "kernels/simulator/lanes/half.h"

namespace nram::simulator::NRAM_LANES {

namespace {

constexpr int kRows = 16, kColumns = 8;

struct Tf32 {
  using Sum = float;
  static constexpr int kPacked = 1;
  static float value(uint32_t word, int) { return bits_as<float>(word & 0xFFFFE000); }
};
struct Half {
  using Sum = float;
  static constexpr int kPacked = 2;
  static float value(uint32_t word, int i) { return float_of_f16(word >> i * 16 & 0xFFFF); }
};
struct Bfloat {
  using Sum = float;
  static constexpr int kPacked = 2;
  static float value(uint32_t word, int i) {
    return bits_as<float>(i == 0 ? word << 16 : word & 0xFFFF0000);
  }
};
template <class Byte>
struct Bytes {
  using Sum = int32_t;
  static constexpr int kPacked = 4;
  static int32_t value(uint32_t word, int i) { return static_cast<Byte>(word >> i * 8); }
};

NRAM_INLINE float multiply_add(float a, float b, float c) { return std::fma(a, b, c); }
NRAM_INLINE int32_t multiply_add(int32_t a, int32_t b, int32_t c) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b) +
                              static_cast<uint32_t>(c));
}

NRAM_INLINE float finished(float value) { return canonical(value); }
NRAM_INLINE int32_t finished(int32_t value) { return value; }

// Sums lie column by column: the rows of one are a vector.
template <class Sum>
using Sums = Sum[kColumns][kRows];

template <class A, class B, int kDepth, class Sum>
NRAM_INLINE void multiply(const uint32_t* const* a, const uint32_t* const* b, Sums<Sum>& sums) {
  alignas(64) Sum left[kDepth][kRows];
  alignas(64) Sum right[kDepth][kColumns];
  constexpr int kPacked = A::kPacked, kBlocks = kDepth / (4 * kPacked);
  for (int block = 0; block < kBlocks; ++block) {
    for (int half = 0; half < 2; ++half) {
      const uint32_t* words = a[block * 2 + half];
      for (int g = 0; g < 8; ++g) {
        for (int k = 0; k < 4 * kPacked; ++k) {
          left[block * 4 * kPacked + k][half * 8 + g] =
              A::value(words[g * 4 + k / kPacked], k % kPacked);
        }
      }
    }
    for (int g = 0; g < 8; ++g) {
      for (int k = 0; k < 4 * kPacked; ++k) {
        right[block * 4 * kPacked + k][g] = B::value(b[block][g * 4 + k / kPacked], k % kPacked);
      }
    }
  }
  for (int column = 0; column < kColumns; ++column) {
    alignas(64) Sum sum[kRows];
    for (int row = 0; row < kRows; ++row) sum[row] = sums[column][row];
    for (int k = 0; k < kDepth; ++k) {
      const Sum factor = right[k][column];
      for (int row = 0; row < kRows; ++row) sum[row] = multiply_add(left[k][row], factor, sum[row]);
    }
    for (int row = 0; row < kRows; ++row) sums[column][row] = sum[row];
  }
}

template <class A, class B, int kDepth, bool kHalfSums>
void product(Warp& warp, const Instruction& in, uint32_t mask) {
  using Sum = typename A::Sum;
  constexpr int kLeft = kDepth / (4 * A::kPacked) * 2, kRight = kLeft / 2;
  constexpr int kOut = kHalfSums ? 2 : 4;
  const RegisterOperand* operands = &warp.worker->launch.code.operands[in.list];
  const uint32_t* sources[kLeft + kRight + kOut];
  for (int i = 0; i < kLeft + kRight + kOut; ++i) {
    sources[i] = warp.lanes<uint32_t>(operands[kOut + i].offset);
  }
  alignas(64) Sums<Sum> sums;
  const uint32_t* const* c = sources + kLeft + kRight;
  for (int r = 0; r < kOut; ++r) {
    for (int lane = 0; lane < 32; ++lane) {
      const int g = lane / 4, t = lane % 4;
      if constexpr (kHalfSums) {
        sums[2 * t][g + 8 * r] = float_of_f16(c[r][lane] & 0xFFFF);
        sums[2 * t + 1][g + 8 * r] = float_of_f16(c[r][lane] >> 16);
      } else {
        sums[2 * t + r % 2][g + 8 * (r / 2)] = bits_as<Sum>(c[r][lane]);
      }
    }
  }
  multiply<A, B, kDepth, Sum>(sources, sources + kLeft, sums);
  for (int r = 0; r < kOut; ++r) {
    if (operands[r].offset == kNoRegister) continue;
    uint32_t* d = warp.lanes<uint32_t>(operands[r].offset);
    for_lanes(d, mask, [&](int lane) {
      const int g = lane / 4, t = lane % 4;
      if constexpr (kHalfSums) {
        const uint32_t low = f16_of_float(sums[2 * t][g + 8 * r]);
        return low | static_cast<uint32_t>(f16_of_float(sums[2 * t + 1][g + 8 * r])) << 16;
      } else {
        return bits_as<uint32_t>(finished(sums[2 * t + r % 2][g + 8 * (r / 2)]));
      }
    });
  }
}

template <class A, class B, int kDepth, bool kHalfSums = false>
Handler checked(const Instruction& in) {
  constexpr int kLeft = kDepth / (4 * A::kPacked) * 2, kOut = kHalfSums ? 2 : 4;
  const bool fits = in.elements == kOut && in.list_size == kLeft + kLeft / 2 + 2 * kOut;
  return fits ? &product<A, B, kDepth, kHalfSums> : nullptr;
}

template <class Format>
Handler select_half_products(bool short_depth, bool half_sums, const Instruction& in) {
  if (half_sums) {
    return short_depth ? checked<Format, Format, 8, true>(in)
                       : checked<Format, Format, 16, true>(in);
  }
  return short_depth ? checked<Format, Format, 8>(in) : checked<Format, Format, 16>(in);
}

template <class A>
Handler select_bytes(bool sign, int depth, const Instruction& in) {
  if (depth == 16) {
    return sign ? checked<A, Bytes<int8_t>, 16>(in) : checked<A, Bytes<uint8_t>, 16>(in);
  }
  return sign ? checked<A, Bytes<int8_t>, 32>(in) : checked<A, Bytes<uint8_t>, 32>(in);
}

}  // namespace

Handler select_mma(Form& form, Instruction& in);

Handler select_mma(Form& form, Instruction& in) {
  if (form.type_count != 4 || !form.take(Modifier::kRow) || !form.take(Modifier::kCol)) {
    return nullptr;
  }
  const int depth = form.take(Modifier::kM16n8k4)    ? 4
                    : form.take(Modifier::kM16n8k8)  ? 8
                    : form.take(Modifier::kM16n8k16) ? 16
                    : form.take(Modifier::kM16n8k32) ? 32
                                                     : 0;
  const auto [d, a, b, c] = form.types;
  in.tensor_flops = static_cast<uint16_t>(depth);  // 2 * 16 * 8 * depth, in 256s
  if (d != c) return nullptr;
  const bool single = d == Type::kF32, both = a == b;
  if (single && both && a == Type::kTf32) {
    if (depth == 4) return checked<Tf32, Tf32, 4>(in);
    return depth == 8 ? checked<Tf32, Tf32, 8>(in) : nullptr;
  }
  if (both && (depth == 8 || depth == 16)) {
    if (single && a == Type::kBf16) return select_half_products<Bfloat>(depth == 8, false, in);
    if (a == Type::kF16 && (single || d == Type::kF16)) {
      return select_half_products<Half>(depth == 8, !single, in);
    }
  }
  const auto byte = [](Type type) { return type == Type::kS8 || type == Type::kU8; };
  if (d == Type::kS32 && byte(a) && byte(b) && (depth == 16 || depth == 32)) {
    const bool sign = b == Type::kS8;
    return a == Type::kS8 ? select_bytes<Bytes<int8_t>>(sign, depth, in)
                          : select_bytes<Bytes<uint8_t>>(sign, depth, in);
  }
  return nullptr;
}

}  // namespace nram::simulator::NRAM_LANES
