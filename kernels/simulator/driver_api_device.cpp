// The driver's functions for starting, for devices and for errors.
#include <algorithm>
#include <climits>
#include <cstring>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {
namespace {

constexpr int kDriverVersion = 13000;
constexpr const char* kBusId = "0000:01:00.0";

void require_device(CUdevice device) {
  if (device != 0) refuse(CUDA_ERROR_INVALID_DEVICE, "there is one device, number 0");
}

void copy_text(char* text, int room, const std::string& value) {
  require(text != nullptr && room > 0, "there is no room for the text");
  std::snprintf(text, static_cast<size_t>(room), "%s", value.c_str());
}

// What differs from card to card; -1: nothing.
int64_t card_attribute(const Card& card, CUdevice_attribute attribute) {
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
      return card.clock_khz;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      return card.multiprocessors;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
      return card.memory_clock_khz;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
      return card.memory_bus_bits;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
      return static_cast<int64_t>(card.l2_bytes);
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
      return card.threads_per_multiprocessor;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      return card.major();
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      return card.minor();
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
      return card.shared_per_multiprocessor;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
      return card.shared_per_block_optin;
    case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:
      return card.shared_reserved_per_block;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
      return card.blocks_per_multiprocessor;
    case CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO:
      return card.double_ratio;
    default:
      return -1;
  }
}

// What is the same for all; 0, too, stands for whatever the simulated card does not offer
// (textures, managed memory, memory pools of its own, clusters, peers, several processes).
int common_attribute(CUdevice_attribute attribute) {
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
      return Card::kThreadsPerBlock;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
      return 64;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
    case CU_DEVICE_ATTRIBUTE_MAX_PITCH:
      return INT_MAX;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
      return 65535;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
      return Card::kSharedPerBlock;
    case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
      return 65536;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
      return Card::kWarpSize;
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
      return Card::kRegistersPerBlock;
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
      return Card::kRegistersPerMultiprocessor;
    case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT:
    case CU_DEVICE_ATTRIBUTE_SURFACE_ALIGNMENT:
      return 512;
    case CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT:
      return 32;
    case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
      return 1;
    case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
      return 3;
    case CU_DEVICE_ATTRIBUTE_GPU_OVERLAP:
    case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
    case CU_DEVICE_ATTRIBUTE_ECC_ENABLED:
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    case CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH:
    case CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
      return 1;
    default:
      return 0;
  }
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuInit(unsigned flags) {
  return call(__func__, kAnytime, [&](Driver& driver, Context&) {
    require(flags == 0, "flags must be 0");
    driver.initialise();
  });
}

CUresult cuDriverGetVersion(int* version) {
  return call(__func__, kAnytime, [&](Driver&, Context&) {
    require(version != nullptr, "version is null");
    *version = kDriverVersion;
  });
}

CUresult cuGetErrorName(CUresult error, const char** text) {
  if (text == nullptr) return CUDA_ERROR_INVALID_VALUE;
  *text = error_name(error);
  return *text == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char** text) {
  if (text == nullptr) return CUDA_ERROR_INVALID_VALUE;
  *text = error_description(error);
  return *text == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int* count) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require(count != nullptr, "count is null");
    *count = 1;
  });
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require(device != nullptr, "device is null");
    require_device(ordinal);
    *device = 0;
  });
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    copy_text(name, length, std::string(driver.settings.card->product) + " (simulated)");
  });
}

CUresult cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice device) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require_device(device);
    require(uuid != nullptr, "uuid is null");
    std::memcpy(uuid->bytes, "nram simulator 0", sizeof uuid->bytes);
  });
}
CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice device) { return cuDeviceGetUuid_v2(uuid, device); }

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    require(bytes != nullptr, "bytes is null");
    *bytes = driver.settings.memory_bytes;
  });
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    require(value != nullptr, "value is null");
    require(attribute > 0 && attribute < CU_DEVICE_ATTRIBUTE_MAX, "there is no such attribute");
    const int64_t of_card = card_attribute(*driver.settings.card, attribute);
    *value = of_card >= 0 ? static_cast<int>(of_card) : common_attribute(attribute);
  });
}

CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    require(major != nullptr && minor != nullptr, "an output is null");
    *major = driver.settings.card->major();
    *minor = driver.settings.card->minor();
  });
}

CUresult cuDeviceGetPCIBusId(char* text, int length, CUdevice device) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require_device(device);
    copy_text(text, length, kBusId);
  });
}

CUresult cuDeviceGetByPCIBusId(CUdevice* device, const char* text) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require(device != nullptr && text != nullptr, "an argument is null");
    if (std::strcmp(text, kBusId) != 0) {
      refuse(CUDA_ERROR_INVALID_DEVICE, std::string("the device's bus id is ") + kBusId);
    }
    *device = 0;
  });
}

CUresult cuDeviceCanAccessPeer(int* can, CUdevice device, CUdevice peer) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require_device(device);
    require_device(peer);
    require(can != nullptr, "can is null");
    *can = 0;
  });
}

CUresult cuProfilerStart() {
  return call(__func__, kInContext, [](Driver&, Context&) {});
}
CUresult cuProfilerStop() {
  return call(__func__, kInContext, [](Driver&, Context&) {});
}

}  // extern "C"
