// An instruction's name taken apart: opcode, modifiers and types, interned. Whoever chooses a
// handler takes the modifiers that it implements; what is left over makes the decoder refuse the
// instruction by name, so that no modifier is ever ignored silently.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace nram::simulator {

// X(enumerator, spelling)
// clang-format off
#define NRAM_PTX_OPCODES(X)                                                                        \
  X(kAbs, "abs")                                                                                   \
  X(kActivemask, "activemask")                                                                     \
  X(kAdd, "add")                                                                                   \
  X(kAddc, "addc") X(kAnd, "and") X(kAtom, "atom") X(kBar, "bar") X(kBarrier, "barrier") X(        \
      kBfe, "bfe") X(kBfi, "bfi") X(kBfind, "bfind") X(kBmsk, "bmsk") X(kBra, "bra")               \
      X(kBrev, "brev") X(kBrkpt, "brkpt") X(kBrx, "brx") X(kCall, "call") X(kClz, "clz") X(        \
          kCnot, "cnot") X(kCopysign, "copysign") X(kCos, "cos") X(kCp, "cp") X(kCvt, "cvt")       \
          X(kCvta, "cvta") X(kDiscard, "discard") X(kDiv, "div") X(kDp2a, "dp2a") X(kDp4a, "dp4a") \
              X(kElect, "elect") X(kEx2, "ex2") X(kExit, "exit") X(kFence, "fence") X(kFma, "fma") \
                  X(kFns, "fns") X(kGriddepcontrol, "griddepcontrol") X(kIsspacep, "isspacep")     \
                      X(kLd, "ld") X(kLdmatrix, "ldmatrix") X(kLdu, "ldu") X(kLg2, "lg2")          \
                          X(kLop3, "lop3") X(kMad, "mad") X(kMad24, "mad24") X(kMadc, "madc") X(   \
                              kMatch, "match") X(kMax, "max") X(kMembar, "membar") X(kMin, "min")  \
                              X(kMma, "mma") X(kMov, "mov") X(kMovmatrix, "movmatrix") X(          \
                                  kMul, "mul") X(kMul24, "mul24") X(kNanosleep, "nanosleep")       \
                                  X(kNeg, "neg") X(kNot, "not") X(kOr, "or") X(kPopc, "popc") X(   \
                                      kPrefetch, "prefetch") X(kPrefetchu, "prefetchu")            \
                                      X(kPrmt, "prmt") X(kRcp, "rcp") X(kRed, "red")               \
                                          X(kRedux, "redux") X(kRem, "rem") X(kRet, "ret")         \
                                              X(kRsqrt, "rsqrt") X(kSad, "sad") X(kSelp, "selp")   \
                                                  X(kSet, "set") X(kSetp, "setp") X(               \
                                                      kShf, "shf") X(kShfl, "shfl") X(kShl, "shl") \
                                                      X(kShr, "shr") X(kSin, "sin") X(             \
                                                          kSlct, "slct") X(kSqrt, "sqrt")          \
                                                          X(kSt, "st") X(kStmatrix, "stmatrix") X( \
                                                              kSub, "sub") X(kSubc, "subc")        \
                                                              X(kSzext, "szext") X(kTanh, "tanh")  \
                                                                  X(kTestp, "testp")               \
                                                                      X(kTrap, "trap")             \
                                                                          X(kVote, "vote")         \
                                                                              X(kXor, "xor")
// clang-format on

