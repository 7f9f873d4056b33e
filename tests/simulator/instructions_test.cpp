// Instructions that need a whole warp or block, and what is refused, in hand-written PTX against
// the host. Fragment layouts are those of the PTX documentation, element by element.
#include <cmath>
#include <functional>

#include "tests/simulator/harness.h"

namespace nram::simulator::test {
namespace {

const std::string kLanes = R"(
.reg .b32 %r<40>; .reg .b64 %rd<20>; .reg .f32 %f<20>; .reg .pred %q<10>; .reg .b16 %h<4>;
mov.u32 %r0, %tid.x;
mul.wide.u32 %rd0, %r0, 4;
add.s64 %rd1, %rd0, %p0;
add.s64 %rd2, %rd0, %p1;
)";

// Runs `body` on one block; thread i begins with %rd1 at input[i] and %rd2 at output[i].
std::vector<uint32_t> outcome(const std::string& body, const std::vector<uint32_t>& input,
                              size_t outputs, uint32_t threads = 32, int target = 80) {
  Gpu gpu(kernel_text(kLanes + body, 2, target));
  const uint64_t from = gpu.array(input, "input");
  const uint64_t to = gpu.array(std::vector<uint32_t>(outputs, 0), "output");
  const LaunchReport report = gpu.launch("kernel", {1}, {threads}, from, to);
  EXPECT_EQ(texts(report), "");
  return gpu.values<uint32_t>(to, outputs);
}

// outcome() of an instruction that makes %r2 of %r1, thread by thread, against a host function.
void expect_each(const std::string& instruction, const std::function<uint32_t(uint32_t)>& expected,
                 uint32_t threads = 32) {
  std::vector<uint32_t> input(threads);
  for (uint32_t i = 0; i < threads; ++i) input[i] = 1000 + i * i % 97;
  const auto got =
      outcome("ld.global.u32 %r1, [%rd1];" + instruction + "st.global.u32 [%rd2], %r2;", input,
              threads, threads);
  for (uint32_t i = 0; i < threads; ++i) ASSERT_EQ(got[i], expected(i)) << instruction << i;
}

uint32_t input_of(uint32_t lane) { return 1000 + lane * lane % 97; }

TEST(Instructions, Shuffles) {
  expect_each("shfl.sync.up.b32 %r2, %r1, 3, 0, -1;",
              [](uint32_t i) { return input_of(i >= 3 ? i - 3 : i); });
  expect_each("shfl.sync.down.b32 %r2, %r1, 3, 31, -1;",
              [](uint32_t i) { return input_of(i + 3 < 32 ? i + 3 : i); });
  expect_each("shfl.sync.bfly.b32 %r2, %r1, 5, 31, -1;",
              [](uint32_t i) { return input_of(i ^ 5); });
  // Segments of 8 lanes: the mask is 24 = 0x18.
  expect_each("shfl.sync.idx.b32 %r2, %r1, 2, 0x181F, -1;",
              [](uint32_t i) { return input_of((i & 0x18) | 2); });
  expect_each("shfl.sync.down.b32 %r2|%q0, %r1, 6, 0x181F, -1; selp.u32 %r2, %r2, 7, %q0;",
              [](uint32_t i) { return i % 8 + 6 < 8 ? input_of(i + 6) : 7u; });
}

TEST(Instructions, VotesMatchesAndReductions) {
  const std::string odd = "and.b32 %r3, %r0, 1; setp.eq.u32 %q0, %r3, 1;";
  expect_each(odd + "vote.sync.ballot.b32 %r2, %q0, -1;", [](uint32_t) { return 0xAAAAAAAA; });
  expect_each(odd + "vote.sync.all.pred %q1, %q0, -1; selp.u32 %r2, 1, 0, %q1;",
              [](uint32_t) { return 0u; });
  expect_each(odd + "vote.sync.any.pred %q1, !%q0, -1; selp.u32 %r2, 1, 0, %q1;",
              [](uint32_t) { return 1u; });
  expect_each("and.b32 %r3, %r0, 7; match.any.sync.b32 %r2, %r3, -1;",
              [](uint32_t i) { return 0x01010101u << i % 8; });
  expect_each("redux.sync.add.u32 %r2, %r0, -1;", [](uint32_t) { return 496u; });
  expect_each("sub.s32 %r3, 5, %r0; redux.sync.min.s32 %r2, %r3, -1;",
              [](uint32_t) { return static_cast<uint32_t>(-26); });
  expect_each("shl.b32 %r3, 1, %r0; redux.sync.or.b32 %r2, %r3, -1;",
              [](uint32_t) { return 0xFFFFFFFF; });
  expect_each("setp.lt.u32 %q0, %r0, 9; mov.u32 %r2, 0; @%q0 activemask.b32 %r2;",
              [](uint32_t i) { return i < 9 ? 0x1FFu : 0u; });
}

TEST(Instructions, BarriersReduceAndHaveNames) {
  expect_each(
      "setp.lt.u32 %q0, %r0, 40; barrier.cta.red.popc.aligned.u32 %r2, 0, %q0;",
      [](uint32_t) { return 40u; }, 96);
  expect_each(
      "setp.lt.u32 %q0, %r0, 95; bar.red.and.pred %q1, 0, %q0; selp.u32 %r2, 1, 0, %q1;",
      [](uint32_t) { return 0u; }, 96);
  // Warp 0 produces, warp 1 consumes: it alone waits.
  const std::string hand_over = R"(
.shared .align 4 .b8 tile[128];
mov.u32 %r3, tile; and.b32 %r4, %r0, 31; shl.b32 %r4, %r4, 2; add.u32 %r3, %r3, %r4;
mov.u32 %r2, 0;
setp.ge.u32 %q0, %r0, 32;
@%q0 bra consume;
st.shared.u32 [%r3], %r1;
bar.arrive 1, 64;
bra done;
consume:
bar.sync 1, 64;
ld.shared.u32 %r2, [%r3];
done:
)";
  expect_each(
      hand_over, [](uint32_t i) { return i < 32 ? 0 : input_of(i - 32); }, 64);
}

