#include "tests/simulator_driver/planted.h"

namespace nram::planted {
namespace {

constexpr size_t kFloats = 1024;

// y and x of 1024 floats, y written as well.
void run(Sandbox& box, const char* kernel, int n, Sandbox::Size size) {
  const CUdeviceptr y = box.filled("y", kFloats), x = box.filled("x", kFloats);
  box.launch(kernel, y, x, n, size);
  box.finish();
}

#define NRAM_RUN(kernel, n, ...) \
  [](Sandbox& box) { run(box, kernel, n, Sandbox::Size{__VA_ARGS__}); }

}  // namespace

std::vector<Planted> planted_in_kernels() {
  return {
      {"a guard forgotten", "[out of bounds] a load of 4 bytes outside array x",
       NRAM_RUN("no_bounds", 1000, 9, 128), NRAM_RUN("scale", 1000, 9, 128)},
      {"an index of -1", "[out of bounds] a load of 4 bytes outside array x",
       NRAM_RUN("left_neighbour", 128, 1, 128), NRAM_RUN("left_neighbour_right", 128, 1, 128)},
      {"vectors from an odd float", "[misaligned]", NRAM_RUN("vector_from_one", 512, 1, 128),
       NRAM_RUN("vector_from_one_right", 512, 1, 128)},
      {"a null pointer", "[out of bounds] a load of 4 bytes outside address 0x0",
       NRAM_RUN("null_pointer", 128, 1, 128), NRAM_RUN("scale", 128, 1, 128)},
      {"an input never written", "[uninitialised] a load of 4 bytes from array x",
       [](Sandbox& box) {
         const CUdeviceptr y = box.filled("y", kFloats), x = box.allocate("x", kFloats);
         box.launch("scale", y, x, 128, {1, 128});
         box.finish();
       },
       NRAM_RUN("scale", 128, 1, 128)},
      {"a barrier forgotten", "[race]", NRAM_RUN("reverse", 128, 1, 128),
       NRAM_RUN("reverse_right", 128, 1, 128)},
      {"half a tile filled", "[uninitialised] a load of 4 bytes from shared array",
       NRAM_RUN("half_tile", 128, 1, 128), NRAM_RUN("reverse_right", 128, 1, 128)},
      {"one past a tile", "[out of bounds] a load of 4 bytes outside shared array",
       NRAM_RUN("past_tile", 128, 1, 128), NRAM_RUN("reverse_right", 128, 1, 128)},
      {"a warp's lanes not synchronised", "[race]", NRAM_RUN("warp_reverse", 32, 1, 32),
       NRAM_RUN("warp_reverse_right", 32, 1, 32)},
      {"too little dynamic shared memory", "[out of bounds]",
       NRAM_RUN("dynamic_reverse", 128, 1, 128, 256),
       NRAM_RUN("dynamic_reverse", 128, 1, 128, 512)},
      {"a barrier in a branch", "[barrier]", NRAM_RUN("divergent_barrier", 128, 1, 128),
       NRAM_RUN("reverse_right", 128, 1, 128)},
      {"a barrier of more threads than come", "[barrier]", NRAM_RUN("short_barrier", 128, 1, 128),
       NRAM_RUN("short_barrier_right", 128, 1, 128)},
      {"a mask with lanes that are elsewhere", "[member mask]",
       NRAM_RUN("wrong_members", 128, 1, 128), NRAM_RUN("wrong_members_right", 128, 1, 128)},
      {"a shuffle from a lane that is elsewhere", "[member mask]",
       NRAM_RUN("inactive_source", 128, 1, 128), NRAM_RUN("wrong_members_right", 128, 1, 128)},
      {"a sum without an atomic", "[race]", NRAM_RUN("count_plainly", 1, 4, 32),
       NRAM_RUN("count_plainly_right", 1, 4, 32)},
      {"blocks that write one place", "[race]",
       [](Sandbox& box) {
         const CUdeviceptr y = box.filled("y", kFloats), x = box.filled("x", kFloats);
         const float two = 2;
         require(api().cuMemcpyHtoD(x + 4, &two, sizeof two), "cuMemcpyHtoD");
         box.launch("many_to_one", y, x, 1, {4, 32});
         box.finish();
       },
       NRAM_RUN("many_to_one_right", 1, 4, 32)},
      {"a neighbour read in place", "[race]", NRAM_RUN("neighbour_in_place", 512, 4, 128),
       NRAM_RUN("scale", 512, 4, 128)},
      {"a plain store beside atomics", "[race]", NRAM_RUN("plain_beside_atomic", 1, 2, 32),
       NRAM_RUN("count_plainly_right", 1, 2, 32)},
      {"a read-only load of what was written", "[read-only load]",
       NRAM_RUN("read_only_of_written", 128, 1, 128),
       NRAM_RUN("read_only_of_written_right", 128, 1, 128)},
      {"cp.async without a wait", "[asynchronous copy]", NRAM_RUN("no_wait", 128, 1, 32),
       NRAM_RUN("no_wait_right", 128, 1, 32)},
      {"cp.async of other threads without a barrier", "[race]",
       NRAM_RUN("no_barrier_after_wait", 128, 1, 128),
       NRAM_RUN("no_barrier_after_wait_right", 128, 1, 128)},
      {"a local array never written", "[uninitialised] a load of 4 bytes from local memory",
       NRAM_RUN("unwritten_local", 128, 1, 128), NRAM_RUN("unwritten_local_right", 128, 1, 128)},
      {"a trap", "[trap]", NRAM_RUN("traps", 128, 1, 128), NRAM_RUN("scale", 128, 1, 128)},
  };
}

}  // namespace nram::planted