// clang-format off
#define NRAM_PTX_MODIFIERS(X)                                                                                                                   \
  X(kRn, "rn")                                                                                                                                  \
  X(kRz, "rz")                                                                                                                                  \
  X(kRm, "rm")                                                                                                                                  \
  X(kRp, "rp") X(kRna, "rna") X(kRni, "rni") X(kRzi, "rzi") X(kRmi, "rmi") X(kRpi, "rpi") X(                                                    \
      kFtz, "ftz") X(kSat, "sat") X(kSatfinite, "satfinite") X(kRelu, "relu") X(kApprox, "approx")                                              \
      X(kFull, "full") X(kWide, "wide") X(kLo, "lo") X(kHi, "hi") X(kCc, "cc") X(kUni, "uni") X(                                                \
          kSync, "sync") X(kAligned, "aligned") X(kEq, "eq") X(kNe, "ne") X(kLt, "lt")                                                          \
          X(kLe, "le") X(kGt, "gt") X(kGe, "ge") X(kLs, "ls") X(kHs, "hs") X(kEqu, "equ") X(                                                    \
              kNeu, "neu") X(kLtu, "ltu") X(kLeu, "leu") X(kGtu, "gtu") X(kGeu, "geu")                                                          \
              X(kNum, "num") X(kNan, "nan") X(kNaN, "NaN") X(kAnd, "and") X(kOr, "or") X(kXor, "x"                                              \
                                                                                               "o"                                              \
                                                                                               "r") X(kPopc,                                    \
                                                                                                      "popc") X(kAbs,                           \
                                                                                                                "abs") X(kXorsign,              \
                                                                                                                         "xorsign") X(kGlobal,  \
                                                                                                                                      "global") \
                  X(kShared, "shared") X(kSharedCta, "shared::cta") X(kLocal, "local") X(                                                       \
                      kParam,                                                                                                                   \
                      "param") X(kParamEntry,                                                                                                   \
                                 "param::entry") X(kParamFunc,                                                                                  \
                                                   "param::func") X(kConst, "const")                                                            \
                      X(kV2, "v2") X(kV4, "v4") X(kV8, "v8") X(                                                                                 \
                          kNc, "nc") X(kCa, "ca")                                                                                               \
                          X(kCg, "cg") X(kCs, "cs") X(kLu, "lu") X(                                                                             \
                              kCv, "cv") X(kWb, "wb")                                                                                           \
                              X(kWt, "wt") X(kVolatile, "volatile") X(kRelaxed, "relaxed") X(                                                   \
                                  kAcquire,                                                                                                     \
                                  "acquire") X(kRelease,                                                                                        \
                                               "release") X(kAcqRel, "acq_rel")                                                                 \
                                  X(kSc, "sc") X(kWeak, "weak") X(kCta, "cta") X(                                                               \
                                      kCluster,                                                                                                 \
                                      "cluster") X(kGpu,                                                                                        \
                                                   "gpu") X(kSys, "sys")                                                                        \
                                      X(kGl, "gl") X(kL1EvictNormal, "L1::evict_normal") X(                                                     \
                                          kL1EvictUnchanged,                                                                                    \
                                          "L1::evict_unchanged") X(kL1EvictFirst,                                                               \
                                                                   "L1::evict_first")                                                           \
                                          X(kL1EvictLast, "L1::evict_last") X(                                                                  \
                                              kL1NoAllocate,                                                                                    \
                                              "L1::no_allocate") X(kL2EvictLast,                                                                \
                                                                   "L2::evict_last") X(kL2EvictNormal,                                          \
                                                                                       "L2::"                                                   \
                                                                                       "evict"                                                  \
                                                                                       "_norm"                                                  \
                                                                                       "al") X(kL2EvictFirst,                                   \
                                                                                               "L"                                              \
                                                                                               "2"                                              \
                                                                                               ":"                                              \
                                                                                               ":"                                              \
                                                                                               "e"                                              \
                                                                                               "v"                                              \
                                                                                               "i"                                              \
                                                                                               "c"                                              \
                                                                                               "t"                                              \
                                                                                               "_"                                              \
                                                                                               "f"                                              \
                                                                                               "i"                                              \
                                                                                               "r"                                              \
                                                                                               "s"                                              \
                                                                                               "t")                                             \
                                              X(kL2CacheHint, "L2::cache_hint") X(                                                              \
                                                  kL2Bytes64,                                                                                   \
                                                  "L2::64B") X(kL2Bytes128,                                                                     \
                                                               "L2::"                                                                           \
                                                               "128B") X(kL2Bytes256,                                                           \
                                                                         "L2::256B") X(kL1, "L1")                                               \
                                                  X(kL2, "L2") X(kM8n8, "m8n8") X(kX1, "x1") X(                                                 \
                                                      kX2, "x2") X(kX4, "x4")                                                                   \
                                                      X(kTrans, "trans") X(                                                                     \
                                                          kM16n8k4,                                                                             \
                                                          "m16n8k"                                                                              \
                                                          "4") X(kM16n8k8,                                                                      \
                                                                 "m16n8k8") X(kM16n8k16, "m16n8k1"                                              \
                                                                                         "6")                                                   \
                                                          X(kM16n8k32, "m16n8k32") X(                                                           \
                                                              kRow,                                                                             \
                                                              "row") X(kCol,                                                                    \
                                                                       "col") X(kUp, "up")                                                      \
                                                              X(kDown, "down") X(kBfly, "bfly") X(                                              \
                                                                  kIdx,                                                                         \
                                                                  "idx") X(kBallot,                                                             \
                                                                           "ballot") X(kAny,                                                    \
                                                                                       "any")                                                   \
                                                                  X(kAll, "all") X(kL, "l") X(                                                  \
                                                                      kR,                                                                       \
                                                                      "r") X(kWrap,                                                             \
                                                                             "wrap") X(kClamp,                                                  \
                                                                                       "clam"                                                   \
                                                                                       "p")                                                     \
                                                                      X(kShiftamt, "shiftamt") X(                                               \
                                                                          kFinite, "finite") X(kInfinite,                                       \
                                                                                               "i"                                              \
                                                                                               "n"                                              \
                                                                                               "f"                                              \
                                                                                               "i"                                              \
                                                                                               "n"                                              \
                                                                                               "i"                                              \
                                                                                               "t"                                              \
                                                                                               "e")                                             \
                                                                          X(kNumber, "number") X(                                               \
                                                                              kNotanumber,                                                      \
                                                                              "notanumber")                                                     \
                                                                              X(kNormal, "normal") X(                                           \
                                                                                  kSubnormal,                                                   \
                                                                                  "subnormal") X(kAdd,                                          \
                                                                                                 "add")                                         \
                                                                                  X(kMin, "min") X(                                             \
                                                                                      kMax,                                                     \
                                                                                      "max") X(kInc,                                            \
                                                                                               "i"                                              \
                                                                                               "n"                                              \
                                                                                               "c")                                             \
                                                                                      X(kDec,                                                   \
                                                                                        "de"                                                    \
                                                                                        "c") X(kExch,                                           \
                                                                                               "e"                                              \
                                                                                               "x"                                              \
                                                                                               "c"                                              \
                                                                                               "h")                                             \
                                                                                          X(kCas,                                               \
                                                                                            "cas") X(kArrive,                                   \
                                                                                                     "arrive") X(kRed,                          \
                                                                                                                 "red") X(kWarp,                \
                                                                                                                          "warp")               \
                                                                                              X(kAsync,                                         \
                                                                                                "async") X(kCommitGroup,                        \
                                                                                                           "commit_group") X(kWaitGroup,        \
                                                                                                                             "wait_group")      \
                                                                                                  X(kWaitAll,                                   \
                                                                                                    "wait_all")                                 \
                                                                                                      X(kTo,                                    \
                                                                                                        "to")                                   \
                                                                                                          X(kNoftz,                             \
                                                                                                            "noftz") X(kF4e,                    \
                                                                                                                       "f4e") X(kB4e,           \
                                                                                                                                "b4e")          \
                                                                                                              X(kRc8,                           \
                                                                                                                "rc8") X(kEcl,                  \
                                                                                                                         "ecl")                 \
                                                                                                                  X(kEcr,                       \
                                                                                                                    "ecr") X(kRc16,             \
                                                                                                                             "rc16")            \
                                                                                                                      X(kLaunchDependents,      \
                                                                                                                        "launch_dependents")    \
                                                                                                                          X(kWait,              \
                                                                                                                            "wait")             \
                                                                                                                              X(kProxy,         \
                                                                                                                                "proxy")        \
                                                                                                                                  X(kNoReturn,  \
                                                                                                                                    "noreturn")
