#include "kernels/simulator/driver_memory.h"

#include <cstdlib>
#include <cstring>

#include "kernels/simulator/driver_capture.h"

namespace nram::simulator::driver {
namespace {

constexpr size_t kPageBytes = 4096;

std::string describe_size(size_t bytes) { return std::to_string(bytes) + " bytes"; }

std::string joined(const std::vector<std::string>& what) {
  std::string text = what.front();
  if (what.size() > 1) text += " and " + std::to_string(what.size() - 1) + " more";
  return text;
}

}  // namespace

CUdeviceptr allocate_device(Driver& driver, Context& context, size_t bytes, bool pooled) {
  require(bytes > 0, "0 bytes are asked for");
  ThreadState& thread = this_thread();
  const uint64_t id = ++driver.made;
  const std::string name = thread.next_name.empty()
                               ? "allocation " + std::to_string(id) + " of " + describe_size(bytes)
                               : thread.next_name;
  thread.next_name.clear();
  uint64_t address = driver.memory->allocate(bytes, name);
  if (address == 0 && pooled) {  // what queued releases will give back
    driver.queue.finish(&context);
    address = driver.memory->allocate(bytes, name);
  }
  if (address == 0) {
    refuse(CUDA_ERROR_OUT_OF_MEMORY,
           describe_size(bytes) + " are asked for, and " +
               describe_size(driver.settings.memory_bytes - driver.memory->used()) + " of " +
               describe_size(driver.settings.memory_bytes) + " are free");
  }
  driver.allocations[address] = {&context, bytes, name, pooled, false, id};
  return address;
}

// Throws unless the address is that of a live allocation.
static DeviceAllocation& require_allocation(Driver& driver, CUdeviceptr address) {
  const auto found = driver.allocations.find(address);
  if (found != driver.allocations.end() && !found->second.release_queued) return found->second;
  const Memory::Range range = driver.memory->find(address, 1);
  if (range.released || found != driver.allocations.end()) {
    refuse(CUDA_ERROR_INVALID_VALUE, "'" + range.name + "' has been released before");
  }
  if (range.allocation_bytes > 0) {
    refuse(CUDA_ERROR_INVALID_VALUE,
           driver.place(address) + " is not the start of an allocation of the program");
  }
  refuse(CUDA_ERROR_INVALID_VALUE, driver.place(address) + " is no device memory");
}

// Today's drivers wait for the device here, so that queued work is right all the same; nothing
// promises it.
void release_device(Driver& driver, CUdeviceptr address) {
  if (address == 0) return;
  const DeviceAllocation allocation = require_allocation(driver, address);
  const auto users = driver.queue.finish_watching({address, address + allocation.bytes});
  if (!users.empty()) {
    driver.findings.add(Severity::kWarning, "release in use",
                        "'" + allocation.name + "' is released while queued work uses it (" +
                            joined(users) + "): synchronise first");
  }
  driver.memory->release(address);
  driver.allocations.erase(address);
}

void release_in_stream(Driver& driver, CUdeviceptr address, const std::shared_ptr<Stream>& stream) {
  if (address == 0) return;
  DeviceAllocation& allocation = require_allocation(driver, address);
  allocation.release_queued = true;
  give(driver, stream, std::make_shared<PoolWork>(address, allocation.bytes, true));
}

void* allocate_host(Driver& driver, Context& context, size_t bytes, unsigned flags) {
  require(bytes > 0, "0 bytes are asked for");
  const size_t rounded = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  void* pointer = std::aligned_alloc(kPageBytes, rounded);
  if (pointer == nullptr) refuse(CUDA_ERROR_OUT_OF_MEMORY, "the host has no memory left");
  std::memset(pointer, 0xFF, bytes);  // so that what nothing has written is seen
  driver.host_allocations[reinterpret_cast<uint64_t>(pointer)] = {&context, bytes, flags, false};
  return pointer;
}

void release_host(Driver& driver, void* pointer, bool registered) {
  if (pointer == nullptr && !registered) return;
  const auto address = reinterpret_cast<uint64_t>(pointer);
  const auto found = driver.host_allocations.find(address);
  if (found == driver.host_allocations.end() || found->second.registered != registered) {
    refuse(registered ? CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED : CUDA_ERROR_INVALID_VALUE,
           driver.place(address) +
               (registered ? " has not been registered" : " is no live pinned allocation"));
  }
  const Interval range{address, address + found->second.bytes};
  const auto users = driver.queue.queued([&](const Work& work) { return work.uses_host(range); });
  if (!users.empty()) {
    driver.findings.add(Severity::kError, "release in use",
                        driver.place(address) + " is released while queued work uses it (" +
                            joined(users) + "): wait for it first");
    driver.queue.finish(static_cast<const Context*>(nullptr));
  }
  driver.host_allocations.erase(address);
  if (!registered) std::free(pointer);
}

Memory::Range require_device_range(const Driver& driver, uint64_t address, size_t bytes,
                                   const char* role) {
  const Memory::Range range = driver.memory->find(address, bytes);
  if (range.data != nullptr) return range;
  std::string why = std::string("the ") + role + ", ";
  if (range.allocation_bytes == 0) {
    why += driver.place(address) + ", is no device memory";
  } else if (range.released) {
    why += driver.place(address) + ", has been released";
  } else {
    why += describe_size(bytes) + " from " + driver.place(address) + ", passes the end of its " +
           describe_size(range.allocation_bytes);
  }
  refuse(CUDA_ERROR_INVALID_VALUE, std::move(why));
}

}  // namespace nram::simulator::driver
