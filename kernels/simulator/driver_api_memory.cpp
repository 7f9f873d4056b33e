// The driver's functions that allocate memory, release it and tell what a pointer is.
#include <algorithm>

#include "kernels/simulator/driver_capture.h"
#include "kernels/simulator/driver_memory.h"

namespace nram::simulator::driver {
namespace {

constexpr size_t kPitchAlignment = 512;
constexpr unsigned kUnsafe = kInContext | kUnsafeInCapture;

CUstream per_thread(CUstream stream) { return stream == nullptr ? CU_STREAM_PER_THREAD : stream; }

CUmemoryPool default_pool() { return reinterpret_cast<CUmemoryPool>(uint64_t{0x5A} << 40); }

void require_pool(CUmemoryPool pool) {
  if (pool != default_pool()) {
    refuse(CUDA_ERROR_INVALID_VALUE, "the simulated device has its default memory pool only");
  }
}

CUresult allocate_async(const char* function, CUdeviceptr* address, size_t bytes, CUstream handle) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(address != nullptr, "the address's output is null");
    const std::shared_ptr<Stream> stream = driver.stream(handle, context);
    if (stream->capture != nullptr) {
      refuse(CUDA_ERROR_NOT_SUPPORTED, "memory nodes of graphs are not simulated");
    }
    *address = allocate_device(driver, context, bytes, true);
    give(driver, stream, std::make_shared<PoolWork>(*address, bytes, false));
  });
}

CUresult free_async(const char* function, CUdeviceptr address, CUstream handle) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    const std::shared_ptr<Stream> stream = driver.stream(handle, context);
    if (stream->capture != nullptr) {
      refuse(CUDA_ERROR_NOT_SUPPORTED, "memory nodes of graphs are not simulated");
    }
    release_in_stream(driver, address, stream);
  });
}

// One attribute of a pointer. False: nothing is known of the pointer.
bool pointer_attribute(Driver& driver, void* data, CUpointer_attribute attribute,
                       CUdeviceptr address) {
  const auto store = [&](auto value) { *static_cast<decltype(value)*>(data) = value; };
  const bool device = Driver::is_device(address);
  const Memory::Range range = device ? driver.memory->find(address, 1) : Memory::Range{};
  const auto* host = device ? nullptr : driver.pinned(address);
  const auto allocation = driver.allocations.find(range.allocation_address);
  const bool known = range.data != nullptr || host != nullptr;
  const uint64_t start = device ? range.allocation_address : host != nullptr ? host->first : 0;
  const size_t bytes = device ? range.allocation_bytes : host != nullptr ? host->second.bytes : 0;
  switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT: {
      const Context* owner = host != nullptr                          ? host->second.context
                             : allocation != driver.allocations.end() ? allocation->second.context
                                                                      : &driver.primary;
      store(known ? owner->handle : CUcontext{});
      return known;
    }
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
      store(static_cast<unsigned>(device ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST));
      return known;
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
      store(device ? address : CUdeviceptr{0});
      return range.data != nullptr;
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
      store(host != nullptr ? reinterpret_cast<void*>(address) : nullptr);
      return host != nullptr;
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
      store(static_cast<unsigned long long>(start));
      return known;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
      store(known ? 0 : -2);
      return known;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
      store(CUdeviceptr{start});
      return known;
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
      store(bytes);
      return known;
    case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
      store(allocation != driver.allocations.end() && allocation->second.pooled ? default_pool()
                                                                                : CUmemoryPool{});
      return known;
    case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
      store(0u);
      return known;
    case CU_POINTER_ATTRIBUTE_MAPPED:
      store(range.data != nullptr ? 1u : 0u);
      return known;
    default:
      refuse(CUDA_ERROR_NOT_SUPPORTED, "this pointer attribute is not simulated");
  }
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions
using nram::simulator::Memory;

extern "C" {

CUresult cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(free_bytes != nullptr && total != nullptr, "an output is null");
    *total = driver.settings.memory_bytes;
    *free_bytes = *total - std::min(*total, driver.memory->used());
  });
}

CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    require(address != nullptr, "the address's output is null");
    *address = allocate_device(driver, context, bytes, false);
  });
}

CUresult cuMemAllocPitch_v2(CUdeviceptr* address, size_t* pitch, size_t width, size_t height,
                            unsigned element_bytes) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    require(address != nullptr && pitch != nullptr, "an output is null");
    require(element_bytes == 4 || element_bytes == 8 || element_bytes == 16,
            "elements have 4, 8 or 16 bytes");
    require(width > 0 && height > 0, "the width or the height is 0");
    *pitch = (width + kPitchAlignment - 1) / kPitchAlignment * kPitchAlignment;
    *address = allocate_device(driver, context, *pitch * height, false);
  });
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  return call(__func__, kUnsafe,
              [&](Driver& driver, Context&) { release_device(driver, address); });
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr* base, size_t* bytes, CUdeviceptr address) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    const Memory::Range range = driver.memory->find(address, 1);
    if (range.data == nullptr) {
      refuse(CUDA_ERROR_NOT_FOUND, driver.place(address) + " is no live device memory");
    }
    if (base != nullptr) *base = range.allocation_address;
    if (bytes != nullptr) *bytes = range.allocation_bytes;
  });
}

CUresult cuMemAllocHost_v2(void** pointer, size_t bytes) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    require(pointer != nullptr, "the pointer's output is null");
    *pointer = allocate_host(driver, context, bytes, 0);
  });
}

CUresult cuMemHostAlloc(void** pointer, size_t bytes, unsigned flags) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    require(pointer != nullptr, "the pointer's output is null");
    require((flags & ~(CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP |
                       CU_MEMHOSTALLOC_WRITECOMBINED)) == 0,
            "the flags are not known");
    *pointer = allocate_host(driver, context, bytes, flags);
  });
}

