// Modules: which PTX of an image fits the card, what loading it gives, and the functions that are
// launched from it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {

struct LoadedModule {
  CUmodule handle = nullptr;
  Context* context = nullptr;
  bool of_library = false;
  std::unique_ptr<Module> module;
  std::unordered_map<std::string, CUfunction> functions;
};

struct Function {
  CUfunction handle = nullptr;
  std::shared_ptr<LoadedModule> module;
  const Kernel* kernel = nullptr;
  int most_dynamic_shared = 0;  // set by the program
  int carveout = -1;
};

struct Library {
  CUlibrary handle = nullptr;
  std::shared_ptr<LoadedModule> module;
};

// What .version and .target say, without parsing the rest.
struct PtxHeader {
  int version = 0;                      // 90: 9.0
  int target = 0;                       // 80: sm_80
  bool this_architecture_only = false;  // sm_90a
  bool this_family_only = false;        // sm_100f
};
PtxHeader read_ptx_header(const std::string& ptx);
// Empty, or why the card (its capability) cannot run it.
std::string why_not(const PtxHeader& header, int capability);

// PTX text, a fat binary, or a record that points to one. Throws Failure.
std::shared_ptr<LoadedModule> load_module(Driver& driver, Context& context, const void* image);
// The handle is the same at each call.
CUfunction find_function(Driver& driver, const std::shared_ptr<LoadedModule>& module,
                         const std::string& name);
void unload_module(Driver& driver, const std::shared_ptr<LoadedModule>& module);
std::shared_ptr<Function> get_function(Driver& driver, CUfunction handle);

// Registers a thread: what a tool has said (ptxas knows it, PTX does not), else a usual figure.
int registers_of(const Driver& driver, const Kernel& kernel);
// Threads a block at most, by the kernel's bounds, registers and the card.
int most_threads_of(const Driver& driver, const Kernel& kernel);
// Blocks of the kernel that one multiprocessor holds, by the toolkit's occupancy rules.
int blocks_per_multiprocessor(const Driver& driver, const Function& function, int block_threads,
                              size_t dynamic_shared_bytes);
// The best block size and the grid that fills the card with it.
struct BestBlock {
  int grid = 0, block = 0;
};
BestBlock best_block(const Driver& driver, const Function& function, size_t (*shared_of)(int),
                     size_t dynamic_shared_bytes, int block_limit);
size_t available_dynamic_shared(const Driver& driver, const Function& function, int blocks,
                                int block_threads);

}  // namespace nram::simulator::driver
