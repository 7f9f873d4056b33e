// cuda_occupancy.h is NVIDIA's own calculator, so that what programs are told is what their card
// would tell them.
#include <cuda_occupancy.h>

#include <algorithm>
#include <climits>

#include "kernels/simulator/driver_module.h"

namespace nram::simulator::driver {
namespace {

// PTX has no register allocation. This is what small kernels take; a tool that has asked ptxas
// says better with nramSimulatorSetRegisters.
constexpr int kUsualRegisters = 32;

cudaOccDeviceProp properties_of(const Card& card) {
  cudaOccDeviceProp properties;
  properties.computeMajor = card.major();
  properties.computeMinor = card.minor();
  properties.maxThreadsPerBlock = Card::kThreadsPerBlock;
  properties.maxThreadsPerMultiprocessor = card.threads_per_multiprocessor;
  properties.regsPerBlock = Card::kRegistersPerBlock;
  properties.regsPerMultiprocessor = Card::kRegistersPerMultiprocessor;
  properties.warpSize = Card::kWarpSize;
  properties.sharedMemPerBlock = Card::kSharedPerBlock;
  properties.sharedMemPerMultiprocessor = card.shared_per_multiprocessor;
  properties.numSms = card.multiprocessors;
  properties.sharedMemPerBlockOptin = card.shared_per_block_optin;
  properties.reservedSharedMemPerBlock = card.shared_reserved_per_block;
  return properties;
}

cudaOccFuncAttributes attributes_of(const Driver& driver, const Function& function) {
  cudaOccFuncAttributes attributes;
  attributes.maxThreadsPerBlock = most_threads_of(driver, *function.kernel);
  attributes.numRegs = registers_of(driver, *function.kernel);
  attributes.sharedSizeBytes = function.kernel->static_shared_bytes;
  attributes.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
  attributes.maxDynamicSharedSizeBytes = static_cast<size_t>(function.most_dynamic_shared);
  attributes.numBlockBarriers = 1;
  return attributes;
}

cudaOccDeviceState state_of(const Function& function) {
  cudaOccDeviceState state;
  state.carveoutConfig = function.carveout;
  return state;
}

}  // namespace

int registers_of(const Driver& driver, const Kernel& kernel) {
  const auto known = driver.registers.find(kernel.name);
  return known == driver.registers.end() ? kUsualRegisters : known->second;
}

int most_threads_of(const Driver& driver, const Kernel& kernel) {
  int most = Card::kThreadsPerBlock;
  if (kernel.most_threads > 0) most = std::min(most, static_cast<int>(kernel.most_threads));
  if (kernel.required_block.count() > 0) {
    most = std::min(most, static_cast<int>(kernel.required_block.count()));
  }
  // Registers are given out in units of 256 a warp.
  const int per_warp = (registers_of(driver, kernel) * Card::kWarpSize + 255) / 256 * 256;
  return std::min(most, Card::kRegistersPerBlock / per_warp * Card::kWarpSize);
}

int blocks_per_multiprocessor(const Driver& driver, const Function& function, int block_threads,
                              size_t dynamic_shared_bytes) {
  const cudaOccDeviceProp properties = properties_of(*driver.settings.card);
  const cudaOccFuncAttributes attributes = attributes_of(driver, function);
  const cudaOccDeviceState state = state_of(function);
  cudaOccResult result{};
  if (cudaOccMaxActiveBlocksPerMultiprocessor(&result, &properties, &attributes, &state,
                                              block_threads,
                                              dynamic_shared_bytes) != CUDA_OCC_SUCCESS) {
    refuse(CUDA_ERROR_INVALID_VALUE, "the block is empty or not known to the occupancy rules");
  }
  return result.activeBlocksPerMultiprocessor;
}

BestBlock best_block(const Driver& driver, const Function& function, size_t (*shared_of)(int),
                     size_t dynamic_shared_bytes, int block_limit) {
  const cudaOccDeviceProp properties = properties_of(*driver.settings.card);
  cudaOccFuncAttributes attributes = attributes_of(driver, function);
  if (block_limit > 0) {
    attributes.maxThreadsPerBlock = std::min(attributes.maxThreadsPerBlock, block_limit);
  }
  const cudaOccDeviceState state = state_of(function);
  BestBlock best;
  if (cudaOccMaxPotentialOccupancyBlockSize(&best.grid, &best.block, &properties, &attributes,
                                            &state, shared_of,
                                            dynamic_shared_bytes) != CUDA_OCC_SUCCESS) {
    refuse(CUDA_ERROR_INVALID_VALUE, "no block of the function fits the card");
  }
  return best;
}

size_t available_dynamic_shared(const Driver& driver, const Function& function, int blocks,
                                int block_threads) {
  const cudaOccDeviceProp properties = properties_of(*driver.settings.card);
  const cudaOccFuncAttributes attributes = attributes_of(driver, function);
  const cudaOccDeviceState state = state_of(function);
  size_t bytes = 0;
  if (cudaOccAvailableDynamicSMemPerBlock(&bytes, &properties, &attributes, &state, blocks,
                                          block_threads) != CUDA_OCC_SUCCESS) {
    refuse(CUDA_ERROR_INVALID_VALUE, "so many blocks do not fit a multiprocessor");
  }
  return bytes;
}

}  // namespace nram::simulator::driver
