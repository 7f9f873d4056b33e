// Every kind of finding: a kernel that is wrong in that way, and a twin that is right and stays
// silent.
#include "tests/simulator/harness.h"

namespace nram::simulator::test {
namespace {

// %r0: the thread's x; %rd0: the address of element x of p0.
const std::string kThread = R"(
.reg .b32 %r<40>; .reg .b64 %rd<40>; .reg .f32 %f<20>; .reg .pred %q<10>; .reg .b16 %h<4>;
mov.u32 %r0, %tid.x;
mul.wide.u32 %rd0, %r0, 4;
add.s64 %rd0, %rd0, %p0;
)";

struct Result {
  LaunchReport report;
  std::vector<uint32_t> values;  // of p0
};

// Runs a body on 64 words that hold their index.
Result run_body(const std::string& body, Dim3 grid = {1}, Dim3 block = {64}, uint64_t seed = 0) {
  Gpu gpu(kernel_text(kThread + body));
  gpu.options.seed = seed;
  std::vector<uint32_t> words(64);
  for (uint32_t i = 0; i < 64; ++i) words[i] = i;
  const uint64_t array = gpu.array(words, "words");
  Result result{gpu.launch("kernel", grid, block, array), {}};
  result.values = gpu.values<uint32_t>(array, 64);
  return result;
}

void expect_silent(const std::string& body, Dim3 grid = {1}, Dim3 block = {64}) {
  for (const uint64_t seed : {0, 1, 2}) {
    const Result result = run_body(body, grid, block, seed);
    EXPECT_EQ(texts(result.report), "");
    EXPECT_FALSE(result.report.faulted);
  }
}

Finding expect_one(const Result& result, const std::string& kind, const std::string& part,
                   Severity severity = Severity::kError) {
  const std::vector<Finding> found = of_kind(result.report, kind);
  EXPECT_EQ(found.size(), 1u) << texts(result.report);
  if (found.empty()) return {};
  EXPECT_NE(found[0].message.find(part), std::string::npos) << found[0].message;
  EXPECT_EQ(found[0].severity, severity) << found[0].message;
  EXPECT_EQ(found[0].kernel, "kernel");
  return found[0];
}

TEST(Findings, OutOfBoundsNamesTheArrayThreadAndSourceLine) {
  Gpu gpu(kernel_text(kThread + R"(
.loc 1 42 3
ld.global.u32 %r1, [%rd0];
.loc 1 43 3
st.global.u32 [%rd0+256], %r1;)") +
          ".file 1 \"wrong.cu\"\n");
  const uint64_t array = gpu.array(std::vector<uint32_t>(65, 1), "sixty_five");
  const Result result{gpu.launch("kernel", {1, 2}, {8, 4, 2}, array), {}};
  EXPECT_TRUE(result.report.faulted);
  const Finding found = expect_one(result, "out of bounds", "sixty_five (260 bytes) at byte 260");
  EXPECT_EQ(found.file, "wrong.cu");
  EXPECT_EQ(found.line, 43);
  EXPECT_EQ(found.thread.x, 1u);
  EXPECT_EQ(found.instruction, "st.global.u32 [%rd0+256], %r1");
  EXPECT_EQ(found.occurrences, 28u);  // lanes of the warp with x > 0
}

TEST(Findings, OutOfBoundsBeforeTheStartAndOfNothing) {
  expect_one(run_body("ld.global.u32 %r1, [%p0+-4];"), "out of bounds", "4 bytes before its start");
  expect_one(run_body("mov.u64 %rd1, 4096; st.global.u32 [%rd1], %r0;"), "out of bounds",
             "where nothing was allocated");
  expect_silent("ld.global.u32 %r1, [%rd0]; st.global.u32 [%rd0], %r1;");
}

TEST(Findings, Misaligned) {
  const Result result = run_body("ld.global.v2.u32 {%r1, %r2}, [%p0+4];");
  EXPECT_TRUE(result.report.faulted);
  expect_one(result, "misaligned", "no multiple of the access's 8 bytes");
  expect_silent("ld.global.v2.u32 {%r1, %r2}, [%p0+8];");
}

TEST(Findings, UseAfterFree) {
  Gpu gpu(kernel_text(kThread + "ld.global.u32 %r1, [%rd0];"));
  const uint64_t array = gpu.array(std::vector<uint32_t>(64, 1), "gone");
  ASSERT_TRUE(gpu.memory.release(array));
  const Result result{gpu.launch("kernel", {1}, {32}, array), {}};
  EXPECT_TRUE(result.report.faulted);
  expect_one(result, "use after free", "gone (256 bytes), which has been released");
}

TEST(Findings, UninitialisedGlobal) {
  Gpu gpu(kernel_text(kThread + "ld.global.u32 %r1, [%rd0]; st.global.u32 [%rd0], %r1;"));
  const uint64_t array = gpu.memory.allocate(64 * 4, "partly");
  ASSERT_TRUE(gpu.memory.fill(array, 0, 100));
  const Result first{gpu.launch("kernel", {1}, {32}, array), {}};
  EXPECT_FALSE(first.report.faulted);
  const Finding found = expect_one(first, "uninitialised", "array partly at byte 100");
  EXPECT_EQ(found.occurrences, 7u);
  // The kernel has written the words meanwhile.
  EXPECT_EQ(texts(gpu.launch("kernel", {1}, {32}, array)), "");
}

TEST(Findings, UninitialisedShared) {
  const std::string body = R"(
.shared .align 4 .b8 tile[256];
mov.u32 %r1, tile; shl.b32 %r2, %r0, 2; add.u32 %r1, %r1, %r2;
setp.lt.u32 %q0, %r0, LIMIT;
@%q0 st.shared.u32 [%r1], %r0;
bar.sync 0;
ld.shared.u32 %r3, [%r1];)";
  std::string wrong = body, right = body;
  wrong.replace(wrong.find("LIMIT"), 5, "60");
  right.replace(right.find("LIMIT"), 5, "64");
  const Finding found = expect_one(run_body(wrong), "uninitialised", "shared array tile");
  EXPECT_EQ(found.thread.x, 60u);
  EXPECT_EQ(found.occurrences, 4u);
  expect_silent(right, {5});
}

