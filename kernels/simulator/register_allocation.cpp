#include "kernels/simulator/decoder.h"

namespace nram::simulator {

void allocate_registers(Code& code, const std::vector<uint8_t>& register_bytes) {
  std::vector<int32_t> offsets;
  uint32_t end = 0;
  for (const uint8_t bytes : register_bytes) {
    offsets.push_back(static_cast<int32_t>(end));
    end += bytes == 0 ? 4u : (bytes * 32u + 63u) / 64u * 64u;
    end = (end + 63) / 64 * 64;
  }
  code.register_bytes = end;
  const auto place = [&](int32_t& id) {
    if (id >= 0) id = offsets[static_cast<size_t>(id)];
  };
  for (Instruction& instruction : code.instructions) {
    for (int32_t* id : {&instruction.d, &instruction.e, &instruction.a, &instruction.b,
                        &instruction.c, &instruction.guard}) {
      place(*id);
    }
  }
  for (RegisterOperand& operand : code.operands) place(operand.offset);
  for (Code::Constant& constant : code.constants) place(constant.offset);
  for (auto& [which, id] : code.special_registers) place(id);
}

}  // namespace nram::simulator