TEST(Instructions, AtomicsOfAllWidths) {
  const auto last = [](const std::string& body) {
    return outcome(body, std::vector<uint32_t>(64, 0), 64, 64)[0];
  };
  EXPECT_EQ(last("red.global.add.u32 [%p1], 3;"), 192u);
  EXPECT_EQ(last("atom.global.max.s32 %r1, [%p1], %r0;"), 63u);
  EXPECT_EQ(last("atom.global.inc.u32 %r1, [%p1], 9;"), 4u);  // 64 steps modulo 10
  EXPECT_EQ(last("shr.u32 %r2, %r0, 1; and.b32 %r2, %r2, 31; shl.b32 %r2, 1, %r2;"
                 "atom.global.or.b32 %r1, [%p1], %r2;"),
            0xFFFFFFFF);
  EXPECT_EQ(last("red.relaxed.gpu.global.add.f32 [%p1], 0f3F000000;"), 0x42000000u);  // 32
  EXPECT_EQ(last("cvt.u64.u32 %rd3, %r0; red.global.add.u64 [%p1], %rd3;"), 2016u);
  EXPECT_EQ(last("atom.global.cas.b32 %r1, [%p1], %r0, 77;"), 77u);  // thread 0 finds its 0
  EXPECT_EQ(last("mov.b16 %h0, 0x3F80; red.global.add.noftz.bf16 [%p1], %h0;"), 0x4280u);  // 64
}

TEST(Instructions, RoundsInEveryDirection) {
  // 1 + 2^-24 lies between 1 and its neighbour; so does its negative.
  const auto sum = [](const std::string& mode, const std::string& sign) {
    return outcome("add." + mode + ".f32 %f1, 0f" + sign + "F800000, 0f" +
                       (sign == "3" ? "33800000" : "B3800000") +
                       "; mov.b32 %r2, %f1;"
                       "st.global.u32 [%rd2], %r2;",
                   {0}, 1, 1)[0];
  };
  EXPECT_EQ(sum("rn", "3"), 0x3F800000u);
  EXPECT_EQ(sum("rz", "3"), 0x3F800000u);
  EXPECT_EQ(sum("rm", "3"), 0x3F800000u);
  EXPECT_EQ(sum("rp", "3"), 0x3F800001u);
  EXPECT_EQ(sum("rz", "B"), 0xBF800000u);
  EXPECT_EQ(sum("rm", "B"), 0xBF800001u);
  EXPECT_EQ(sum("rp", "B"), 0xBF800000u);
}

