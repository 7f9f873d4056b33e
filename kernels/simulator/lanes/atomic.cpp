// atom and red: every lane in turn, indivisible towards the other host threads.
#include "kernels/simulator/lanes/access.h"
#include "kernels/simulator/lanes/half.h"

namespace nram::simulator::NRAM_LANES {

namespace {

struct Add {
  template <class T>
  static T of(T old, T value, T) {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<T>(static_cast<Wrapping<T>>(old) + static_cast<Wrapping<T>>(value));
    } else {
      return canonical(old + value);
    }
  }
};
struct Minimum {
  template <class T>
  static T of(T old, T value, T) {
    return value < old ? value : old;
  }
};
struct Maximum {
  template <class T>
  static T of(T old, T value, T) {
    return value > old ? value : old;
  }
};
struct And {
  template <class T>
  static T of(T old, T value, T) {
    return old & value;
  }
};
struct Or {
  template <class T>
  static T of(T old, T value, T) {
    return old | value;
  }
};
struct Xor {
  template <class T>
  static T of(T old, T value, T) {
    return old ^ value;
  }
};
struct Exchange {
  template <class T>
  static T of(T, T value, T) {
    return value;
  }
};
struct CompareAndSwap {
  template <class T>
  static T of(T old, T value, T desired) {
    return old == value ? desired : old;
  }
};
struct Increment {
  template <class T>
  static T of(T old, T value, T) {
    return old >= value ? T{0} : static_cast<T>(old + 1);
  }
};
struct Decrement {
  template <class T>
  static T of(T old, T value, T) {
    return old == 0 || old > value ? value : static_cast<T>(old - 1);
  }
};
// Sums of 16-bit floats, one or two in a word.
template <class Format, class Word>
struct HalfAdd {
  template <class T>
  static Word of(Word old, Word value, T) {
    Word result = 0;
    for (unsigned shift = 0; shift < sizeof(Word) * 8; shift += 16) {
      const double sum = static_cast<double>(Format::to_float(old >> shift & 0xFFFF)) +
                         static_cast<double>(Format::to_float(value >> shift & 0xFFFF));
      result = static_cast<Word>(result | Format::from_double(sum) << shift);
    }
    return result;
  }
};
template <class Format, class Word, bool kMax>
struct HalfMinMax {
  template <class T>
  static Word of(Word old, Word value, T) {
    Word result = 0;
    for (unsigned shift = 0; shift < sizeof(Word) * 8; shift += 16) {
      const uint32_t a = old >> shift & 0xFFFF, b = value >> shift & 0xFFFF;
      const float x = Format::to_float(a), y = Format::to_float(b);
      const bool second = x != x || (kMax ? y > x : y < x);
      result = static_cast<Word>(result | (second ? b : a) << shift);
    }
    return result;
  }
};

template <class T>
using Bits = std::conditional_t<sizeof(T) == 2, uint16_t,
                                std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>;

// Returns the old value.
template <class T, class Operation>
T exchange(uintptr_t address, T value, T desired) {
  auto* cell = reinterpret_cast<Bits<T>*>(address);
  Bits<T> old = __atomic_load_n(cell, __ATOMIC_RELAXED);
  while (true) {
    const T result = Operation::of(bits_as<T>(old), value, desired);
    if (__atomic_compare_exchange_n(cell, &old, bits_as<Bits<T>>(result), false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED)) {
      return bits_as<T>(old);
    }
  }
}

template <class T, class Operation>
void atomic(Warp& warp, const Instruction& in, uint32_t mask) {
  Access access = access_of(warp, in, mask, AccessKind::kAtomic);
  access.releases = (in.variant & 0x80) != 0;
  const RegisterOperand* operands = &warp.worker->launch.code.operands[in.list];
  const int outputs = in.list_outputs;  // of a vector
  if (warp.worker->count) warp.worker->counts_of(in).atomics += 1;
  targets(warp, in, access, [&](uint32_t lanes, uintptr_t base) {
    for_each_lane(lanes, [&](int lane) {
      const T desired = in.c == kNoRegister ? T{} : warp.lanes<T>(in.c)[lane];
      for (int i = 0; i < in.elements; ++i) {
        const uintptr_t address =
            base + access.address[lane] + static_cast<uintptr_t>(i) * sizeof(T);
        const T value = warp.lanes<T>(operands[outputs + i].offset)[lane];
        const T old = exchange<T, Operation>(address, value, desired);
        const int32_t result = outputs > 0 ? operands[i].offset : in.d;
        if (result != kNoRegister) warp.lanes<T>(result)[lane] = old;
      }
    });
  });
}

template <class Unsigned, class Signed>
Handler of_integer(Form& form, bool sign) {
  if (form.take(Modifier::kAdd)) return &atomic<Unsigned, Add>;
  if (form.take(Modifier::kMin)) {
    return sign ? &atomic<Signed, Minimum> : &atomic<Unsigned, Minimum>;
  }
  if (form.take(Modifier::kMax)) {
    return sign ? &atomic<Signed, Maximum> : &atomic<Unsigned, Maximum>;
  }
  if (form.take(Modifier::kInc)) return &atomic<Unsigned, Increment>;
  if (form.take(Modifier::kDec)) return &atomic<Unsigned, Decrement>;
  if (form.take(Modifier::kAnd)) return &atomic<Unsigned, And>;
  if (form.take(Modifier::kOr)) return &atomic<Unsigned, Or>;
  if (form.take(Modifier::kXor)) return &atomic<Unsigned, Xor>;
  if (form.take(Modifier::kExch)) return &atomic<Unsigned, Exchange>;
  if (form.take(Modifier::kCas)) return &atomic<Unsigned, CompareAndSwap>;
  return nullptr;
}

template <class Format, class Word>
Handler of_half(Form& form) {
  form.take(Modifier::kNoftz);
  if (form.take(Modifier::kAdd)) return &atomic<Word, HalfAdd<Format, Word>>;
  if (form.take(Modifier::kMin)) return &atomic<Word, HalfMinMax<Format, Word, false>>;
  if (form.take(Modifier::kMax)) return &atomic<Word, HalfMinMax<Format, Word, true>>;
  return nullptr;
}

}  // namespace

Handler select_atomic(Form& form, Instruction& in) {
  if (form.type_count != 1) return nullptr;
  if (in.space != Space::kGeneric && in.space != Space::kGlobal && in.space != Space::kShared) {
    return nullptr;
  }
  switch (form.types[0]) {
    case Type::kB16:
      return form.take(Modifier::kCas) ? &atomic<uint16_t, CompareAndSwap> : nullptr;
    case Type::kB32:
    case Type::kU32:
      return of_integer<uint32_t, int32_t>(form, false);
    case Type::kS32:
      return of_integer<uint32_t, int32_t>(form, true);
    case Type::kB64:
    case Type::kU64:
      return of_integer<uint64_t, int64_t>(form, false);
    case Type::kS64:
      return of_integer<uint64_t, int64_t>(form, true);
    case Type::kF32:
      return form.take(Modifier::kAdd) ? &atomic<float, Add> : nullptr;
    case Type::kF64:
      return form.take(Modifier::kAdd) ? &atomic<double, Add> : nullptr;
    case Type::kF16:
      return of_half<F16, uint16_t>(form);
    case Type::kF16x2:
      return of_half<F16, uint32_t>(form);
    case Type::kBf16:
      return of_half<Bf16, uint16_t>(form);
    case Type::kBf16x2:
      return of_half<Bf16, uint32_t>(form);
    default:
      return nullptr;
  }
}

}  // namespace nram::simulator::NRAM_LANES