// clang-format on

// clang-format off
#define NRAM_PTX_TYPES(X)                                                                         \
  X(kPred, "pred", 0)                                                                             \
  X(kB8, "b8", 1)                                                                                 \
  X(kU8, "u8", 1)                                                                                 \
  X(kS8, "s8", 1) X(kB16, "b16", 2) X(kU16, "u16", 2) X(kS16, "s16", 2) X(kF16, "f16", 2)         \
      X(kBf16, "bf16", 2) X(kB32, "b32", 4) X(kU32, "u32", 4) X(kS32, "s32", 4) X(kF32, "f32", 4) \
          X(kF16x2, "f16x2", 4) X(kBf16x2, "bf16x2", 4) X(kU16x2, "u16x2", 4)                     \
              X(kS16x2, "s16x2", 4) X(kTf32, "tf32", 4) X(kB64, "b64", 8) X(kU64, "u64", 8)       \
                  X(kS64, "s64", 8) X(kF64, "f64", 8) X(kF32x2, "f32x2", 8) X(kB128, "b128", 16)
// clang-format on

#define NRAM_ENUMERATOR(name, spelling) name,
enum class Opcode : uint8_t { NRAM_PTX_OPCODES(NRAM_ENUMERATOR) };
enum class Modifier : uint8_t { NRAM_PTX_MODIFIERS(NRAM_ENUMERATOR) };
#undef NRAM_ENUMERATOR
#define NRAM_ENUMERATOR(name, spelling, bytes) name,
enum class Type : uint8_t { NRAM_PTX_TYPES(NRAM_ENUMERATOR) kNone };
#undef NRAM_ENUMERATOR

uint8_t bytes_of(Type type);  // of one value; 0 for a predicate
// Type::kNone if the text (without its dot) is no type.
Type type_named(std::string_view text);

struct Form {
  Opcode opcode = Opcode::kMov;
  std::array<uint64_t, 3> modifiers{};  // a bit set
  std::array<Type, 4> types{Type::kNone, Type::kNone, Type::kNone, Type::kNone};
  int type_count = 0;
  // What the decoder knows and the choice of a handler needs.
  int source_count = 0;        // operands after the destination
  uint8_t register_bytes = 0;  // of the destination's or the stored register; 0: predicate
  uint8_t source_bytes = 0;    // of the first source register of a conversion

  bool has(Modifier modifier) const {
    const auto bit = static_cast<unsigned>(modifier);
    return modifiers[bit / 64] >> bit % 64 & 1;
  }
  bool take(Modifier modifier) {
    const auto bit = static_cast<unsigned>(modifier);
    const bool was = modifiers[bit / 64] >> bit % 64 & 1;
    modifiers[bit / 64] &= ~(uint64_t{1} << bit % 64);
    return was;
  }
  bool all_taken() const { return (modifiers[0] | modifiers[1] | modifiers[2]) == 0; }
};

// Fills `form` from "ld.global.f32"; false and the first unknown part if there is one.
bool parse_form(std::string_view text, Form& form, std::string& unknown);
// The modifiers still there, as ".ftz.sat".
std::string left_over(const Form& form);

}  // namespace nram::simulator
