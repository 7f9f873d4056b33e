// Random kernels, written as PTX and evaluated thread by thread on the host: integers, floats,
// conversions, predicates, branches and loops that lanes take apart, shared memory and shuffles.
// NRAM_FUZZ_SECONDS sets how long (2 by default), NRAM_FUZZ_SEED where to begin.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>

#include "tests/simulator/harness.h"

namespace nram::simulator::test {
namespace {

constexpr uint32_t kThreads = 64;
constexpr size_t kIntegers = 6, kFloats = 4;

struct Thread {
  uint32_t r[kIntegers];
  float f[kFloats];
};

float as_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
uint32_t as_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return value != value ? 0x7FFFFFFF : bits;  // the card's one NaN
}

// Writes a program and runs it on the host as it goes; `active` are the threads that are here.
class Program {
 public:
  explicit Program(uint64_t seed) : random_(seed), threads_(kThreads) {
    for (uint32_t i = 0; i < kThreads; ++i) {
      for (size_t k = 0; k < kIntegers; ++k) {
        threads_[i].r[k] = i * 2654435761u * static_cast<uint32_t>(k + 1) + pick(1000);
      }
      for (size_t k = 0; k < kFloats; ++k) {
        threads_[i].f[k] = static_cast<float>(static_cast<int>(pick(2001)) - 1000) / 8;
      }
    }
    start_ = threads_;
    const std::vector<bool> all(kThreads, true);
    for (int i = 0; i < 12; ++i) {
      if (pick(6) == 0) exchange();
      statement(all, 0);
    }
  }

  std::string text;
  const std::vector<Thread>& start() const { return start_; }
  const std::vector<Thread>& end() const { return threads_; }

 private:
  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }
  size_t integer() { return pick(kIntegers); }
  static std::string r(size_t index) { return "%r" + std::to_string(index); }
  static std::string f(size_t index) { return "%f" + std::to_string(index); }
  template <class Function>
  void each(const std::vector<bool>& active, Function function) {
    for (uint32_t i = 0; i < kThreads; ++i) {
      if (active[i]) function(threads_[i]);
    }
  }

  void statement(const std::vector<bool>& active, int depth) {
    switch (pick(depth < 3 ? 8 : 5)) {
      case 0:
      case 1:
        integers(active);
        break;
      case 2:
      case 3:
        floats(active);
        break;
      case 4:
        conversions(active);
        break;
      case 5:
        select(active);
        break;
      case 6:
        branch(active, depth);
        break;
      default:
        loop(active, depth);
        break;
    }
  }

  void integers(const std::vector<bool>& active) {
    struct Operation {
      const char* name;
      uint32_t (*of)(uint32_t, uint32_t);
    };
    static constexpr Operation kAll[] = {
        {"add.u32", [](uint32_t a, uint32_t b) { return a + b; }},
        {"sub.s32", [](uint32_t a, uint32_t b) { return a - b; }},
        {"mul.lo.u32", [](uint32_t a, uint32_t b) { return a * b; }},
        {"mul.hi.u32",
         [](uint32_t a, uint32_t b) { return static_cast<uint32_t>(uint64_t{a} * b >> 32); }},
        {"mul.hi.s32",
         [](uint32_t a, uint32_t b) {
           return static_cast<uint32_t>(
               int64_t{static_cast<int32_t>(a)} * static_cast<int32_t>(b) >> 32);
         }},
        {"div.u32", [](uint32_t a, uint32_t b) { return b == 0 ? ~0u : a / b; }},
        {"rem.u32", [](uint32_t a, uint32_t b) { return b == 0 ? a : a % b; }},
        {"min.u32", [](uint32_t a, uint32_t b) { return a < b ? a : b; }},
        {"max.s32",
         [](uint32_t a, uint32_t b) {
           return static_cast<int32_t>(a) > static_cast<int32_t>(b) ? a : b;
         }},
        {"and.b32", [](uint32_t a, uint32_t b) { return a & b; }},
        {"or.b32", [](uint32_t a, uint32_t b) { return a | b; }},
        {"xor.b32", [](uint32_t a, uint32_t b) { return a ^ b; }},
        {"shl.b32", [](uint32_t a, uint32_t b) { return b < 32 ? a << b : 0; }},
        {"shr.u32", [](uint32_t a, uint32_t b) { return b < 32 ? a >> b : 0; }},
        {"shr.s32",
         [](uint32_t a, uint32_t b) {
           return static_cast<uint32_t>(static_cast<int32_t>(a) >> (b < 31 ? b : 31));
         }},
    };
    const Operation& operation = kAll[pick(static_cast<uint32_t>(std::size(kAll)))];
    const size_t d = integer(), a = integer(), b = integer();
    text += std::string(operation.name) + " " + r(d) + ", " + r(a) + ", " + r(b) + ";\n";
    each(active, [&](Thread& t) { t.r[d] = operation.of(t.r[a], t.r[b]); });
  }

