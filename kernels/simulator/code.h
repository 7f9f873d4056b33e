// Decoded instructions, and what the handlers that execute them see of a running warp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernels/simulator/form.h"
#include "kernels/simulator/ptx_syntax.h"

namespace nram::simulator {

constexpr int32_t kNoRegister = -1;
constexpr uint32_t kAllLanes = 0xFFFFFFFF;
// Generic addresses of parameters, local and shared memory; far from global ones and from each
// other.
constexpr uint64_t kParameterWindow = uint64_t{1} << 60, kLocalWindow = uint64_t{1} << 61,
                   kSharedWindow = uint64_t{1} << 62;

struct Warp;
struct Instruction;
// Executes an instruction for the lanes of a mask that is not empty.
using Handler = void (*)(Warp& warp, const Instruction& instruction, uint32_t mask);

enum class Kind : uint8_t {
  kPlain,
  kBranch,
  kBranchTable,  // brx.idx
  kExit,
  kBarrier,     // of the block
  kCollective,  // needs the lanes of the member mask in register b; of all lanes without one
  kRefused,     // not simulated: no launch of the kernel begins
};

enum class BarrierAction : uint8_t { kSync, kArrive, kReducePopulation, kReduceAnd, kReduceOr };

// A register of the register file, by the byte offset of its lane 0. Lanes follow one another;
// a predicate is 32 bits, one a lane.
struct RegisterOperand {
  int32_t offset = kNoRegister;
  uint8_t bytes = 4;  // of one lane; 0: predicate
  bool negated = false;
};

struct Instruction {
  Handler handler = nullptr;
  int64_t immediate = 0;                     // added to addresses; else as the handler says
  int32_t d = kNoRegister, e = kNoRegister;  // destinations
  int32_t a = kNoRegister, b = kNoRegister, c = kNoRegister;
  int32_t guard = kNoRegister;
  int32_t target = -1;
  uint32_t list = 0;  // first of list_size operands in Code::operands: vectors, fragments, a fourth
  uint8_t list_size = 0, list_outputs = 0;
  Kind kind = Kind::kPlain;
  Space space = Space::kGeneric;
  bool guard_negated = false;
  bool wide_address = false;                // the address register has 64 bits
  bool strong = false;                      // volatile, relaxed, acquire, release, atomic
  bool read_only = false;                   // ld.global.nc
  bool negated = false;                     // the predicate operand is !p
  uint8_t element_bytes = 4, elements = 1;  // of a load, a store or a copy
  uint8_t variant = 0;                      // as the handler says
  uint8_t flops = 0;                        // a lane
  uint16_t tensor_flops = 0;                // a warp, in 256s
};

// What reports need to know of an instruction.
struct InstructionSource {
  std::string text;
  uint32_t opcode = 0;  // index in Code::opcodes
  int file = 0, line = 0, ptx_line = 0;
};

struct SharedArray {
  std::string name;
  uint32_t offset = 0, bytes = 0;
};

struct Code {
  std::vector<Instruction> instructions;
  std::vector<InstructionSource> sources;
  std::vector<RegisterOperand> operands;
  std::vector<int32_t> branch_targets;  // of brx.idx, from Instruction::immediate on
  std::vector<std::string> opcodes;     // "fma.rn.f32"
  std::string refusal;                  // not empty: why the kernel cannot run

  uint32_t register_bytes = 0;  // of one warp
  struct Constant {
    int32_t offset;
    uint8_t bytes;
    uint64_t value;
  };
  std::vector<Constant> constants;
  std::vector<std::pair<SpecialRegister, int32_t>> special_registers;
  // Where addresses of module variables belong, once they are known.
  struct AddressUse {
    std::string variable;
    int64_t addend;
    int32_t constant;     // index in constants, or -1
    int32_t instruction;  // index of the instruction whose immediate it is, or -1
  };
  std::vector<AddressUse> address_uses;

  std::vector<SharedArray> shared_arrays;  // static ones, by offset
  uint32_t dynamic_shared_offset = 0;      // of the dynamic array
};

}  // namespace nram::simulator
