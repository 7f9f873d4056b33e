// mma.sync: 16 x 8 x K matrix products on fragments spread over a warp. By g = lane / 4, t = lane %
// 4 and with P elements a 32-bit register (TF32 1, 16 bits 2, 8 bits 4):
//   a[r]: row g + 8 (r % 2), columns 4 P (r / 2) + P t + 0 ... P - 1
//   b[r]: rows 4 P r + P t + 0 ... P - 1, column g
//   c[r], d[r] of 32 bits: row g + 8 (r / 2), column 2 t + r % 2
//   c[r], d[r] of two f16: row g + 8 r, columns 2 t and 2 t + 1
// A card's products are exact and its sums float, in an order of its own; here they are added in
// float along k. (A product of such short mantissas is exact in float.)
#include <type_traits>

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

using Words = uint32_t __attribute__((vector_size(64)));
template <class Sum>
using Vector __attribute__((vector_size(64))) = Sum;

// Element i of every word.
template <class Format>
NRAM_INLINE void elements(const Words& words, int i, Vector<typename Format::Sum>& out) {
  Words bits;
  if constexpr (std::is_same_v<Format, Tf32>) {
    bits = words & 0xFFFFE000u;
  } else if constexpr (std::is_same_v<Format, Bfloat>) {
    bits = i == 0 ? words << 16 : words & 0xFFFF0000u;
  } else {
    for (int lane = 0; lane < kRows; ++lane) {
      bits[lane] = bits_as<uint32_t>(Format::value(words[lane], i));
    }
  }
  std::memcpy(&out, &bits, sizeof out);
}

// Sums lie column by column: the rows of one are a vector.
template <class Sum>
using Sums = Vector<Sum>[kColumns];

// columns[t][8 h + g] = words[h][4 g + t]
NRAM_INLINE void gather_columns(const uint32_t* upper, const uint32_t* lower, Words (&columns)[4]) {
  const uint32_t* const words[2] = {upper, lower};
  Words even[2], odd[2];  // columns 0 and 1, 2 and 3 of each half
  for (int half = 0; half < 2; ++half) {
    Words first, second;
    std::memcpy(&first, words[half], sizeof first);
    std::memcpy(&second, words[half] + 16, sizeof second);
    const Words from = {0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29};
    even[half] = __builtin_shuffle(first, second, from);
    odd[half] = __builtin_shuffle(first, second, from + 2);
  }
  const Words low = {0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23};
  columns[0] = __builtin_shuffle(even[0], even[1], low);
  columns[1] = __builtin_shuffle(even[0], even[1], low + 8);
  columns[2] = __builtin_shuffle(odd[0], odd[1], low);
  columns[3] = __builtin_shuffle(odd[0], odd[1], low + 8);
}

// The inverse, of one half of each column.
NRAM_INLINE void scatter_columns(const Words (&columns)[4], int half, uint32_t* words) {
  const Words low = {0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23};
  const Words place = low + static_cast<uint32_t>(half) * 8;
  const Words even = __builtin_shuffle(columns[0], columns[1], place);
  const Words odd = __builtin_shuffle(columns[2], columns[3], place);
  const Words from = {0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27};
  const Words first = __builtin_shuffle(even, odd, from);
  const Words second = __builtin_shuffle(even, odd, from + 4);
  std::memcpy(words, &first, sizeof first);
  std::memcpy(words + 16, &second, sizeof second);
}

