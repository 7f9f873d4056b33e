// ld and st, scalar and vector, between memory of any space and registers as wide as the type or
// wider.
#include "kernels/simulator/lanes/access.h"

namespace nram::simulator::NRAM_LANES {

namespace {

const RegisterOperand* operands_of(const Warp& warp, const Instruction& in) {
  return &warp.worker->launch.code.operands[in.list];
}

template <class Register>
void poison(Warp& warp, const Instruction& in, uint32_t mask) {
  const RegisterOperand* operands = operands_of(warp, in);
  for (int i = 0; i < in.elements; ++i) {
    if (operands[i].offset == kNoRegister) continue;
    for_lanes(warp.lanes<Register>(operands[i].offset), mask,
              [](int) { return static_cast<Register>(~Register{0}); });
  }
}

// Whether lane l reads at address[0] + l * bytes.
NRAM_INLINE bool contiguous(const Access& access) {
  uint64_t difference = 0;
  for (int lane = 0; lane < 32; ++lane) {
    difference |=
        access.address[lane] - access.address[0] - static_cast<uint64_t>(lane) * access.bytes;
  }
  return difference == 0;
}

using Quad = uint32_t __attribute__((vector_size(16)));

// Four 32-bit elements a lane, of all lanes, to four registers: 4 x 4 transpositions.
NRAM_INLINE void load_quads(const Warp& warp, const RegisterOperand* operands,
                            const uint64_t (&address)[32], uintptr_t base) {
  uint32_t* out[4];
  for (int i = 0; i < 4; ++i) out[i] = warp.lanes<uint32_t>(operands[i].offset);
  for (int lane = 0; lane < 32; lane += 4) {
    Quad rows[4];
    for (int i = 0; i < 4; ++i) {
      std::memcpy(&rows[i], reinterpret_cast<const void*>(base + address[lane + i]), sizeof(Quad));
    }
    const Quad low = {0, 4, 1, 5}, high = {2, 6, 3, 7}, first = {0, 1, 4, 5}, last = {2, 3, 6, 7};
    const Quad a = __builtin_shuffle(rows[0], rows[1], low);
    const Quad b = __builtin_shuffle(rows[2], rows[3], low);
    const Quad c = __builtin_shuffle(rows[0], rows[1], high);
    const Quad d = __builtin_shuffle(rows[2], rows[3], high);
    const Quad columns[4] = {__builtin_shuffle(a, b, first), __builtin_shuffle(a, b, last),
                             __builtin_shuffle(c, d, first), __builtin_shuffle(c, d, last)};
    for (int i = 0; i < 4; ++i) std::memcpy(out[i] + lane, &columns[i], sizeof(Quad));
  }
}

bool all_wanted(const RegisterOperand* operands, int count) {
  for (int i = 0; i < count; ++i) {
    if (operands[i].offset == kNoRegister) return false;
  }
  return true;
}

template <class Element, class Register>
void load(Warp& warp, const Instruction& in, uint32_t mask) {
  Access access = access_of(warp, in, mask, AccessKind::kLoad);
  const RegisterOperand* operands = operands_of(warp, in);
  const uint32_t served = targets(warp, in, access, [&](uint32_t lanes, uintptr_t base) {
    const uint64_t* address = access.address;
    if (in.elements == 1 && lanes == kAllLanes) {
      if (operands[0].offset == kNoRegister) return;
      Register* out = warp.lanes<Register>(operands[0].offset);
      if (sizeof(Element) == sizeof(Register) && contiguous(access)) {
        std::memcpy(out, reinterpret_cast<const void*>(base + address[0]), 32 * sizeof(Register));
      } else {
        for (int lane = 0; lane < 32; ++lane) {
          out[lane] = static_cast<Register>(load_from<Element>(base + address[lane]));
        }
      }
      return;
    }
    if constexpr (sizeof(Element) == 4 && sizeof(Register) == 4) {
      if (in.elements == 4 && lanes == kAllLanes && all_wanted(operands, 4)) {
        load_quads(warp, operands, access.address, base);
        return;
      }
    }
    for (int i = 0; i < in.elements; ++i) {
      if (operands[i].offset == kNoRegister) continue;
      Register* out = warp.lanes<Register>(operands[i].offset);
      const uintptr_t start = base + static_cast<uintptr_t>(i) * sizeof(Element);
      if (lanes == kAllLanes) {
        for (int lane = 0; lane < 32; ++lane) {
          out[lane] = static_cast<Register>(load_from<Element>(start + address[lane]));
        }
      } else {
        for_each_lane(lanes, [&](int lane) {
          out[lane] = static_cast<Register>(load_from<Element>(start + address[lane]));
        });
      }
    }
  });
  if (served != mask) poison<Register>(warp, in, mask & ~served);
}

template <class Element, class Register>
void store(Warp& warp, const Instruction& in, uint32_t mask) {
  Access access = access_of(warp, in, mask, AccessKind::kStore);
  access.releases = (in.variant & 2) != 0;
  const RegisterOperand* operands = operands_of(warp, in);
  targets(warp, in, access, [&](uint32_t lanes, uintptr_t base) {
    const uint64_t* address = access.address;
    for (int i = 0; i < in.elements; ++i) {
      const Register* values = warp.lanes<Register>(operands[i].offset);
      const uintptr_t start = base + static_cast<uintptr_t>(i) * sizeof(Element);
      if (lanes == kAllLanes && in.elements == 1 && sizeof(Element) == sizeof(Register) &&
          contiguous(access)) {
        std::memcpy(reinterpret_cast<void*>(base + address[0]), values, 32 * sizeof(Register));
        return;
      }
      for_each_lane(lanes, [&](int lane) {
        store_to(start + address[lane], static_cast<Element>(values[lane]));
      });
    }
  });
}

// A parameter of the kernel, the same for every lane.
template <class Element, class Register>
void load_parameter(Warp& warp, const Instruction& in, uint32_t mask) {
  const std::vector<std::byte>& parameters = warp.worker->launch.launch.parameters;
  const RegisterOperand* operands = operands_of(warp, in);
  const auto at = static_cast<size_t>(in.immediate);
  if (at + sizeof(Element) * in.elements > parameters.size()) {
    const uint64_t address[32] = {at};
    stop_outside_parameters(warp, address, 1, sizeof(Element) * in.elements);
  }
  for (size_t i = 0; i < in.elements; ++i) {
    if (operands[i].offset == kNoRegister) continue;
    Element value;
    std::memcpy(&value, parameters.data() + at + i * sizeof(Element), sizeof value);
    for_lanes(warp.lanes<Register>(operands[i].offset), mask,
              [=](int) { return static_cast<Register>(value); });
  }
}

template <class Element, class Register>
Handler handler_for(const Form& form, const Instruction& in) {
  if (form.opcode == Opcode::kSt) return &store<Element, Register>;
  if (in.space == Space::kParameter && in.a == kNoRegister) {
    return &load_parameter<Element, Register>;
  }
  return &load<Element, Register>;
}

// Signed elements fill wider registers with their sign.
template <class Signed, class Unsigned>
Handler with_register(const Form& form, const Instruction& in, bool sign) {
  switch (form.register_bytes) {
    case 1:
      if constexpr (sizeof(Signed) == 1) return handler_for<uint8_t, uint8_t>(form, in);
      return nullptr;
    case 2:
      if constexpr (sizeof(Signed) <= 2) {
        return sign ? handler_for<Signed, uint16_t>(form, in)
                    : handler_for<Unsigned, uint16_t>(form, in);
      }
      return nullptr;
    case 4:
      if constexpr (sizeof(Signed) <= 4) {
        return sign ? handler_for<Signed, uint32_t>(form, in)
                    : handler_for<Unsigned, uint32_t>(form, in);
      }
      return nullptr;
    case 8:
      return sign ? handler_for<Signed, uint64_t>(form, in)
                  : handler_for<Unsigned, uint64_t>(form, in);
    default:
      return nullptr;
  }
}

}  // namespace

Handler select_load_or_store(Form& form, Instruction& in) {
  if (form.type_count != 1) return nullptr;
  if (form.opcode == Opcode::kSt && in.space == Space::kParameter) return nullptr;
  const Type type = form.types[0];
  const bool sign = type == Type::kS8 || type == Type::kS16 || type == Type::kS32;
  switch (bytes_of(type)) {
    case 1:
      return with_register<int8_t, uint8_t>(form, in, sign);
    case 2:
      return with_register<int16_t, uint16_t>(form, in, sign);
    case 4:
      return with_register<int32_t, uint32_t>(form, in, sign);
    case 8:
      return with_register<int64_t, uint64_t>(form, in, sign);
    default:
      return nullptr;
  }
}

}  // namespace nram::simulator::NRAM_LANES
