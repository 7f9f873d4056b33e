// Turns the statements of a kernel into instructions: lays out its memory, finds every operand's
// register and chooses the handlers. Throws PtxError for what is no PTX; what is PTX but not
// simulated makes the code refuse to run.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/simulator/code.h"

namespace nram::simulator {

class Decoder {
 public:
  explicit Decoder(KernelSyntax& syntax) : syntax_(syntax) {}
  // Also fills in the kernel's shared and local sizes.
  std::shared_ptr<Code> decode();

 private:
  using Operand = OperandSyntax;

  // decoder.cpp
  void lay_out_shared();
  void decode(const Statement& statement);
  void choose_handler(const Statement& statement);
  void refuse(const Statement& statement, const std::string& why);
  void set_flops();
  [[noreturn]] void fail(const std::string& what) const;
  const Operand& operand(size_t index) const;

  // Register ids: the parser's, then constants.
  int32_t source(const Operand& operand, uint8_t bytes);
  int32_t source(size_t index, uint8_t bytes) { return source(operand(index), bytes); }
  int32_t destination(const Operand& operand, uint8_t bytes);
  int32_t constant(uint64_t value, uint8_t bytes);
  int32_t symbol(const Operand& operand, uint8_t bytes);
  uint8_t bytes_of_register(int32_t id) const { return register_bytes_[static_cast<size_t>(id)]; }
  int32_t list(std::vector<std::pair<int32_t, bool>> ids, int outputs);
  void address(const Operand& operand);
  void expect_operands(size_t least, size_t most) const;

  // decoder_forms.cpp: how the operands of each instruction lie
  void operands_of(Form& form);
  void arithmetic(Form& form);
  void comparison(Form& form);
  void move(Form& form);
  void pack_or_unpack(Form& form);
  void conversion(Form& form);
  void load_or_store(Form& form);
  void atomic(Form& form);
  void copy_async(Form& form);
  void collective(Form& form);
  void matrix(Form& form);
  void barrier(Form& form);
  void branch(Form& form);
  uint8_t source_bytes(const Form& form, int index) const;
  std::vector<std::pair<int32_t, bool>> vector_registers(const Operand& operand, uint8_t bytes,
                                                         bool sources);

  KernelSyntax& syntax_;
  std::shared_ptr<Code> code_ = std::make_shared<Code>();
  std::vector<uint8_t> register_bytes_;
  std::map<std::pair<uint64_t, int>, int32_t> constants_;
  std::unordered_map<std::string_view, uint32_t> opcodes_;
  const Statement* statement_ = nullptr;
  Instruction instruction_;
};

// register_allocation.cpp: replaces register ids by offsets, sharing storage between registers
// that are never alive at once.
void allocate_registers(Code& code, const std::vector<uint8_t>& register_bytes);

}  // namespace nram::simulator