  void floats(const std::vector<bool>& active) {
    const uint32_t which = pick(6);
    static constexpr const char* kNames[] = {"add.rn.f32", "sub.rn.f32", "mul.rn.f32",
                                             "div.rn.f32", "fma.rn.f32", "max.f32"};
    const size_t d = pick(kFloats), a = pick(kFloats), b = pick(kFloats), c = pick(kFloats);
    text += std::string(kNames[which]) + " " + f(d) + ", " + f(a) + ", " + f(b) +
            (which == 4 ? ", " + f(c) : "") + ";\n";
    each(active, [&](Thread& t) {
      const float x = t.f[a], y = t.f[b];
      const float results[] = {x + y,
                               x - y,
                               x * y,
                               x / y,
                               std::fma(x, y, t.f[c]),
                               x == 0 && y == 0 ? x + y : std::fmax(x, y)};
      t.f[d] = as_float(as_bits(results[which]));
    });
  }

  void conversions(const std::vector<bool>& active) {
    const size_t i = integer(), k = pick(kFloats);
    if (pick(2) == 0) {
      text += "cvt.rn.f32.s32 " + f(k) + ", " + r(i) + ";\n";
      each(active, [&](Thread& t) { t.f[k] = static_cast<float>(static_cast<int32_t>(t.r[i])); });
      return;
    }
    text += "cvt.rzi.s32.f32 " + r(i) + ", " + f(k) + ";\n";
    each(active, [&](Thread& t) {
      const double value = static_cast<double>(t.f[k]);
      const double bounded = std::fmin(std::fmax(value, -2147483648.0), 2147483647.0);
      t.r[i] = value != value ? 0 : static_cast<uint32_t>(static_cast<int32_t>(bounded));
    });
  }

  void select(const std::vector<bool>& active) {
    const size_t d = integer(), a = integer(), b = integer();
    text += "setp.lt.s32 %q1, " + r(a) + ", " + r(b) + "; selp.b32 " + r(d) + ", " + r(a) + ", " +
            r(b) + ", %q1;\n";
    each(active, [&](Thread& t) {
      t.r[d] = static_cast<int32_t>(t.r[a]) < static_cast<int32_t>(t.r[b]) ? t.r[a] : t.r[b];
    });
  }

  std::string label() { return "L" + std::to_string(labels_++); }

  void branch(const std::vector<bool>& active, int depth) {
    const size_t a = integer();
    const uint32_t bit = pick(8);
    const std::string otherwise = label(), after = label();
    std::vector<bool> yes = active, no = active;
    for (uint32_t i = 0; i < kThreads; ++i) {
      const bool set = (threads_[i].r[a] >> bit & 1) != 0;
      yes[i] = active[i] && set;
      no[i] = active[i] && !set;
    }
    text += "and.b32 %r20, " + r(a) + ", " + std::to_string(1u << bit) +
            "; setp.eq.u32 %q1, %r20, 0; @%q1 bra " + otherwise + ";\n";
    statement(yes, depth + 1);
    text += "bra " + after + ";\n" + otherwise + ":\n";
    statement(no, depth + 1);
    text += after + ":\n";
  }

  // As many times as a register says, which its lanes disagree on; the body is one operation.
  void loop(const std::vector<bool>& active, int depth) {
    const size_t a = integer();
    const std::string counter = "%r" + std::to_string(21 + depth), again = label(), end = label();
    std::vector<uint32_t> left(kThreads);
    for (uint32_t i = 0; i < kThreads; ++i) left[i] = threads_[i].r[a] & 3;
    text += "and.b32 " + counter + ", " + r(a) + ", 3;\n" + again + ":\nsetp.eq.u32 %q1, " +
            counter + ", 0; @%q1 bra " + end + ";\n";
    const std::string before = text;
    const auto state = random_;
    for (int turn = 0; turn < 3; ++turn) {
      std::vector<bool> here(kThreads);
      for (uint32_t i = 0; i < kThreads; ++i) here[i] = active[i] && left[i] > 0 && left[i]-- > 0;
      random_ = state;  // the same operation each time
      text = before;
      pick(2) == 0 ? integers(here) : floats(here);
    }
    text += "sub.u32 " + counter + ", " + counter + ", 1; bra " + again + ";\n" + end + ":\n";
  }