TEST(Findings, LocalMemory) {
  const std::string begin = ".local .align 4 .b8 own[32]; mov.u64 %rd1, own;";
  expect_one(run_body(begin + "ld.local.u32 %r1, [%rd1+8];"), "uninitialised",
             "local memory at byte 8");
  expect_one(run_body(begin + "st.local.u32 [%rd1+32], %r0;"), "out of bounds",
             "32 bytes of local");
  expect_silent(begin + "st.local.u32 [%rd1+8], %r0; ld.local.u32 %r1, [%rd1+8];");
}

TEST(Findings, OutOfOneSharedArrayIntoTheNext) {
  const std::string begin = ".shared .align 4 .b8 one[64]; .shared .align 4 .b8 two[64];";
  const Result result = run_body(begin + "st.shared.u32 [one+64], 5;", {1}, {1});
  expect_one(result, "out of bounds", "shared array one (64 bytes) at byte 64");
  expect_silent(begin + "st.shared.u32 [one+60], 5; st.shared.u32 [two], 5;", {1}, {1});
}

// Each thread writes its word and reads its neighbour's.
std::string neighbour(const std::string& between) {
  return R"(
.shared .align 4 .b8 tile[256];
mov.u32 %r1, tile; shl.b32 %r2, %r0, 2; add.u32 %r2, %r1, %r2;
xor.b32 %r3, %r0, DISTANCE; shl.b32 %r3, %r3, 2; add.u32 %r3, %r1, %r3;
st.shared.u32 [%r2], %r0;
)" + between +
         "\nld.shared.u32 %r4, [%r3]; st.global.u32 [%rd0], %r4;";
}
std::string at_distance(std::string body, const std::string& distance) {
  return body.replace(body.find("DISTANCE"), 8, distance);
}

// In some order of the warps the one reads what is not yet there; races are found in any.
TEST(Findings, SharedRaceBetweenWarps) {
  for (uint64_t seed = 0; seed < 3; ++seed) {
    for (const char* between : {"", "bar.warp.sync -1;"}) {
      const Result wrong = run_body(at_distance(neighbour(between), "32"), {1}, {64}, seed);
      EXPECT_FALSE(of_kind(wrong.report, "race").empty()) << texts(wrong.report);
    }
  }
  expect_silent(at_distance(neighbour("bar.sync 0;"), "32"));
}

