// The subcommands of nram. Each function adds one to the program with its options and help; the
// work starts when the command line has been parsed.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>

#include "engine/tensor.h"

namespace nram::tools {

void add_attention(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_info(CLI::App& app);
void add_inspect(CLI::App& app);
void add_parity(CLI::App& app);
void add_profile(CLI::App& app);
void add_synthesize(CLI::App& app);
void add_train(CLI::App& app);
void add_transfer(CLI::App& app);

// Set by Ctrl-C (SIGINT) and SIGTERM once watched; a second signal ends the program at once.
const std::atomic<bool>& watch_interrupts();

// "--device" and "--precision", shared by all commands that compute.
void add_device_option(CLI::App& command, DeviceOptions& device);
// "--threads": OpenMP threads of the cpu kernels; 0 is one per core.
void add_threads_option(CLI::App& command);

}  // namespace nram::tools
