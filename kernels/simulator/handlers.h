// The choice of the function that executes an instruction, among those compiled for the best
// instruction set of this machine.
#pragma once

#include "kernels/simulator/code.h"

namespace nram::simulator {

// Takes the modifiers that the handler implements from the form and sets the instruction's variant;
// null if there is none for this opcode and these types.
Handler select_handler(Form& form, Instruction& instruction);
// "generic", "avx2" or "avx512".
const char* handler_instruction_set();

}  // namespace nram::simulator
