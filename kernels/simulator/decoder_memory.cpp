// The operands of instructions that touch memory or need the whole warp.
#include "kernels/simulator/decoder.h"

namespace nram::simulator {

namespace {

// The state space, and the hints that change no result here.
void take_space(Form& form, Instruction& instruction) {
  const bool shared = form.take(Modifier::kShared) | form.take(Modifier::kSharedCta);
  const bool parameter = form.take(Modifier::kParam) | form.take(Modifier::kParamEntry) |
                         form.take(Modifier::kParamFunc);
  if (form.take(Modifier::kGlobal)) instruction.space = Space::kGlobal;
  if (shared) instruction.space = Space::kShared;
  if (form.take(Modifier::kLocal)) instruction.space = Space::kLocal;
  if (form.take(Modifier::kConst)) instruction.space = Space::kConstant;
  if (parameter) instruction.space = Space::kParameter;
  instruction.read_only = form.take(Modifier::kNc);
  for (const Modifier hint :
       {Modifier::kCa, Modifier::kCg, Modifier::kCs, Modifier::kLu, Modifier::kWb, Modifier::kWeak,
        Modifier::kL1EvictNormal, Modifier::kL1EvictUnchanged, Modifier::kL1EvictFirst,
        Modifier::kL1EvictLast, Modifier::kL1NoAllocate, Modifier::kL2EvictFirst,
        Modifier::kL2EvictLast, Modifier::kL2EvictNormal, Modifier::kL2Bytes64,
        Modifier::kL2Bytes128, Modifier::kL2Bytes256, Modifier::kL2CacheHint}) {
    form.take(hint);
  }
  for (const Modifier ordered :
       {Modifier::kVolatile, Modifier::kRelaxed, Modifier::kAcquire, Modifier::kRelease,
        Modifier::kAcqRel, Modifier::kCv, Modifier::kWt}) {
    if (form.take(ordered)) instruction.strong = true;
  }
  for (const Modifier scope :
       {Modifier::kCta, Modifier::kCluster, Modifier::kGpu, Modifier::kSys}) {
    form.take(scope);
  }
}

uint8_t take_elements(Form& form) {
  if (form.take(Modifier::kV2)) return 2;
  if (form.take(Modifier::kV4)) return 4;
  if (form.take(Modifier::kV8)) return 8;
  return 1;
}

}  // namespace

void Decoder::load_or_store(Form& form) {
  const bool store = form.opcode == Opcode::kSt;
  const bool hint = form.has(Modifier::kL2CacheHint);
  expect_operands(2, hint ? 3 : 2);
  instruction_.variant = static_cast<uint8_t>((form.has(Modifier::kAcquire) ? 1 : 0) |
                                              (form.has(Modifier::kRelease) ? 2 : 0));
  take_space(form, instruction_);
  address(operand(store ? 0 : 1));
  instruction_.element_bytes = bytes_of(form.types[0]);
  instruction_.elements = take_elements(form);
  const auto ids = vector_registers(operand(store ? 1 : 0), instruction_.element_bytes, store);
  if (ids.size() != instruction_.elements) fail("a vector of the wrong length");
  list(ids, store ? 0 : instruction_.elements);
  for (const auto& [id, negated] : ids) {
    if (id < 0) continue;
    if (form.register_bytes != 0 && form.register_bytes != bytes_of_register(id)) {
      fail("registers of different widths");
    }
    form.register_bytes = bytes_of_register(id);
  }
  if (form.register_bytes == 0) form.register_bytes = instruction_.element_bytes;
}

// atom d, [a], b[, c]; red [a], b
void Decoder::atomic(Form& form) {
  const bool red = form.opcode == Opcode::kRed;
  instruction_.variant = static_cast<uint8_t>(
      ((form.has(Modifier::kAcquire) || form.has(Modifier::kAcqRel)) ? 0x40 : 0) |
      ((form.has(Modifier::kRelease) || form.has(Modifier::kAcqRel)) ? 0x80 : 0));
  take_space(form, instruction_);
  instruction_.strong = true;
  const uint8_t bytes = bytes_of(form.types[0]);
  instruction_.element_bytes = bytes;
  instruction_.elements = take_elements(form);
  size_t at = 0;
  if (!red && instruction_.elements == 1) {
    instruction_.d = destination(operand(at++), bytes);
  } else if (!red) {
    list(vector_registers(operand(at++), bytes, false), instruction_.elements);
  }
  address(operand(at++));
  const auto values = vector_registers(operand(at++), bytes, true);
  if (values.size() != instruction_.elements) fail("a vector of the wrong length");
  list(values, 0);
  for (const auto& [id, negated] : values) {
    if (bytes_of_register(id) != bytes) fail("a register of the wrong width");
  }
  if (form.has(Modifier::kCas)) instruction_.c = source(at, bytes);
  form.register_bytes = bytes;
}

// cp.async [shared], [global], bytes[, source bytes]; cp.async.wait_group n
void Decoder::copy_async(Form& form) {
  if (!form.take(Modifier::kAsync)) {
    refuse(*statement_, std::string(statement_->name) + " is not simulated");
    return;
  }
  if (form.has(Modifier::kCommitGroup) || form.has(Modifier::kWaitAll)) return;
  if (form.has(Modifier::kWaitGroup)) {
    if (operand(0).kind != Operand::Kind::kInteger) fail("the group count is no number");
    instruction_.immediate = static_cast<int64_t>(operand(0).value);
    return;
  }
  const bool hint = form.has(Modifier::kL2CacheHint);
  take_space(form, instruction_);
  expect_operands(3, hint ? 5 : 4);
  address(operand(0));
  if (instruction_.immediate != static_cast<int32_t>(instruction_.immediate)) {
    fail("a shared address out of range");
  }
  instruction_.b = instruction_.a;
  instruction_.target = static_cast<int32_t>(instruction_.immediate);
  instruction_.variant = instruction_.wide_address ? 1 : 0;
  instruction_.space = Space::kGlobal;
  instruction_.wide_address = false;
  address(operand(1));
  if (operand(2).kind != Operand::Kind::kInteger) fail("the size is no number");
  instruction_.element_bytes = static_cast<uint8_t>(operand(2).value);
  const uint64_t size = operand(2).value;
  if (size != 4 && size != 8 && size != 16) fail("a copy of an unknown size");
  const size_t sources = statement_->operands.size() - (hint ? 1 : 0);
  if (sources == 4) {
    const OperandSyntax& bytes = operand(3);
    const bool ignore =
        bytes.kind == Operand::Kind::kRegister && bytes_of_register(bytes.register_id) == 0;
    if (ignore) {
      refuse(*statement_, "the ignore-src operand of cp.async is not simulated");
      return;
    }
    instruction_.c = source(bytes, 4);
  }
}

void Decoder::collective(Form& form) {
  const uint8_t bytes = bytes_of(form.types[0]);
  instruction_.kind = Kind::kCollective;
  form.take(Modifier::kSync);
  if (form.opcode == Opcode::kActivemask) {
    instruction_.kind = Kind::kPlain;
    instruction_.d = destination(operand(0), 4);
    return;
  }
  const OperandSyntax& result = operand(0);
  const bool pair = result.kind == Operand::Kind::kPair;
  const bool predicate = form.opcode == Opcode::kVote && !form.has(Modifier::kBallot);
  instruction_.d = destination(pair ? result.parts[0] : result, predicate ? 0 : 4);
  if (pair) instruction_.e = destination(result.parts[1], 0);
  if (form.opcode == Opcode::kElect) {
    expect_operands(2, 2);
    instruction_.b = source(1, 4);
  } else if (form.opcode == Opcode::kShfl) {  // d[|p], a, lane, clamp, mask
    expect_operands(5, 5);
    instruction_.a = source(1, 4);
    list({{source(2, 4), false}}, 0);
    instruction_.c = source(3, 4);
    instruction_.b = source(4, 4);
  } else {  // d, a, mask
    expect_operands(3, 3);
    instruction_.a = source(1, form.opcode == Opcode::kVote ? 0 : bytes);
    instruction_.negated = operand(1).negated;
    instruction_.b = source(2, 4);
  }
}

void Decoder::matrix(Form& form) {
  instruction_.kind = Kind::kCollective;
  form.take(Modifier::kSync);
  form.take(Modifier::kAligned);
  if (form.opcode == Opcode::kMma) {
    expect_operands(4, 4);
    const auto results = vector_registers(operand(0), 4, false);
    list(results, static_cast<int>(results.size()));
    for (size_t i = 1; i < 4; ++i) list(vector_registers(operand(i), 4, true), 0);
    instruction_.elements = static_cast<uint8_t>(results.size());
    form.register_bytes = static_cast<uint8_t>(instruction_.list_size);
    return;
  }
  expect_operands(2, 2);
  if (form.opcode == Opcode::kMovmatrix) {
    instruction_.d = destination(operand(0), 4);
    instruction_.a = source(1, 4);
    return;
  }
  const bool store = form.opcode == Opcode::kStmatrix;
  take_space(form, instruction_);
  address(operand(store ? 0 : 1));
  const auto ids = vector_registers(operand(store ? 1 : 0), 4, store);
  list(ids, store ? 0 : static_cast<int>(ids.size()));
  instruction_.elements = static_cast<uint8_t>(ids.size());
  instruction_.element_bytes = 16;
}

}  // namespace nram::simulator
