// The driver's functions that launch kernels, and that tell how many blocks fit.
#include "kernels/simulator/driver_capture.h"
#include "kernels/simulator/driver_launch.h"

namespace nram::simulator::driver {
namespace {

CUstream per_thread(CUstream stream) { return stream == nullptr ? CU_STREAM_PER_THREAD : stream; }

CUresult launch(const char* name, CUfunction function, const LaunchRequest& request,
                CUstream handle, void** parameters, void** extra) {
  return call(name, kInContext, [&](Driver& driver, Context& context) {
    const auto stream = driver.stream(handle, context);
    give(driver, stream, make_launch(driver, function, request, parameters, extra));
  });
}

CUresult launch_extended(const char* name, const CUlaunchConfig* config, CUstream handle,
                         CUfunction function, void** parameters, void** extra) {
  return call(name, kInContext, [&](Driver& driver, Context& context) {
    LaunchRequest request{{config->gridDimX, config->gridDimY, config->gridDimZ},
                          {config->blockDimX, config->blockDimY, config->blockDimZ},
                          config->sharedMemBytes,
                          false};
    apply_attributes(*config, request);
    const auto stream = driver.stream(handle, context);
    give(driver, stream, make_launch(driver, function, request, parameters, extra));
  });
}

CUresult occupancy(const char* name, int* blocks, CUfunction function, int threads,
                   size_t dynamic) {
  return call(name, kInContext, [&](Driver& driver, Context&) {
    require(blocks != nullptr, "the output is null");
    require(threads > 0, "the block is empty");
    *blocks = blocks_per_multiprocessor(driver, *get_function(driver, function), threads, dynamic);
  });
}

CUresult potential(const char* name, int* grid, int* block, CUfunction function,
                   CUoccupancyB2DSize dynamic_of, size_t dynamic, int limit) {
  return call(name, kInContext, [&](Driver& driver, Context&) {
    require(grid != nullptr && block != nullptr, "an output is null");
    const BestBlock best =
        best_block(driver, *get_function(driver, function), dynamic_of, dynamic, limit);
    *grid = best.grid;
    *block = best.block;
  });
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                        unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                        CUstream stream, void** parameters, void** extra) {
  return launch(__func__, function,
                {{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared, false}, stream,
                parameters, extra);
}
CUresult cuLaunchKernel_ptsz(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                             unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                             CUstream stream, void** parameters, void** extra) {
  return launch(__func__, function,
                {{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared, false},
                per_thread(stream), parameters, extra);
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned grid_x, unsigned grid_y,
                                   unsigned grid_z, unsigned block_x, unsigned block_y,
                                   unsigned block_z, unsigned shared, CUstream stream,
                                   void** parameters) {
  return launch(__func__, function,
                {{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared, true}, stream,
                parameters, nullptr);
}
CUresult cuLaunchCooperativeKernel_ptsz(CUfunction function, unsigned grid_x, unsigned grid_y,
                                        unsigned grid_z, unsigned block_x, unsigned block_y,
                                        unsigned block_z, unsigned shared, CUstream stream,
                                        void** parameters) {
  return cuLaunchCooperativeKernel(function, grid_x, grid_y, grid_z, block_x, block_y, block_z,
                                   shared, per_thread(stream), parameters);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction function, void** parameters,
                          void** extra) {
  if (config == nullptr) return CUDA_ERROR_INVALID_VALUE;
  return launch_extended(__func__, config, config->hStream, function, parameters, extra);
}
CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig* config, CUfunction function, void** parameters,
                               void** extra) {
  if (config == nullptr) return CUDA_ERROR_INVALID_VALUE;
  return launch_extended(__func__, config, per_thread(config->hStream), function, parameters,
                         extra);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction function, int threads,
                                                     size_t dynamic) {
  return occupancy(__func__, blocks, function, threads, dynamic);
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, CUfunction function,
                                                              int threads, size_t dynamic,
                                                              unsigned) {
  return occupancy(__func__, blocks, function, threads, dynamic);
}
CUresult cuOccupancyMaxPotentialBlockSize(int* grid, int* block, CUfunction function,
                                          CUoccupancyB2DSize dynamic_of, size_t dynamic,
                                          int limit) {
  return potential(__func__, grid, block, function, dynamic_of, dynamic, limit);
}
CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int* grid, int* block, CUfunction function,
                                                   CUoccupancyB2DSize dynamic_of, size_t dynamic,
                                                   int limit, unsigned) {
  return potential(__func__, grid, block, function, dynamic_of, dynamic, limit);
}
CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t* bytes, CUfunction function, int blocks,
                                                 int threads) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(bytes != nullptr, "the output is null");
    *bytes = available_dynamic_shared(driver, *get_function(driver, function), blocks, threads);
  });
}

}  // extern "C"
