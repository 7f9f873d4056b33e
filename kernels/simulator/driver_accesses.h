// Which bytes a launch has touched, from the marks that the executor leaves beside device memory.
#pragma once

#include <cstdint>

#include "kernels/simulator/driver_race.h"
#include "kernels/simulator/simulator.h"

namespace nram::simulator::driver {

// The memory's marks before a launch.
struct MarksBefore {
  explicit MarksBefore(const Memory& memory);
  uint32_t first_moment;  // that the launch can have
};

// Adds what the launch that has just ended read and wrote. Atomic and volatile accesses are left
// out: launches may share these on purpose.
void add_accesses(const Memory& memory, const MarksBefore& before, Accesses& accesses);

}  // namespace nram::simulator::driver