  // All threads hand a value on, by a shuffle or through shared memory.
  void exchange() {
    const size_t d = integer(), a = integer();
    const uint32_t distance = pick(31) + 1;
    const std::vector<Thread> before = threads_;
    const bool shuffle = pick(2) == 0;
    const std::string number = std::to_string(distance);
    if (shuffle) {
      text += "shfl.sync.bfly.b32 " + r(d) + ", " + r(a) + ", " + number + ", 31, -1;\n";
    } else {
      text += "bar.sync 0; st.shared.u32 [%r16], " + r(a) + "; xor.b32 %r17, %r15, " + number +
              "; shl.b32 %r17, %r17, 2; add.u32 %r17, %r17, %r18; bar.sync 0; ld.shared.u32 " +
              r(d) + ", [%r17];\n";
    }
    for (uint32_t i = 0; i < kThreads; ++i) threads_[i].r[d] = before[i ^ distance].r[a];
  }

  std::mt19937_64 random_;
  std::vector<Thread> threads_, start_;
  int labels_ = 0;
};

std::string whole_text(const Program& program, int target) {
  std::string text = R"(
.reg .b32 %r<40>; .reg .f32 %f<8>; .reg .pred %q<4>; .reg .b64 %rd<4>;
.shared .align 4 .b8 tile[256];
mov.u32 %r15, %tid.x; mov.u32 %r18, tile; shl.b32 %r16, %r15, 2; add.u32 %r16, %r16, %r18;
mul.wide.u32 %rd0, %r15, 40; add.s64 %rd0, %rd0, %p0;
)";
  std::string store;
  for (size_t i = 0; i < kIntegers + kFloats; ++i) {
    const bool real = i >= kIntegers;
    const std::string name = (real ? ".f32 " : ".u32 ");
    const std::string reg = (real ? "%f" : "%r") + std::to_string(real ? i - kIntegers : i);
    const std::string at = "[%rd0+" + std::to_string(i * 4) + "]";
    text += "ld.global" + name + reg + ", " + at + ";\n";
    store += "st.global" + name + at + ", " + reg + ";\n";
  }
  return kernel_text(text + program.text + store, 1, target);
}

void expect_agreement(uint64_t seed) {
  static_assert(sizeof(Thread) == 40);
  const Program program(seed);
  constexpr int kTargets[] = {75, 80, 90, 100};
  const std::string text = whole_text(program, kTargets[seed % 4]);
  Gpu gpu(text);
  gpu.options.seed = seed % 3;
  const uint64_t at = gpu.array(program.start());
  const LaunchReport report = gpu.launch("kernel", {1}, {kThreads}, at);
  ASSERT_EQ(texts(report), "") << "seed " << seed << text;
  const auto got = gpu.values<Thread>(at, kThreads);
  for (uint32_t i = 0; i < kThreads; ++i) {
    for (size_t k = 0; k < kIntegers; ++k) {
      ASSERT_EQ(got[i].r[k], program.end()[i].r[k]) << "seed " << seed << " thread " << i << text;
    }
    for (size_t k = 0; k < kFloats; ++k) {
      ASSERT_EQ(as_bits(got[i].f[k]), as_bits(program.end()[i].f[k]))
          << "seed " << seed << " thread " << i << " float " << k << text;
    }
  }
}

double setting(const char* name, double otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atof(value);
}

TEST(Fuzz, RandomKernelsAgreeWithTheHost) {
  const auto start = std::chrono::steady_clock::now();
  const double seconds = setting("NRAM_FUZZ_SECONDS", 2);
  auto seed = static_cast<uint64_t>(setting("NRAM_FUZZ_SEED", 1));
  int count = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() <
         seconds) {
    expect_agreement(seed++);
    ++count;
    if (HasFatalFailure()) return;
  }
  RecordProperty("kernels", count);
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace nram::simulator::test
