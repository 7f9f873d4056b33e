// What the parser makes of PTX: variables and, for every kernel, its statements with resolved
// names.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/simulator/form.h"
#include "kernels/simulator/simulator.h"

namespace nram::simulator {

enum class Space : uint8_t { kGeneric, kGlobal, kShared, kLocal, kParameter, kConstant };

struct Variable {
  std::string name;
  Space space = Space::kGlobal;
  uint32_t alignment = 1;
  uint64_t bytes = 0;
  bool dynamic = false;  // extern .shared x[]
  // Shared, local, parameter: the offset in its space. Global and constant: the device address, of
  // which Module::load tells the decoded code.
  uint64_t address = 0;
  std::vector<std::byte> initial;
  struct Relocation {
    uint64_t offset;
    std::string target;
    uint64_t addend;
    uint8_t bytes;
  };
  std::vector<Relocation> relocations;
};

struct OperandSyntax {
  enum class Kind : uint8_t {
    kDiscard,   // _
    kRegister,  //
    kInteger,   // also 0f3F800000
    kReal,      // 1.5
    kSymbol,    // variable + value
    kLabel,     // or any other name
    kVector,    // {a, b}
    kAddress,   // [register or variable + value]
    kPair,      // p|q
  };
  Kind kind = Kind::kDiscard;
  bool negated = false;  // !p
  int register_id = -1;
  uint64_t value = 0;
  double real = 0;
  Variable* variable = nullptr;
  std::string_view name;
  std::vector<OperandSyntax> parts;
};

struct Statement {
  Form form;
  std::string refusal;    // not empty: why this cannot run
  std::string_view name;  // "ld.global.f32"
  std::string_view text;  // the whole instruction
  int guard = -1;
  bool guard_negated = false;
  std::vector<OperandSyntax> operands;
  int target = -1;  // index of a statement, of a branch
  std::vector<int> targets;
  int file = 0, line = 0, ptx_line = 0;
};

// X(enumerator, spelling, bytes). Filled when a warp starts, but for the clocks.
// clang-format off
#define NRAM_PTX_SPECIAL_REGISTERS(X)                                                              \
  X(kTidX, "%tid.x", 4)                                                                            \
  X(kTidY, "%tid.y", 4)                                                                            \
  X(kTidZ, "%tid.z", 4)                                                                            \
  X(kNtidX, "%ntid.x", 4) X(kNtidY, "%ntid.y", 4) X(kNtidZ, "%ntid.z", 4)                          \
      X(kCtaidX, "%ctaid.x", 4) X(kCtaidY, "%ctaid.y", 4) X(kCtaidZ, "%ctaid.z", 4)                \
          X(kNctaidX, "%nctaid.x", 4) X(kNctaidY, "%nctaid.y", 4) X(kNctaidZ, "%nctaid.z", 4)      \
              X(kLaneid, "%laneid", 4) X(kWarpid, "%warpid", 4) X(kNwarpid, "%nwarpid", 4) X(      \
                  kSmid, "%smid", 4) X(kNsmid, "%nsmid", 4) X(kGridid, "%gridid", 8)               \
                  X(kLanemaskEq, "%lanemask_eq", 4) X(kLanemaskLe, "%lanemask_le", 4) X(           \
                      kLanemaskLt, "%lanemask_lt", 4) X(kLanemaskGe, "%lanemask_ge", 4)            \
                      X(kLanemaskGt, "%lanemask_gt", 4) X(kDynamicShared, "%dynamic_smem_size", 4) \
                          X(kTotalShared, "%total_smem_size", 4)                                   \
                              X(kClusterCtarank, "%cluster_ctarank", 4)                            \
                                  X(kClusterNctarank, "%cluster_nctarank", 4)                      \
                                      X(kClock, "%clock", 4) X(kClockHi, "%clock_hi", 4)           \
                                          X(kClock64, "%clock64", 8)                               \
                                              X(kGlobaltimer, "%globaltimer", 8)                   \
                                                  X(kGlobaltimerLo, "%globaltimer_lo", 4)          \
                                                      X(kGlobaltimerHi, "%globaltimer_hi", 4)
// clang-format on
#define NRAM_ENUMERATOR(name, spelling, bytes) name,
enum class SpecialRegister : uint8_t { NRAM_PTX_SPECIAL_REGISTERS(NRAM_ENUMERATOR) };
#undef NRAM_ENUMERATOR

struct KernelSyntax {
  Kernel kernel;                        // without its code
  std::deque<Variable> variables;       // parameters, shared and local arrays
  std::vector<uint8_t> register_bytes;  // a value's, by register id; 0: predicate
  std::vector<std::pair<SpecialRegister, int>> special_registers;
  std::vector<Statement> statements;
  int carry_register = -1;  // of add.cc and its kin
};

struct ModuleSyntax {
  int target = 0;
  std::map<int, std::string> files;
  std::deque<Variable> variables;  // of the module
  std::deque<KernelSyntax> kernels;
};

// Throws PtxError. The result's string views point into `ptx`.
ModuleSyntax parse_ptx(std::string_view ptx);

}  // namespace nram::simulator
