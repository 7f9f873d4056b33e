// The GPU that the cuda column is tested on: the simulated one, or the machine's where
// NRAM_TEST_DEVICE=cuda.
#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"

namespace nram::harness {

Device& gpu();
bool gpu_is_simulated();
// What the simulated device has found wrong since the last call; nothing on a real one.
std::vector<std::string> take_findings();

// How kernels run while it lives, then as before.
class GpuMode {
 public:
  GpuMode() = default;
  ~GpuMode();
  GpuMode(const GpuMode&) = delete;
  GpuMode& operator=(const GpuMode&) = delete;
  void allow_tf32();
  // Order of warps and blocks on the simulated device; without effect on a real one.
  void schedule(int seed);
  // Runs the PTX of this architecture only.
  void use_ptx(int architecture);
};

// Architectures whose PTX the program carries and the device can run.
std::vector<int> ptx_architectures();

}  // namespace nram::harness
