// Allocation and release of device memory and of pinned host memory, and the checks that both need.
#pragma once

#include <cstddef>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {

CUdeviceptr allocate_device(Driver& driver, Context& context, size_t bytes, bool pooled);
void release_device(Driver& driver, CUdeviceptr address);
void release_in_stream(Driver& driver, CUdeviceptr address, const std::shared_ptr<Stream>& stream);
void* allocate_host(Driver& driver, Context& context, size_t bytes, unsigned flags);
void release_host(Driver& driver, void* pointer, bool registered);

// The live allocation that holds the range; throws Failure that says what is there instead.
Memory::Range require_device_range(const Driver& driver, uint64_t address, size_t bytes,
                                   const char* role);

}  // namespace nram::simulator::driver