TEST(Findings, SharedRaceInsideAWarp) {
  expect_one(run_body(at_distance(neighbour(""), "1")), "race", "shared array tile");
  expect_silent(at_distance(neighbour("bar.warp.sync -1;"), "1"));
  expect_silent(at_distance(neighbour(""), "0"));  // everyone's own word
}

TEST(Findings, WriteAfterReadWithoutABarrier) {
  const std::string read = at_distance(neighbour("bar.sync 0;"), "32");
  EXPECT_FALSE(of_kind(run_body(read + "st.shared.u32 [%r2], 7;").report, "race").empty());
  expect_silent(read + "bar.sync 0; st.shared.u32 [%r2], 7;");
}

TEST(Findings, SameValueRaceIsAWarning) {
  const std::string begin = ".shared .align 4 .b8 flag[4];";
  expect_one(run_body(begin + "st.shared.u32 [flag], 5;"), "race", "both write the same value",
             Severity::kWarning);
  expect_one(run_body(begin + "st.shared.u32 [flag], %r0;"), "race", "shared array flag");
  expect_silent(begin + "setp.eq.u32 %q0, %r0, 3; @%q0 st.shared.u32 [flag], %r0;");
}

TEST(Findings, GlobalRaceBetweenBlocks) {
  const std::string index = "mov.u32 %r1, %ctaid.x;";
  expect_one(run_body(index + "st.global.u32 [%rd0], %r1;", {2}), "race", "of block (");
  expect_one(run_body("ld.global.u32 %r2, [%p0+4]; setp.eq.u32 %q0, %r0, 1;"
                      "@%q0 st.global.u32 [%rd0], %r2;",
                      {2}, {32}),
             "race", "words at byte 4");
  expect_silent("atom.global.add.u32 %r2, [%p0], 1;", {4});
}

TEST(Findings, BarrierThatSomeLanesMiss) {
  const Result result = run_body("setp.lt.u32 %q0, %r0, 16; @%q0 bra skip; bar.sync 0; skip:");
  expect_one(result, "barrier", "have exited without coming to this barrier");
  expect_silent("bar.sync 0;");
}

TEST(Findings, BarrierInTwoBranchesDeadlocks) {
  // Lanes of one warp wait at two barriers: a real card hangs or passes by chance.
  const Result result = run_body(R"(
setp.lt.u32 %q0, %r0, 16;
@%q0 bra other;
bar.sync 0;
bra end;
other:
bar.sync 1;
end:)",
                                 {1}, {32});
  EXPECT_TRUE(result.report.faulted);
  expect_one(result, "barrier", "lanes of one warp wait for each other");
}

TEST(Findings, WarpThatLeavesBeforeTheBarrier) {
  expect_one(run_body("setp.ge.u32 %q0, %r0, 32; @%q0 exit; bar.sync 0;"), "barrier",
             "1 of 2 warps come to this barrier", Severity::kWarning);
  const Result result = run_body("setp.ge.u32 %q0, %r0, 32; @%q0 exit; bar.sync 1, 64;");
  EXPECT_TRUE(result.report.faulted);
  expect_one(result, "barrier", "no warp of the block can go on");
  expect_silent("setp.ge.u32 %q0, %r0, 32; @%q0 exit; bar.sync 1, 32;");
}

TEST(Findings, BarrierCountsThatDisagree) {
  const Result result =
      run_body("setp.ge.u32 %q0, %r0, 32; selp.b32 %r1, 64, 32, %q0; bar.sync 1, %r1;");
  EXPECT_FALSE(of_kind(result.report, "barrier").empty());
}

TEST(Findings, MemberMasks) {
  expect_one(run_body("shfl.sync.bfly.b32 %r1, %r0, 1, 31, 0xFFFF;", {1}, {32}), "member mask",
             "lacks the lane that names it");
  // Half of the warp never comes.
  const std::string half = "setp.lt.u32 %q0, %r0, 16; @%q0 bra skip;";
  const Result stuck = run_body(half +
                                    "vote.sync.ballot.b32 %r1, %q0, -1; bra end; skip: "
                                    "vote.sync.ballot.b32 %r2, %q0, -1; end:",
                                {1}, {32});
  EXPECT_TRUE(stuck.report.faulted);
  expect_one(stuck, "member mask", "wait for each other");
  expect_one(run_body(half + "shfl.sync.idx.b32 %r1, %r0, 3, 31, 0xFFFF0000; skip:", {1}, {32}),
             "member mask", "from lane 3, which takes no part");
  expect_silent(half + "shfl.sync.idx.b32 %r1, %r0, 20, 31, 0xFFFF0000; skip:", {1}, {32});
}