template <class A, class B, int kDepth, class Sum>
NRAM_INLINE void multiply(const uint32_t* const* a, const uint32_t* const* b, Sums<Sum>& sums) {
  constexpr int kPacked = A::kPacked, kBlocks = kDepth / (4 * kPacked);
  Vector<Sum> left[kDepth];
  alignas(64) Sum right[kBlocks][kPacked][32];
  for (int block = 0; block < kBlocks; ++block) {
    Words columns[4], halves[2];
    gather_columns(a[block * 2], a[block * 2 + 1], columns);
    std::memcpy(halves, b[block], sizeof halves);
    for (int i = 0; i < kPacked; ++i) {
      for (int t = 0; t < 4; ++t) {
        elements<A>(columns[t], i, left[(block * 4 + t) * kPacked + i]);
      }
      Vector<Sum> converted[2];
      for (int half = 0; half < 2; ++half) elements<B>(halves[half], i, converted[half]);
      std::memcpy(right[block][i], converted, sizeof converted);
    }
  }
  const Vector<Sum> kNans = bits_as<Sum>(0x7FFFFFFFu) - Vector<Sum>{};
  for (int column = 0; column < kColumns; ++column) {
    Vector<Sum> sum = sums[column];
    for (int k = 0; k < kDepth; ++k) {
      const int in_block = k % (4 * kPacked);
      sum +=
          left[k] * right[k / (4 * kPacked)][in_block % kPacked][column * 4 + in_block / kPacked];
    }
    // A NaN is the card's one NaN.
    if constexpr (std::is_same_v<Sum, float>) sum = sum == sum ? sum : kNans;
    sums[column] = sum;
  }
}

// c and d of 32 bits: registers p and p + 2 hold the columns of parity p.
template <class Sum>
NRAM_INLINE void load_sums(const uint32_t* const* c, Sums<Sum>& sums) {
  for (int parity = 0; parity < 2; ++parity) {
    Words columns[4];
    gather_columns(c[parity], c[parity + 2], columns);
    for (int t = 0; t < 4; ++t) std::memcpy(&sums[2 * t + parity], &columns[t], sizeof(Words));
  }
}
template <class Sum>
NRAM_INLINE void store_sums(Warp& warp, const RegisterOperand* d, uint32_t mask,
                            const Sums<Sum>& sums) {
  for (int r = 0; r < 4; ++r) {
    if (d[r].offset == kNoRegister) continue;
    Words columns[4];
    for (int t = 0; t < 4; ++t) std::memcpy(&columns[t], &sums[2 * t + r % 2], sizeof(Words));
    alignas(64) uint32_t words[32];
    scatter_columns(columns, r / 2, words);
    for_lanes(warp.lanes<uint32_t>(d[r].offset), mask, [&](int lane) { return words[lane]; });
  }
}

// c and d of two f16 a register.
NRAM_INLINE void load_half_sums(const uint32_t* const* c, Sums<float>& sums) {
  for (int r = 0; r < 2; ++r) {
    for (int lane = 0; lane < 32; ++lane) {
      const int row = lane / 4 + 8 * r, column = lane % 4 * 2;
      sums[column][row] = float_of_f16(c[r][lane] & 0xFFFF);
      sums[column + 1][row] = float_of_f16(c[r][lane] >> 16);
    }
  }
}
NRAM_INLINE void store_half_sums(Warp& warp, const RegisterOperand* d, uint32_t mask,
                                 const Sums<float>& sums) {
  for (int r = 0; r < 2; ++r) {
    if (d[r].offset == kNoRegister) continue;
    for_lanes(warp.lanes<uint32_t>(d[r].offset), mask, [&](int lane) {
      const int row = lane / 4 + 8 * r, column = lane % 4 * 2;
      const uint32_t low = f16_of_float(sums[column][row]);
      return low | static_cast<uint32_t>(f16_of_float(sums[column + 1][row])) << 16;
    });
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
  Sums<Sum> sums;
  const uint32_t* const* c = sources + kLeft + kRight;
  if constexpr (kHalfSums) {
    load_half_sums(c, sums);
  } else {
    load_sums<Sum>(c, sums);
  }
  multiply<A, B, kDepth, Sum>(sources, sources + kLeft, sums);
  if constexpr (kHalfSums) {
    store_half_sums(warp, operands, mask, sums);
  } else {
    store_sums<Sum>(warp, operands, mask, sums);
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