CUresult cuMemFreeHost(void* pointer) {
  return call(__func__, kUnsafe,
              [&](Driver& driver, Context&) { release_host(driver, pointer, false); });
}

CUresult cuMemHostRegister_v2(void* pointer, size_t bytes, unsigned flags) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    require(pointer != nullptr && bytes > 0, "the range is empty");
    const auto address = reinterpret_cast<uint64_t>(pointer);
    const auto next = driver.host_allocations.lower_bound(address);
    if (driver.pinned(address) != nullptr ||
        (next != driver.host_allocations.end() && next->first < address + bytes)) {
      refuse(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
             driver.place(address) + " overlaps memory that is pinned already");
    }
    driver.host_allocations[address] = {&context, bytes, flags, true};
  });
}

CUresult cuMemHostUnregister(void* pointer) {
  return call(__func__, kUnsafe,
              [&](Driver& driver, Context&) { release_host(driver, pointer, true); });
}

CUresult cuMemHostGetFlags(unsigned* flags, void* pointer) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(flags != nullptr, "flags is null");
    const auto* known = driver.pinned(reinterpret_cast<uint64_t>(pointer));
    require(known != nullptr, "the pointer is no pinned host memory");
    *flags = known->second.flags;
  });
}

// Kernels cannot reach the host's memory here, and CAN_MAP_HOST_MEMORY says so.
CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* address, void* pointer, unsigned) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(address != nullptr, "the address's output is null");
    require(driver.pinned(reinterpret_cast<uint64_t>(pointer)) != nullptr,
            "the pointer is no pinned host memory");
    refuse(CUDA_ERROR_NOT_SUPPORTED,
           "host memory mapped for kernels is not simulated: copy it to the device");
  });
}

CUresult cuMemAllocManaged(CUdeviceptr*, size_t, unsigned) {
  return call(__func__, kUnsafe, [](Driver&, Context&) {
    refuse(CUDA_ERROR_NOT_SUPPORTED, "managed memory is not simulated");
  });
}

CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, CUstream stream) {
  return allocate_async(__func__, address, bytes, stream);
}
CUresult cuMemAllocAsync_ptsz(CUdeviceptr* address, size_t bytes, CUstream stream) {
  return allocate_async(__func__, address, bytes, per_thread(stream));
}
CUresult cuMemAllocFromPoolAsync(CUdeviceptr* address, size_t bytes, CUmemoryPool pool,
                                 CUstream stream) {
  const CUresult known = call(__func__, kInContext, [&](Driver&, Context&) { require_pool(pool); });
  return known != CUDA_SUCCESS ? known : allocate_async(__func__, address, bytes, stream);
}
CUresult cuMemAllocFromPoolAsync_ptsz(CUdeviceptr* address, size_t bytes, CUmemoryPool pool,
                                      CUstream stream) {
  return cuMemAllocFromPoolAsync(address, bytes, pool, per_thread(stream));
}
CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  return free_async(__func__, address, stream);
}
CUresult cuMemFreeAsync_ptsz(CUdeviceptr address, CUstream stream) {
  return free_async(__func__, address, per_thread(stream));
}

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool* pool, CUdevice device) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    if (device != 0) refuse(CUDA_ERROR_INVALID_DEVICE, "there is one device, number 0");
    require(pool != nullptr, "the pool's output is null");
    *pool = default_pool();
  });
}
CUresult cuDeviceGetMemPool(CUmemoryPool* pool, CUdevice device) {
  return cuDeviceGetDefaultMemPool(pool, device);
}
CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool pool) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    if (device != 0) refuse(CUDA_ERROR_INVALID_DEVICE, "there is one device, number 0");
    require_pool(pool);
  });
}

CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void* value) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_pool(pool);
    require(value != nullptr, "value is null");
    switch (attribute) {
      case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
      case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
      case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
        *static_cast<int*>(value) = 1;
        return;
      case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
        *static_cast<cuuint64_t*>(value) = driver.pool_threshold;
        return;
      case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
      case CU_MEMPOOL_ATTR_USED_MEM_CURRENT: {
        cuuint64_t used = 0;
        for (const auto& [address, allocation] : driver.allocations) {
          if (allocation.pooled) used += allocation.bytes;
        }
        *static_cast<cuuint64_t*>(value) = used;
        return;
      }
      default:
        refuse(CUDA_ERROR_NOT_SUPPORTED, "this attribute of a memory pool is not simulated");
    }
  });
}
// Reuse and thresholds change when memory returns to the system, which nothing here can see.
CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void* value) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_pool(pool);
    require(value != nullptr, "value is null");
    if (attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) {
      driver.pool_threshold = *static_cast<cuuint64_t*>(value);
    }
  });
}
CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t) {
  return call(__func__, kPlain, [&](Driver&, Context&) { require_pool(pool); });
}

CUresult cuPointerGetAttribute(void* data, CUpointer_attribute attribute, CUdeviceptr address) {
  bool known = false;
  const CUresult result = call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(data != nullptr, "data is null");
    known = pointer_attribute(driver, data, attribute, address);
  });
  // No mistake of the program: this is how it asks whether memory is the host's.
  return result == CUDA_SUCCESS && !known ? CUDA_ERROR_INVALID_VALUE : result;
}

CUresult cuPointerGetAttributes(unsigned count, CUpointer_attribute* attributes, void** data,
                                CUdeviceptr address) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(attributes != nullptr && data != nullptr, "an argument is null");
    for (unsigned i = 0; i < count; ++i) pointer_attribute(driver, data[i], attributes[i], address);
  });
}

}  // extern "C"
