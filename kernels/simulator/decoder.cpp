#include "kernels/simulator/decoder.h"

#include <algorithm>
#include <cstring>

#include "kernels/simulator/handlers.h"

namespace nram::simulator {

namespace {

constexpr uint32_t kRedZone = 128;  // all 32 banks

uint32_t rounded_up(uint64_t value, uint32_t multiple) {
  return static_cast<uint32_t>((value + multiple - 1) / multiple * multiple);
}

void collect_shared(const OperandSyntax& operand, std::vector<Variable*>& all) {
  Variable* variable = operand.variable;
  if (variable != nullptr && variable->space == Space::kShared &&
      std::find(all.begin(), all.end(), variable) == all.end()) {
    all.push_back(variable);
  }
  for (const OperandSyntax& part : operand.parts) collect_shared(part, all);
}

}  // namespace

void Decoder::fail(const std::string& what) const {
  throw PtxError("PTX line " + std::to_string(statement_->ptx_line) + ": " + what + " in '" +
                 std::string(statement_->text) + "'");
}

void Decoder::refuse(const Statement& statement, const std::string& why) {
  instruction_.kind = Kind::kRefused;
  if (!code_->refusal.empty()) return;
  code_->refusal = "kernel " + syntax_.kernel.name + " cannot be simulated: " + why +
                   " (PTX line " + std::to_string(statement.ptx_line) + ": " +
                   std::string(statement.text.empty() ? statement.name : statement.text) + ")";
}

const OperandSyntax& Decoder::operand(size_t index) const {
  if (index >= statement_->operands.size()) fail("an operand is missing");
  return statement_->operands[index];
}

void Decoder::expect_operands(size_t least, size_t most) const {
  if (statement_->operands.size() < least || statement_->operands.size() > most) {
    fail("wrong number of operands");
  }
}

// Arrays lie where a card would have them, bank for bank, but a red zone follows each.
void Decoder::lay_out_shared() {
  std::vector<Variable*> arrays;
  for (Variable& variable : syntax_.variables) {
    if (variable.space == Space::kShared) arrays.push_back(&variable);
  }
  for (const Statement& statement : syntax_.statements) {
    for (const OperandSyntax& operand : statement.operands) collect_shared(operand, arrays);
  }
  uint32_t gap = kRedZone, dynamic_alignment = 16;
  for (const Variable* array : arrays) gap = std::max(gap, rounded_up(array->alignment, kRedZone));
  uint32_t packed = 0, gaps = gap;
  for (Variable* array : arrays) {
    if (array->dynamic) {
      dynamic_alignment = std::max(dynamic_alignment, array->alignment);
      continue;
    }
    packed = rounded_up(packed, array->alignment);
    array->address = packed + gaps;
    code_->shared_arrays.push_back(
        {array->name, static_cast<uint32_t>(array->address), static_cast<uint32_t>(array->bytes)});
    packed += static_cast<uint32_t>(array->bytes);
    gaps += gap;
  }
  syntax_.kernel.static_shared_bytes = packed;
  code_->dynamic_shared_offset = rounded_up(packed, dynamic_alignment) + gaps;
  for (Variable* array : arrays) {
    if (array->dynamic) array->address = code_->dynamic_shared_offset;
  }
}

std::shared_ptr<Code> Decoder::decode() {
  register_bytes_ = syntax_.register_bytes;
  lay_out_shared();
  code_->instructions.reserve(syntax_.statements.size());
  for (const Statement& statement : syntax_.statements) {
    statement_ = &statement;
    instruction_ = Instruction{};
    decode(statement);
    code_->instructions.push_back(instruction_);
    const auto [opcode, fresh] =
        opcodes_.try_emplace(statement.name, static_cast<uint32_t>(code_->opcodes.size()));
    if (fresh) code_->opcodes.emplace_back(statement.name);
    code_->sources.push_back({std::string(statement.text), opcode->second, statement.file,
                              statement.line, statement.ptx_line});
  }
  for (const auto& [which, id] : syntax_.special_registers) {
    code_->special_registers.emplace_back(which, id);
  }
  if (code_->refusal.empty()) allocate_registers(*code_, register_bytes_);
  return code_;
}

void Decoder::decode(const Statement& statement) {
  instruction_.guard = statement.guard;
  instruction_.guard_negated = statement.guard_negated;
  instruction_.target = statement.target;
  if (!statement.refusal.empty()) {
    refuse(statement, statement.refusal);
    return;
  }
  if (statement.guard >= 0 && bytes_of_register(statement.guard) != 0) {
    fail("the guard is no predicate");
  }
  choose_handler(statement);
}

void Decoder::choose_handler(const Statement& statement) {
  Form form = statement.form;
  operands_of(form);
  if (instruction_.kind == Kind::kRefused) return;
  const bool needs_handler =
      instruction_.kind == Kind::kPlain || instruction_.kind == Kind::kCollective;
  if (needs_handler) {
    instruction_.handler = select_handler(form, instruction_);
    if (instruction_.handler == nullptr) {
      refuse(statement, std::string(statement.name) + " is not simulated");
      return;
    }
  }
  if (!form.all_taken()) {
    refuse(statement, left_over(form) + " of " + std::string(statement.name) + " is not simulated");
    return;
  }
  set_flops();
}

void Decoder::set_flops() {
  const Form& form = statement_->form;
  int each = 0;
  switch (form.opcode) {
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMul:
    case Opcode::kDiv:
    case Opcode::kRcp:
    case Opcode::kSqrt:
    case Opcode::kRsqrt:
    case Opcode::kEx2:
    case Opcode::kLg2:
    case Opcode::kSin:
    case Opcode::kCos:
    case Opcode::kTanh:
      each = 1;
      break;
    case Opcode::kFma:
    case Opcode::kMad:
      each = 2;
      break;
    case Opcode::kAtom:
    case Opcode::kRed:
      each = form.has(Modifier::kAdd) ? 1 : 0;
      break;
    default:
      return;
  }
  switch (form.types[0]) {
    case Type::kF16:
    case Type::kBf16:
    case Type::kF32:
    case Type::kF64:
      break;
    case Type::kF16x2:
    case Type::kBf16x2:
    case Type::kF32x2:
      each *= 2;
      break;
    default:
      return;
  }
  if (form.has(Modifier::kV2)) each *= 2;
  if (form.has(Modifier::kV4)) each *= 4;
  if (form.has(Modifier::kV8)) each *= 8;
  instruction_.flops = static_cast<uint8_t>(each);
}

int32_t Decoder::constant(uint64_t value, uint8_t bytes) {
  if (bytes == 0) {
    value = value != 0 ? 1 : 0;
  } else if (bytes < 8) {
    value &= (uint64_t{1} << bytes * 8) - 1;
  }
  const auto [known, fresh] = constants_.try_emplace({value, bytes}, 0);
  if (fresh) {
    known->second = static_cast<int32_t>(register_bytes_.size());
    register_bytes_.push_back(bytes);
    code_->constants.push_back({known->second, bytes, value});
  }
  return known->second;
}

// A constant that holds the address of a variable.
int32_t Decoder::symbol(const Operand& operand, uint8_t bytes) {
  const Variable& variable = *operand.variable;
  if (variable.space != Space::kGlobal && variable.space != Space::kConstant) {
    return constant(variable.address + operand.value, bytes);
  }
  register_bytes_.push_back(bytes);
  const auto id = static_cast<int32_t>(register_bytes_.size()) - 1;
  code_->constants.push_back({id, bytes, 0});
  code_->address_uses.push_back({variable.name, static_cast<int64_t>(operand.value),
                                 static_cast<int32_t>(code_->constants.size()) - 1, -1});
  return id;
}

int32_t Decoder::source(const Operand& operand, uint8_t bytes) {
  switch (operand.kind) {
    case Operand::Kind::kRegister:
      if (bytes_of_register(operand.register_id) != bytes) fail("a register of the wrong width");
      return operand.register_id;
    case Operand::Kind::kInteger:
      return constant(operand.value, bytes);
    case Operand::Kind::kReal: {
      uint64_t bits = 0;
      const auto single = static_cast<float>(operand.real);
      if (bytes == 4) std::memcpy(&bits, &single, 4);
      if (bytes == 8) std::memcpy(&bits, &operand.real, 8);
      return constant(bits, bytes);
    }
    case Operand::Kind::kSymbol:
      return symbol(operand, bytes);
    default:
      fail("an operand that is no value");
  }
}

int32_t Decoder::destination(const Operand& operand, uint8_t bytes) {
  if (operand.kind == Operand::Kind::kDiscard) return kNoRegister;
  if (operand.kind != Operand::Kind::kRegister) fail("the destination is no register");
  if (bytes_of_register(operand.register_id) != bytes) fail("a register of the wrong width");
  return operand.register_id;
}

// Appends operands of the present instruction; returns where its list begins.
int32_t Decoder::list(std::vector<std::pair<int32_t, bool>> ids, int outputs) {
  if (instruction_.list_size == 0) {
    instruction_.list = static_cast<uint32_t>(code_->operands.size());
  }
  for (const auto& [id, negated] : ids) {
    const uint8_t bytes = id < 0 ? uint8_t{4} : bytes_of_register(id);
    code_->operands.push_back({id, bytes, negated});
  }
  instruction_.list_size = static_cast<uint8_t>(instruction_.list_size + ids.size());
  instruction_.list_outputs = static_cast<uint8_t>(instruction_.list_outputs + outputs);
  return static_cast<int32_t>(instruction_.list);
}

void Decoder::address(const Operand& operand) {
  if (operand.kind != Operand::Kind::kAddress) fail("expected an address");
  instruction_.immediate = static_cast<int64_t>(operand.value);
  instruction_.a = operand.register_id;
  if (operand.register_id >= 0) {
    const uint8_t bytes = bytes_of_register(operand.register_id);
    if (bytes != 4 && bytes != 8) fail("an address register of the wrong width");
    instruction_.wide_address = bytes == 8;
  }
  if (operand.variable == nullptr) return;
  const Variable& variable = *operand.variable;
  if (variable.space == Space::kGlobal || variable.space == Space::kConstant) {
    code_->address_uses.push_back({variable.name, static_cast<int64_t>(operand.value), -1,
                                   static_cast<int32_t>(code_->instructions.size())});
  } else {
    instruction_.immediate += static_cast<int64_t>(variable.address);
  }
  if (variable.space == Space::kLocal) instruction_.space = Space::kLocal;
}

}  // namespace nram::simulator
