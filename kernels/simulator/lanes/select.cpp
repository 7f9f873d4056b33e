// Which file knows an instruction's handler.
#include "kernels/simulator/lanes/lanes.h"

namespace nram::simulator::NRAM_LANES {

Handler select(Form& form, Instruction& instruction);

namespace {

Handler select_arithmetic(Form& form, Instruction& in) {
  switch (form.types[0]) {
    case Type::kF16:
    case Type::kF16x2:
    case Type::kBf16:
    case Type::kBf16x2:
      return select_half(form, in);
    case Type::kF32:
    case Type::kF64:
      if (form.has(Modifier::kRz) || form.has(Modifier::kRm) || form.has(Modifier::kRp)) {
        return select_rounded(form, in);
      }
      return select_float(form, in);
    case Type::kF32x2:
      return select_float(form, in);
    default:
      return select_integer(form, in);
  }
}

// rcp and sqrt are exact in float32 even where PTX allows approximations.
Handler select_root(Form& form, Instruction& in) {
  if (form.types[0] == Type::kF64 && form.has(Modifier::kApprox)) {
    return select_approximate(form, in);
  }
  return select_arithmetic(form, in);
}

}  // namespace

Handler select(Form& form, Instruction& in) {
  switch (form.opcode) {
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMul:
    case Opcode::kMad:
    case Opcode::kFma:
    case Opcode::kDiv:
    case Opcode::kMin:
    case Opcode::kMax:
    case Opcode::kNeg:
    case Opcode::kAbs:
    case Opcode::kCopysign:
      return select_arithmetic(form, in);
    case Opcode::kRcp:
    case Opcode::kSqrt:
      return select_root(form, in);
    case Opcode::kAddc:
    case Opcode::kSubc:
    case Opcode::kMadc:
    case Opcode::kMul24:
    case Opcode::kMad24:
    case Opcode::kRem:
    case Opcode::kSad:
      return select_integer(form, in);
    case Opcode::kRsqrt:
    case Opcode::kEx2:
    case Opcode::kLg2:
    case Opcode::kSin:
    case Opcode::kCos:
    case Opcode::kTanh:
      return select_approximate(form, in);
    case Opcode::kSetp:
    case Opcode::kSet:
    case Opcode::kSelp:
    case Opcode::kSlct:
    case Opcode::kTestp:
      return select_comparison(form, in);
    case Opcode::kCvt:
      return select_conversion(form, in);
    case Opcode::kLd:
    case Opcode::kLdu:
    case Opcode::kSt:
      return select_load_or_store(form, in);
    case Opcode::kAtom:
    case Opcode::kRed:
      return select_atomic(form, in);
    case Opcode::kCp:
      return select_copy_async(form, in);
    case Opcode::kShfl:
    case Opcode::kVote:
    case Opcode::kMatch:
    case Opcode::kRedux:
    case Opcode::kElect:
    case Opcode::kActivemask:
    case Opcode::kBar:
    case Opcode::kBarrier:
      return select_collective(form, in);
    case Opcode::kLdmatrix:
    case Opcode::kStmatrix:
    case Opcode::kMovmatrix:
    case Opcode::kMma:
      return select_matrix(form, in);
    case Opcode::kMov:
    case Opcode::kCvta:
    case Opcode::kIsspacep:
    case Opcode::kTrap:
    case Opcode::kBrkpt:
    case Opcode::kFence:
    case Opcode::kMembar:
    case Opcode::kNanosleep:
    case Opcode::kPrefetch:
    case Opcode::kPrefetchu:
    case Opcode::kDiscard:
    case Opcode::kGriddepcontrol:
      return select_move(form, in);
    default:
      return select_bits(form, in);
  }
}

}  // namespace nram::simulator::NRAM_LANES
