// Launches: what the card and the function allow, and the parameters as the kernel declares them.
#pragma once

#include <memory>

#include "kernels/simulator/driver_module.h"

namespace nram::simulator::driver {

struct LaunchRequest {
  Dim3 grid, block;
  uint32_t dynamic_shared_bytes = 0;
  bool cooperative = false;
};

// Throws Failure with the driver's result if the launch is not allowed.
void check_launch(const Driver& driver, const Function& function, const LaunchRequest& request);
// Copies the parameters by the kernel's sizes, or from `extra`'s buffer.
std::vector<std::byte> read_parameters(const Kernel& kernel, void** parameters, void** extra);
std::shared_ptr<const KernelWork> make_launch(Driver& driver, CUfunction function,
                                              const LaunchRequest& request, void** parameters,
                                              void** extra);
// What cuLaunchKernelEx is told beyond the request; refuses what is not simulated, by name.
void apply_attributes(const CUlaunchConfig& config, LaunchRequest& request);

}  // namespace nram::simulator::driver