const std::string kCopy = R"(
.shared .align 16 .b8 tile[1024];
mov.u32 %r1, tile; shl.b32 %r2, %r0, 2; add.u32 %r2, %r1, %r2;
cp.async.ca.shared.global [%r2], [%rd0], 4;
cp.async.commit_group;
)";

TEST(Findings, AsynchronousCopyReadBeforeItsWait) {
  const std::string read = "ld.shared.u32 %r3, [%r2]; st.global.u32 [%rd0], %r3;";
  expect_one(run_body(kCopy + read), "asynchronous copy", "has not waited for");
  // One group may still be under way.
  expect_one(run_body(kCopy + "cp.async.wait_group 1;" + read), "asynchronous copy", "tile");
  expect_silent(kCopy + "cp.async.wait_group 0;" + read);
  expect_silent(kCopy + "cp.async.wait_all;" + read);
  // A barrier alone is no wait; a wait alone is no barrier.
  const std::string swap =
      "xor.b32 %r4, %r0, 33; shl.b32 %r4, %r4, 2; add.u32 %r4, %r1, %r4;"
      "ld.shared.u32 %r3, [%r4];";
  expect_one(run_body(kCopy + "bar.sync 0;" + swap), "asynchronous copy", "has not waited for");
  EXPECT_FALSE(
      of_kind(run_body(kCopy + "cp.async.wait_all;" + swap).report, "race").empty() &&
      of_kind(run_body(kCopy + "cp.async.wait_all;" + swap).report, "asynchronous copy").empty());
  expect_silent(kCopy + "cp.async.wait_all; bar.sync 0;" + swap);
}

TEST(Findings, ReadOnlyLoadOfWrittenData) {
  expect_one(run_body("st.global.u32 [%rd0], %r0; ld.global.nc.u32 %r1, [%rd0];"), "read-only load",
             "array words");
  expect_silent("ld.global.nc.u32 %r1, [%rd0]; st.global.u32 [%rd0], %r1;");
}

// The last block to count reads what block 0 wrote.
std::string hand_over(const std::string& fence) {
  return "mov.u32 %r1, %ctaid.x; mul.wide.u32 %rd1, %r1, 4; add.s64 %rd1, %rd1, %p0;"
         "st.global.u32 [%rd1+16], %r1;" +
         fence +
         "atom.global.add.u32 %r2, [%p0], 1; setp.ne.u32 %q0, %r2, 3; @%q0 exit;"
         "ld.global.u32 %r3, [%p0+16]; ld.global.u32 %r4, [%p0+20]; ld.global.u32 %r5, [%p0+24];";
}

TEST(Findings, FenceAndCounterOrderBlocks) {
  expect_silent(hand_over("membar.gl;"), {4}, {1});
  expect_silent(hand_over("fence.acq_rel.gpu;"), {4}, {1});
  const Result without = run_body(hand_over(""), {4}, {1});
  EXPECT_FALSE(of_kind(without.report, "race").empty());
}

TEST(Findings, EndlessLoopsAndTraps) {
  Gpu gpu(kernel_text("loop: bra loop;"));
  gpu.options.most_steps = 300000;
  const Result endless{gpu.launch("kernel", {1}, {1}, uint64_t{0}), {}};
  EXPECT_TRUE(endless.report.faulted);
  expect_one(endless, "endless", "does not end within 300000");
  const Result trapped = run_body("trap;");
  EXPECT_TRUE(trapped.report.faulted);
  expect_one(trapped, "trap", "executes a trap");
}

TEST(Findings, ChecksCanBeTurnedOff) {
  Gpu gpu(kernel_text(kThread + ".shared .b32 x; st.shared.u32 [x], %r0; ld.shared.u32 %r1, [x];"));
  gpu.options.check = false;
  EXPECT_EQ(texts(gpu.launch("kernel", {1}, {64}, uint64_t{0})), "");
  gpu.options.check = true;
  EXPECT_NE(texts(gpu.launch("kernel", {1}, {64}, uint64_t{0})), "");
}

}  // namespace
}  // namespace nram::simulator::test