TEST(Instructions, MatricesFromSharedMemory) {
  // 8 rows of 8 16-bit elements, each 100 row + column, loaded plainly and transposed, and stored.
  const std::string begin = R"(
.shared .align 16 .b8 tile[256];
mov.u32 %r3, tile; shl.b32 %r4, %r0, 2; add.u32 %r5, %r3, %r4;
ld.global.u32 %r1, [%rd1]; st.shared.u32 [%r5], %r1; bar.sync 0;
and.b32 %r6, %r0, 7; shl.b32 %r6, %r6, 4; add.u32 %r6, %r3, %r6;
)";
  std::vector<uint32_t> words(32);
  const auto element = [](uint32_t row, uint32_t column) { return 100 * row + column; };
  for (uint32_t i = 0; i < 32; ++i) {
    words[i] = element(i / 4, i % 4 * 2) | element(i / 4, i % 4 * 2 + 1) << 16;
  }
  const std::string write = "st.global.u32 [%rd2], %r2;";
  EXPECT_EQ(
      outcome(begin + "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r2}, [%r6];" + write, words, 32),
      words);
  const auto transposed = outcome(
      begin + "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r2}, [%r6];" + write, words, 32);
  for (uint32_t i = 0; i < 32; ++i) {
    ASSERT_EQ(transposed[i], element(i % 4 * 2, i / 4) | element(i % 4 * 2 + 1, i / 4) << 16);
  }
  EXPECT_EQ(outcome(begin +
                        "stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%r6+128], {%r1};"
                        "bar.sync 0; ld.shared.u32 %r2, [%r5+128];" +
                        write,
                    words, 32, 32, 90),
            transposed);
}

TEST(Instructions, LoadsOfFourWords) {
  std::vector<uint32_t> words(128);
  for (uint32_t i = 0; i < 128; ++i) words[i] = 5 * i + 1;
  // Lane i reads the quad of lane i ^ 5, all lanes or some of them.
  for (const char* guard : {"", "@%q0 "}) {
    std::string body =
        "setp.ne.u32 %q0, %r0, 7; mov.u32 %r10, 0; mov.u32 %r11, 0; mov.u32 %r12, 0;"
        "mov.u32 %r13, 0; xor.b32 %r4, %r0, 5; mul.wide.u32 %rd3, %r4, 16;"
        "add.s64 %rd3, %rd3, %p0;" +
        std::string(guard) + "ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%rd3];";
    for (int i = 0; i < 4; ++i) {
      body += "st.global.u32 [%rd2+" + std::to_string(i * 128) + "], %r1" + std::to_string(i) + ";";
    }
    const auto got = outcome(body, words, 128);
    for (uint32_t i = 0; i < 128; ++i) {
      const uint32_t lane = i % 32, from = (lane ^ 5) * 4 + i / 32;
      ASSERT_EQ(got[i], *guard != 0 && lane == 7 ? 0 : words[from]) << i;
    }
  }
}

TEST(Instructions, FourMatricesAtOnce) {
  std::vector<uint32_t> words(128);
  for (uint32_t i = 0; i < 128; ++i) words[i] = 3 * i + 1;
  std::string body =
      ".shared .align 16 .b8 tile[512]; mov.u32 %r3, tile; shl.b32 %r4, %r0, 2;"
      "add.u32 %r4, %r3, %r4; shl.b32 %r5, %r0, 4; add.u32 %r5, %r3, %r5;";
  std::string stores;
  for (int i = 0; i < 4; ++i) {
    const std::string at = "+" + std::to_string(i * 128) + "]";
    body += "ld.global.u32 %r1, [%rd1" + at + "; st.shared.u32 [%r4" + at + ", %r1;";
    stores += "st.global.u32 [%rd2" + at + ", %r1" + std::to_string(i) + ";";
  }
  EXPECT_EQ(outcome(body +
                        "bar.warp.sync -1; ldmatrix.sync.aligned.m8n8.x4.shared.b16 "
                        "{%r10, %r11, %r12, %r13}, [%r5];" +
                        stores,
                    words, 128),
            words);
}

