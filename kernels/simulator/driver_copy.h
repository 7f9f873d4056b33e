// Copies and memsets as the driver's functions ask for them: what they touch is checked at once,
// and how far they wait follows from where the host's memory lies.
#pragma once

#include <memory>

#include "kernels/simulator/driver_memory.h"

namespace nram::simulator::driver {

// The side that begins at an address of any kind.
CopySide side_at(const Driver& driver, uint64_t address, uint64_t pitch, uint64_t slice);
Copy linear_copy(const Driver& driver, uint64_t destination, uint64_t source, uint64_t bytes);
Copy copy_of(const Driver& driver, const CUDA_MEMCPY2D& parameters);
Copy copy_of(const Driver& driver, const CUDA_MEMCPY3D& parameters);
// Throws Failure unless both sides lie in memory that is there.
void check_copy(const Driver& driver, const Copy& copy);

// In a stream's order. Pageable memory is read before this returns, or written before; pinned
// memory when the copy runs.
void copy_in_stream(Driver& driver, const std::shared_ptr<Stream>& stream, const Copy& copy);
// As the functions without a stream do: done when this returns, but from device to device.
void copy_now(Driver& driver, const std::shared_ptr<Stream>& stream, const Copy& copy);

struct Fill {
  uint64_t address = 0;
  uint32_t value = 0, value_bytes = 1;
  uint64_t width = 0, height = 1, pitch = 0;
};
// Null where there is nothing to fill.
std::shared_ptr<const Work> make_fill(const Driver& driver, const Fill& fill);

}  // namespace nram::simulator::driver
