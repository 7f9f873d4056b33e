// ldmatrix, stmatrix and movmatrix: 8 x 8 matrices of 16-bit elements. Lane 4g + t holds elements
// 2t and 2t + 1 of row g, or, transposed, of column g.
#include "kernels/simulator/lanes/access.h"

namespace nram::simulator::NRAM_LANES {

namespace {

using Matrix = uint16_t[8][8];

uint32_t fragment(const Matrix& matrix, int lane, bool transposed) {
  const int g = lane / 4, t = lane % 4;
  const uint32_t low = transposed ? matrix[2 * t][g] : matrix[g][2 * t];
  const uint32_t high = transposed ? matrix[2 * t + 1][g] : matrix[g][2 * t + 1];
  return low | high << 16;
}

void set_fragment(Matrix& matrix, int lane, bool transposed, uint32_t value) {
  const int g = lane / 4, t = lane % 4;
  (transposed ? matrix[2 * t][g] : matrix[g][2 * t]) = static_cast<uint16_t>(value);
  (transposed ? matrix[2 * t + 1][g] : matrix[g][2 * t + 1]) = static_cast<uint16_t>(value >> 16);
}

// Lanes 8i ... 8i + 7 point at the rows of matrix i.
uint32_t row_lanes(const Instruction& in) {
  return in.elements == 4 ? kAllLanes : (1u << in.elements * 8) - 1;
}

template <bool kTransposed>
void load_matrices(Warp& warp, const Instruction& in, uint32_t mask) {
  Access access = access_of(warp, in, row_lanes(in), AccessKind::kLoad);
  access.bytes = access.alignment = 16;
  const RegisterOperand* registers = &warp.worker->launch.code.operands[in.list];
  Matrix matrices[4];
  std::memset(matrices, 0xFF, sizeof matrices);
  targets(warp, in, access, [&](uint32_t lanes, uintptr_t base) {
    for_each_lane(lanes, [&](int lane) {
      std::memcpy(matrices[lane / 8][lane % 8],
                  reinterpret_cast<const void*>(base + access.address[lane]), 16);
    });
  });
  for (int i = 0; i < in.elements; ++i) {
    if (registers[i].offset == kNoRegister) continue;
    uint32_t* out = warp.lanes<uint32_t>(registers[i].offset);
    if (!kTransposed && mask == kAllLanes) {
      std::memcpy(out, matrices[i], sizeof(Matrix));
      continue;
    }
    for_each_lane(mask, [&](int lane) { out[lane] = fragment(matrices[i], lane, kTransposed); });
  }
}

template <bool kTransposed>
void store_matrices(Warp& warp, const Instruction& in, uint32_t mask) {
  Access access = access_of(warp, in, row_lanes(in), AccessKind::kStore);
  access.bytes = access.alignment = 16;
  const RegisterOperand* registers = &warp.worker->launch.code.operands[in.list];
  Matrix matrices[4] = {};
  for (int i = 0; i < in.elements; ++i) {
    const uint32_t* values = warp.lanes<uint32_t>(registers[i].offset);
    for_each_lane(mask,
                  [&](int lane) { set_fragment(matrices[i], lane, kTransposed, values[lane]); });
  }
  targets(warp, in, access, [&](uint32_t lanes, uintptr_t base) {
    for_each_lane(lanes, [&](int lane) {
      std::memcpy(reinterpret_cast<void*>(base + access.address[lane]),
                  matrices[lane / 8][lane % 8], 16);
    });
  });
}

void transpose_matrix(Warp& warp, const Instruction& in, uint32_t mask) {
  const uint32_t* a = warp.lanes<uint32_t>(in.a);
  Matrix matrix;
  for (int lane = 0; lane < 32; ++lane) set_fragment(matrix, lane, false, a[lane]);
  uint32_t* d = warp.lanes<uint32_t>(in.d);
  for_each_lane(mask, [&](int lane) { d[lane] = fragment(matrix, lane, true); });
}

}  // namespace

Handler select_mma(Form& form, Instruction& in);  // mma.cpp

Handler select_matrix(Form& form, Instruction& in) {
  if (form.opcode == Opcode::kMma) return select_mma(form, in);
  if (form.type_count != 1 || form.types[0] != Type::kB16 || !form.take(Modifier::kM8n8)) {
    return nullptr;
  }
  const bool transposed = form.take(Modifier::kTrans);
  if (form.opcode == Opcode::kMovmatrix) return transposed ? &transpose_matrix : nullptr;
  const int count = form.take(Modifier::kX1)   ? 1
                    : form.take(Modifier::kX2) ? 2
                    : form.take(Modifier::kX4) ? 4
                                               : 0;
  if (count != in.elements || (in.space != Space::kShared && in.space != Space::kGeneric)) {
    return nullptr;
  }
  if (form.opcode == Opcode::kLdmatrix) {
    return transposed ? &load_matrices<true> : &load_matrices<false>;
  }
  return transposed ? &store_matrices<true> : &store_matrices<false>;
}

}  // namespace nram::simulator::NRAM_LANES
