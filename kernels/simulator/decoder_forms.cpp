// How the operands of each instruction are written, and where in Instruction they go.
#include <algorithm>

#include "kernels/simulator/decoder.h"

namespace nram::simulator {

void Decoder::operands_of(Form& form) {
  switch (form.opcode) {
    case Opcode::kMov:
      move(form);
      return;
    case Opcode::kCvt:
      conversion(form);
      return;
    case Opcode::kSetp:
    case Opcode::kSet:
      comparison(form);
      return;
    case Opcode::kLd:
    case Opcode::kLdu:
    case Opcode::kSt:
      load_or_store(form);
      return;
    case Opcode::kAtom:
    case Opcode::kRed:
      atomic(form);
      return;
    case Opcode::kCp:
      copy_async(form);
      return;
    case Opcode::kBar:
    case Opcode::kBarrier:
      barrier(form);
      return;
    case Opcode::kLdmatrix:
    case Opcode::kStmatrix:
    case Opcode::kMovmatrix:
    case Opcode::kMma:
      matrix(form);
      return;
    case Opcode::kShfl:
    case Opcode::kVote:
    case Opcode::kMatch:
    case Opcode::kRedux:
    case Opcode::kElect:
    case Opcode::kActivemask:
      collective(form);
      return;
    case Opcode::kBra:
    case Opcode::kBrx:
    case Opcode::kRet:
    case Opcode::kExit:
      branch(form);
      return;
    case Opcode::kFence:
    case Opcode::kMembar:
    case Opcode::kGriddepcontrol:
    case Opcode::kTrap:
    case Opcode::kBrkpt:
    case Opcode::kNanosleep:
    case Opcode::kPrefetch:
    case Opcode::kPrefetchu:
    case Opcode::kDiscard:
      return;  // no operand that matters here
    default:
      arithmetic(form);
      return;
  }
}

// Bytes of source `index` of an arithmetic instruction.
uint8_t Decoder::source_bytes(const Form& form, int index) const {
  const uint8_t own = bytes_of(form.types[0]);
  switch (form.opcode) {
    case Opcode::kShl:
    case Opcode::kShr:
      return index == 1 ? 4 : own;
    case Opcode::kBfe:
      return index >= 1 ? 4 : own;
    case Opcode::kBfi:
      return index >= 2 ? 4 : own;
    case Opcode::kMad:
    case Opcode::kMadc:
    case Opcode::kMul:
      return index == 2 && form.has(Modifier::kWide) ? static_cast<uint8_t>(own * 2) : own;
    case Opcode::kSelp:
      return index == 2 ? 0 : own;
    case Opcode::kSlct:
      return index == 2 ? bytes_of(form.types[1]) : own;
    case Opcode::kIsspacep: {
      const OperandSyntax& address = operand(1);
      return address.register_id < 0 ? 8 : bytes_of_register(address.register_id);
    }
    default:
      return own;
  }
}

void Decoder::arithmetic(Form& form) {
  expect_operands(2, 5);
  uint8_t result = bytes_of(form.types[0]);
  switch (form.opcode) {
    case Opcode::kPopc:
    case Opcode::kClz:
    case Opcode::kBfind:
      result = 4;
      break;
    case Opcode::kTestp:
    case Opcode::kIsspacep:
      result = 0;
      break;
    case Opcode::kMul:
    case Opcode::kMad:
      if (form.has(Modifier::kWide)) result = static_cast<uint8_t>(result * 2);
      break;
    default:
      break;
  }
  instruction_.d = destination(operand(0), result);
  form.register_bytes = result;
  form.source_count = static_cast<int>(statement_->operands.size()) - 1;
  int32_t* const slots[] = {&instruction_.a, &instruction_.b, &instruction_.c};
  for (int i = 0; i < form.source_count; ++i) {
    const OperandSyntax& value = operand(static_cast<size_t>(i) + 1);
    if (form.opcode == Opcode::kLop3 && i == 3) {
      instruction_.immediate = static_cast<int64_t>(value.value);
      if (value.kind != Operand::Kind::kInteger) fail("the table of lop3 is no number");
      continue;
    }
    const int32_t id = source(value, source_bytes(form, i));
    if (value.negated) {
      if (i != 2 || form.opcode != Opcode::kSelp) fail("a negation out of place");
      instruction_.negated = true;
    }
    if (i < 3) *slots[i] = id;
    if (i == 3) list({{id, false}}, 0);
  }
  // The carry of add.cc, addc and their kin is a register like others.
  const bool reads =
      form.opcode == Opcode::kAddc || form.opcode == Opcode::kSubc || form.opcode == Opcode::kMadc;
  if (!reads && !form.has(Modifier::kCc)) return;
  if (syntax_.carry_register < 0) {
    syntax_.carry_register = static_cast<int>(register_bytes_.size());
    register_bytes_.push_back(0);
  }
  if (form.has(Modifier::kCc)) instruction_.e = syntax_.carry_register;
  if (reads) list({{syntax_.carry_register, false}}, 0);
}

// setp d[|e], a, b[, [!]c]; set d, a, b[, [!]c]
void Decoder::comparison(Form& form) {
  expect_operands(3, 4);
  const bool set = form.opcode == Opcode::kSet;
  const uint8_t compared = bytes_of(form.types[set ? 1 : 0]);
  const OperandSyntax& result = operand(0);
  if (result.kind == Operand::Kind::kPair) {
    if (set) fail("set has one destination");
    instruction_.d = destination(result.parts[0], 0);
    instruction_.e = destination(result.parts[1], 0);
  } else {
    instruction_.d = destination(result, set ? bytes_of(form.types[0]) : 0);
  }
  instruction_.a = source(1, compared);
  instruction_.b = source(2, compared);
  if (statement_->operands.size() == 4) {
    instruction_.c = source(3, 0);
    instruction_.negated = operand(3).negated;
  }
}

std::vector<std::pair<int32_t, bool>> Decoder::vector_registers(const Operand& operand,
                                                                uint8_t bytes, bool sources) {
  std::vector<std::pair<int32_t, bool>> ids;
  const auto add = [&](const Operand& part) {
    if (part.kind == Operand::Kind::kRegister) {
      // Loads and stores take registers wider than their type.
      const uint8_t width = bytes == 0xFF ? 0xFF : bytes_of_register(part.register_id);
      if (width < bytes) fail("a register narrower than the type");
      ids.emplace_back(part.register_id, false);
    } else if (part.kind == Operand::Kind::kDiscard) {
      ids.emplace_back(kNoRegister, false);
    } else {
      if (!sources) fail("the destination is no register");
      ids.emplace_back(source(part, bytes), false);
    }
  };
  if (operand.kind == Operand::Kind::kVector) {
    for (const Operand& part : operand.parts) add(part);
  } else {
    add(operand);
  }
  if (ids.empty() || ids.size() > 8) fail("a vector of an unknown length");
  return ids;
}

void Decoder::move(Form& form) {
  expect_operands(2, 2);
  if (operand(0).kind == Operand::Kind::kVector || operand(1).kind == Operand::Kind::kVector) {
    pack_or_unpack(form);
    return;
  }
  const uint8_t bytes = bytes_of(form.types[0]);
  form.register_bytes = bytes;
  form.source_count = 1;
  instruction_.d = destination(operand(0), bytes);
  instruction_.a = source(1, bytes);
  for (const auto& [which, id] : syntax_.special_registers) {
    if (id != instruction_.a || which < SpecialRegister::kClock) continue;
    instruction_.variant = static_cast<uint8_t>(which);
    form.source_count = 0;  // the value is made when it is read
  }
}

// mov.b64 {lo, hi}, x and mov.b64 x, {lo, hi}
void Decoder::pack_or_unpack(Form& form) {
  const uint8_t whole = bytes_of(form.types[0]);
  const bool unpack = operand(0).kind == Operand::Kind::kVector;
  const Operand& vector = operand(unpack ? 0 : 1);
  const auto count = static_cast<uint8_t>(vector.parts.size());
  if ((count != 2 && count != 4) || whole / count == 0) fail("a vector of an unknown length");
  const auto part = static_cast<uint8_t>(whole / count);
  auto ids = vector_registers(vector, part, !unpack);
  for (const auto& [id, negated] : ids) {
    if (id >= 0 && bytes_of_register(id) != part) fail("a register of the wrong width");
  }
  list(ids, unpack ? count : 0);
  if (unpack) {
    instruction_.a = source(1, whole);
  } else {
    instruction_.d = destination(operand(0), whole);
  }
  instruction_.element_bytes = part;
  instruction_.elements = count;
  form.source_count = 2;
  form.register_bytes = whole;
}

// cvt d, a[, b]: registers may be wider than the types.
void Decoder::conversion(Form& form) {
  expect_operands(2, 3);
  const OperandSyntax &result = operand(0), &value = operand(1);
  if (result.kind != Operand::Kind::kRegister) fail("the destination is no register");
  instruction_.d = result.register_id;
  form.register_bytes = bytes_of_register(result.register_id);
  const uint8_t bytes = bytes_of(form.types[1]);
  if (value.kind == Operand::Kind::kRegister) {
    instruction_.a = value.register_id;
  } else {
    instruction_.a = source(value, bytes);
  }
  form.source_bytes = bytes_of_register(instruction_.a);
  form.source_count = static_cast<int>(statement_->operands.size()) - 1;
  if (form.source_count == 2) instruction_.b = source(2, bytes);
  if (form.register_bytes < bytes_of(form.types[0]) || form.source_bytes < bytes) {
    fail("a register narrower than the type");
  }
}

void Decoder::branch(Form& form) {
  if (form.opcode == Opcode::kRet || form.opcode == Opcode::kExit) {
    instruction_.kind = Kind::kExit;
    form.take(Modifier::kUni);
    return;
  }
  form.take(Modifier::kUni);
  if (form.opcode == Opcode::kBra) {
    instruction_.kind = Kind::kBranch;
    return;
  }
  form.take(Modifier::kIdx);
  instruction_.kind = Kind::kBranchTable;
  instruction_.a = source(0, 4);
  instruction_.immediate = static_cast<int64_t>(code_->branch_targets.size());
  instruction_.target = static_cast<int32_t>(statement_->targets.size());
  code_->branch_targets.insert(code_->branch_targets.end(), statement_->targets.begin(),
                               statement_->targets.end());
}

// bar.sync a[, count]; bar.arrive a, count; bar.red.op.type d, a[, count], [!]p; bar.warp.sync mask
void Decoder::barrier(Form& form) {
  if (form.has(Modifier::kCluster)) {
    refuse(*statement_, std::string(statement_->name) + " is not simulated");
    return;
  }
  form.take(Modifier::kCta);
  form.take(Modifier::kAligned);
  if (form.take(Modifier::kWarp)) {
    expect_operands(1, 1);
    form.take(Modifier::kSync);
    instruction_.kind = Kind::kCollective;
    instruction_.b = source(0, 4);
    return;
  }
  instruction_.kind = Kind::kBarrier;
  if (form.take(Modifier::kRed)) {
    expect_operands(3, 4);
    const bool population = form.take(Modifier::kPopc);
    const bool all = form.take(Modifier::kAnd);
    form.take(Modifier::kOr);
    instruction_.variant = static_cast<uint8_t>(
        population ? BarrierAction::kReducePopulation
                   : (all ? BarrierAction::kReduceAnd : BarrierAction::kReduceOr));
    instruction_.d = destination(operand(0), population ? 4 : 0);
    instruction_.a = source(1, 4);
    if (statement_->operands.size() == 4) instruction_.c = source(2, 4);
    const OperandSyntax& predicate = statement_->operands.back();
    list({{source(predicate, 0), false}}, 0);
    instruction_.negated = predicate.negated;
    return;
  }
  expect_operands(1, 2);
  instruction_.variant = static_cast<uint8_t>(form.take(Modifier::kArrive) ? BarrierAction::kArrive
                                                                           : BarrierAction::kSync);
  form.take(Modifier::kSync);
  instruction_.a = source(0, 4);
  if (statement_->operands.size() == 2) instruction_.c = source(1, 4);
}

}  // namespace nram::simulator