// Where element i of a lane's fragment lies, by the number of elements a 32-bit register holds.
struct Place {
  int row, column;
};
Place left_place(int lane, int i, int packed) {
  const int g = lane / 4, t = lane % 4;
  const int in_register = i % packed, which = i / packed;
  return {which % 2 == 0 ? g : g + 8, t * packed + in_register + (which < 2 ? 0 : 4 * packed)};
}
Place right_place(int lane, int i, int packed) {
  return {lane % 4 * packed + i % packed + (i < packed ? 0 : 4 * packed), lane / 4};
}
Place sum_place(int lane, int i) { return {lane / 4 + (i < 2 ? 0 : 8), lane % 4 * 2 + i % 2}; }

struct MmaCase {
  std::string name, types;
  int depth, packed;
  std::function<uint32_t(int)> encode;  // a small integer as an element
  bool integer = false;
};
int left_value(int row, int k) { return (row * 7 + k * 5) % 11 - 5; }
int right_value(int k, int column) { return (k * 3 + column * 4) % 9 - 4; }

std::string registers(const char* name, int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += std::string(i > 0 ? "," : "") + name + std::to_string(i);
  return text + "}";
}

void expect_product(const MmaCase& test) {
  const int left = test.depth / (4 * test.packed) * 2, right = left / 2;
  std::vector<uint32_t> words(static_cast<size_t>(left + right) * 32, 0);
  const auto put = [&](int reg, int lane, int in_register, int value) {
    words[static_cast<size_t>(reg * 32 + lane)] |= test.encode(value)
                                                   << in_register * (32 / test.packed);
  };
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < left * test.packed; ++i) {
      const Place place = left_place(lane, i, test.packed);
      put(i / test.packed, lane, i % test.packed, left_value(place.row, place.column));
    }
    for (int i = 0; i < right * test.packed; ++i) {
      const Place place = right_place(lane, i, test.packed);
      put(left + i / test.packed, lane, i % test.packed, right_value(place.row, place.column));
    }
  }
  std::string body = ".reg .b32 %a<4>, %b<2>, %d<4>;";
  for (int i = 0; i < left + right; ++i) {
    body += "ld.global.u32 " + std::string(i < left ? "%a" : "%b") +
            std::to_string(i < left ? i : i - left) + ", [%rd1+" + std::to_string(i * 128) + "];";
  }
  for (int i = 0; i < 4; ++i) body += "mov.b32 %d" + std::to_string(i) + ", 0;";
  body += "mma.sync.aligned." + test.name + ".row.col." + test.types + " " + registers("%d", 4) +
          ", " + registers("%a", left) + ", " + registers("%b", right) + ", " + registers("%d", 4) +
          ";";
  for (int i = 0; i < 4; ++i) {
    body += "st.global.u32 [%rd2+" + std::to_string(i * 128) + "], %d" + std::to_string(i) + ";";
  }
  const auto got = outcome(body, words, 128);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Place place = sum_place(lane, i);
      int expected = 0;
      for (int k = 0; k < test.depth; ++k) {
        expected += left_value(place.row, k) * right_value(k, place.column);
      }
      const uint32_t bits = got[static_cast<size_t>(i * 32 + lane)];
      float value = 0;
      std::memcpy(&value, &bits, sizeof value);
      const int result = test.integer ? static_cast<int>(bits) : static_cast<int>(value);
      ASSERT_EQ(result, expected) << test.name << " " << test.types << " lane " << lane << " " << i;
    }
  }
}

uint32_t float_bits(int value) {
  const auto real = static_cast<float>(value);
  uint32_t bits = 0;
  std::memcpy(&bits, &real, sizeof bits);
  return bits;
}
uint32_t half_bits(int value) {  // exact for small integers
  if (value == 0) return 0;
  const uint32_t bits = float_bits(value);
  return (bits >> 16 & 0x8000) | ((bits >> 23 & 0xFF) - 112) << 10 | (bits >> 13 & 0x3FF);
}

TEST(Instructions, ProductsOnTensorCores) {
  const auto brain = [](int value) { return float_bits(value) >> 16; };
  const auto byte = [](int value) { return static_cast<uint32_t>(value) & 0xFF; };
  expect_product({"m16n8k4", "f32.tf32.tf32.f32", 4, 1, float_bits});
  expect_product({"m16n8k8", "f32.tf32.tf32.f32", 8, 1, float_bits});
  expect_product({"m16n8k8", "f32.bf16.bf16.f32", 8, 2, brain});
  expect_product({"m16n8k16", "f32.bf16.bf16.f32", 16, 2, brain});
  expect_product({"m16n8k8", "f32.f16.f16.f32", 8, 2, half_bits});
  expect_product({"m16n8k16", "f32.f16.f16.f32", 16, 2, half_bits});
  expect_product({"m16n8k16", "s32.s8.s8.s32", 16, 4, byte, true});
  expect_product({"m16n8k32", "s32.s8.s8.s32", 32, 4, byte, true});
}

