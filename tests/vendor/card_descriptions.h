// Cards as cuDNN describes them in JSON, written from NVIDIA's published figures: plans can be made
// for them on any machine.
#pragma once

#include <string>

#include "kernels/common/error.h"

namespace nram::harness {

struct CardFigures {
  const char* name;
  int capability;  // 900 for 9.0
  int multiprocessors;
  int clock_khz, memory_clock_khz;
  int l2_bytes;
  int shared_bytes_per_block;  // that a block can ask for
  int blocks_per_multiprocessor, threads_per_multiprocessor;
  long long memory_bytes;
};

constexpr CardFigures kA100 = {
    "NVIDIA A100-SXM4-80GB", 800, 108, 1410000, 1593000, 40 << 20, 166912, 32, 2048, 80LL << 30};
constexpr CardFigures kH100 = {
    "NVIDIA H100 80GB HBM3", 900, 132, 1980000, 2619000, 50 << 20, 232448, 32, 2048, 80LL << 30};
constexpr CardFigures kRtx4090 = {
    "NVIDIA GeForce RTX 4090", 890, 128, 2520000, 10501000, 72 << 20, 101376, 24, 1536, 24LL << 30};

inline std::string cudnn_description(const CardFigures& card) {
  return text(R"({"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], )",
              R"("regsPerBlock": 65536, "multiProcessorCount": )", card.multiprocessors,
              R"(, "warpSize": 32, "maxSharedMemoryPerBlock": 49152, )",
              R"("maxSharedMemoryPerBlockOptin": )", card.shared_bytes_per_block,
              R"(, "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536, )",
              R"("maxCtasPerSM": )", card.blocks_per_multiprocessor,
              R"(, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": )",
              card.threads_per_multiprocessor,
              R"(, "pciDeviceId": 0, "isTccDriver": 0, "supportCoopLaunch": 1, )",
              R"("smClockRateKHz": )", card.clock_khz, R"(, "memClockRateKHz": )",
              card.memory_clock_khz, R"(, "l2CacheSize": )", card.l2_bytes, R"(, "deviceVer": )",
              card.capability, R"(, "driverVer": 13000, "cudaDeviceId": 0, "totalGlobalMem": )",
              card.memory_bytes, R"(, "deviceName": ")", card.name, R"("})");
}

}  // namespace nram::harness
