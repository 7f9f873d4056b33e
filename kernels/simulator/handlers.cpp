#include "kernels/simulator/handlers.h"

#include <cstdlib>
#include <string_view>

namespace nram::simulator {

namespace lanes_generic {
Handler select(Form& form, Instruction& instruction);
}
namespace lanes_avx2 {
Handler select(Form& form, Instruction& instruction);
}
namespace lanes_avx512 {
Handler select(Form& form, Instruction& instruction);
}

namespace {

struct HandlerSet {
  const char* name;
  Handler (*select)(Form&, Instruction&);
};

HandlerSet choose() {
  constexpr HandlerSet kGeneric{"generic", &lanes_generic::select};
#if NRAM_LANE_SETS > 1
  const char* given = std::getenv("NRAM_SIMULATOR_LANES");  // for comparing them
  const std::string_view wanted = given == nullptr ? "avx512" : given;
  if (wanted == "generic") return kGeneric;
  if (wanted == "avx512" && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return {"avx512", &lanes_avx512::select};
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2")) {
    return {"avx2", &lanes_avx2::select};
  }
#endif
  return kGeneric;
}

const HandlerSet& chosen() {
  static const HandlerSet set = choose();
  return set;
}

}  // namespace

Handler select_handler(Form& form, Instruction& instruction) {
  return chosen().select(form, instruction);
}

const char* handler_instruction_set() { return chosen().name; }

}  // namespace nram::simulator