TEST(Instructions, SeedsChangeTheOrderAndNotTheResult) {
  const std::string text = kernel_text(kLanes + R"(
mov.u32 %r1, %ctaid.x; shl.b32 %r2, %r1, 6; add.u32 %r2, %r2, %r0; mul.wide.u32 %rd3, %r2, 4;
add.s64 %rd3, %rd3, %p1; ld.global.u32 %r3, [%rd1]; mul.lo.u32 %r3, %r3, %r1;
st.global.u32 [%rd3], %r3;)",
                                       2);
  std::vector<std::vector<uint32_t>> results;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    Gpu gpu(text);
    gpu.options.seed = seed;
    std::vector<uint32_t> input(64, 3);
    const uint64_t from = gpu.array(input), to = gpu.memory.allocate(64 * 50 * 4, "output");
    EXPECT_EQ(texts(gpu.launch("kernel", {50}, {64}, from, to)), "");
    results.push_back(gpu.values<uint32_t>(to, 64 * 50));
    EXPECT_EQ(results.back(), results.front());
  }
}

TEST(Instructions, RefusesWhatItDoesNotKnowByNameAndLine) {
  for (const std::string name : {"mbarrier.init.shared.b64 [%rd0], 1", "wgmma.fence.sync.aligned",
                                 "tcgen05.wait::ld.sync.aligned", "cp.async.bulk.commit_group",
                                 "add.rn.zippy.f32 %f1, %f2, %f3", "frobnicate.b32 %r1, %r2",
                                 "barrier.cluster.arrive.aligned"}) {
    Gpu gpu(kernel_text(kLanes + name + ";", 2, 90));
    try {
      gpu.launch("kernel", {1}, {32}, uint64_t{0}, uint64_t{0});
      FAIL() << name;
    } catch (const PtxError& error) {
      const std::string message = error.what(), opcode = name.substr(0, name.find('.'));
      EXPECT_NE(message.find(opcode), std::string::npos) << message;
      EXPECT_NE(message.find("PTX line "), std::string::npos) << message;
    }
  }
  EXPECT_THROW(Module::parse("this is no PTX", "text"), PtxError);
}

TEST(Instructions, SharedBankConflictsAreCounted) {
  const auto wavefronts = [](int stride) {
    Gpu gpu(kernel_text(kLanes +
                            ".shared .align 4 .b8 tile[4224]; mov.u32 %r1, tile;"
                            "mad.lo.u32 %r1, %r0, " +
                            std::to_string(stride * 4) + ", %r1; st.shared.u32 [%r1], %r0;",
                        2));
    return gpu.launch("kernel", {1}, {32}, uint64_t{0}, uint64_t{0}).total.shared_wavefronts;
  };
  EXPECT_EQ(wavefronts(1), 1u);
  EXPECT_EQ(wavefronts(2), 2u);
  EXPECT_EQ(wavefronts(32), 32u);
  EXPECT_EQ(wavefronts(33), 1u);
}

TEST(Instructions, SectorsAreCounted) {
  const auto sectors = [](int stride, int offset) {
    Gpu gpu(kernel_text(kLanes + "mul.wide.u32 %rd3, %r0, " + std::to_string(stride * 4) +
                            "; add.s64 %rd3, %rd3, %p0; ld.global.u32 %r1, [%rd3+" +
                            std::to_string(offset) + "];",
                        2));
    const uint64_t array = gpu.array(std::vector<uint32_t>(2048, 1));
    return gpu.launch("kernel", {1}, {32}, array, array).total.global_sectors;
  };
  EXPECT_EQ(sectors(1, 0), 4u);
  EXPECT_EQ(sectors(1, 4), 5u);
  EXPECT_EQ(sectors(0, 0), 1u);
  EXPECT_EQ(sectors(8, 0), 32u);
  EXPECT_EQ(sectors(32, 0), 32u);
}

}  // namespace
}  // namespace nram::simulator::test
