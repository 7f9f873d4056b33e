// A whole launch: worker threads that take blocks, and what they found put together.
#include <algorithm>
#include <bit>
#include <chrono>
#include <numeric>
#include <thread>

#include "kernels/simulator/counters.h"
#include "kernels/simulator/module.h"
#include "kernels/simulator/runtime.h"

namespace nram::simulator {

namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

void check_launch(const Launch& launch) {
  require(launch.kernel != nullptr && launch.kernel->code != nullptr, "a launch without a kernel");
  const std::string& name = launch.kernel->name;
  if (!launch.kernel->code->refusal.empty()) throw PtxError(launch.kernel->code->refusal);
  const uint64_t threads = launch.block.count(), blocks = launch.grid.count();
  require(threads >= 1 && threads <= 1024, name + ": a block has 1 to 1024 threads");
  require(blocks >= 1 && blocks < uint64_t{1} << 32, name + ": a grid of an impossible size");
  require(launch.parameters.size() >= launch.kernel->parameter_bytes,
          name + ": fewer bytes of parameters than the kernel has");
  require(launch.kernel->most_threads == 0 || threads <= launch.kernel->most_threads,
          name + ": the block has more threads than the kernel's launch bounds");
}

// Blocks in any order, for seeds other than 0.
std::vector<uint32_t> shuffled_blocks(uint64_t count, uint64_t seed) {
  std::vector<uint32_t> order;
  if (seed == 0) return order;
  order.resize(count);
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  return order;
}

void work(LaunchState& state, Worker& worker, std::exception_ptr& error) {
  const uint64_t blocks = state.launch.grid.count();
  try {
    for (uint64_t i; !state.stop && (i = state.next_block++) < blocks;) {
      run_block(worker, state.block_order.empty() ? i : state.block_order[i]);
    }
  } catch (const LaunchStopped&) {
    state.stop = true;
  } catch (...) {
    state.stop = true;
    error = std::current_exception();
  }
}

}  // namespace

void report(Warp& warp, int lane, Severity severity, const char* kind, const std::string& message,
            uint64_t occurrences) {
  const Worker& worker = *warp.worker;
  const Dim3& size = worker.launch.launch.block;
  const uint32_t lowest = warp.live == 0 ? 0 : static_cast<uint32_t>(std::countr_zero(warp.live));
  const uint32_t thread = warp.index * 32 + (lane < 0 ? lowest : static_cast<uint32_t>(lane));
  const Dim3 place{thread % size.x, thread / size.x % size.y, thread / size.x / size.y};
  const int instruction =
      warp.current == nullptr ? -1 : static_cast<int>(warp.current - worker.instructions);
  worker.launch.findings.add(severity, kind, message, worker.block.index, place, instruction,
                             occurrences);
}

void stop_with(Warp& warp, int lane, const char* kind, const std::string& message) {
  report(warp, lane, Severity::kError, kind, message);
  warp.worker->launch.findings.set_faulted();
  throw LaunchStopped{};
}

LaunchReport run(const Module& module, const Launch& launch, Memory& memory,
                 const Options& options) {
  check_launch(launch);
  Memory::Implementation& in = memory.implementation();
  std::lock_guard lock(in.launch_mutex);
  const auto start = std::chrono::steady_clock::now();
  FindingLog findings(*launch.kernel, module.implementation().files, options.most_findings);
  LaunchState state{*launch.kernel,
                    *launch.kernel->code,
                    launch,
                    options,
                    in,
                    findings,
                    {},
                    {},
                    shuffled_blocks(launch.grid.count(), options.seed),
                    0,
                    {}};
  prepare_launch(state);

  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const uint64_t wanted = static_cast<uint64_t>(options.threads > 0 ? options.threads : cores);
  const auto count = static_cast<size_t>(std::min(wanted, launch.grid.count()));
  std::vector<std::unique_ptr<Worker>> workers;
  for (size_t i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>(state));
  std::vector<std::exception_ptr> errors(count);
  std::vector<std::thread> threads;
  for (size_t i = 1; i < count; ++i) {
    threads.emplace_back([&, i] { work(state, *workers[i], errors[i]); });
  }
  work(state, *workers[0], errors[0]);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }

  LaunchReport report;
  if (options.count) fill_counters(state, workers, module.implementation().files, report);
  report.findings = findings.take();
  report.faulted = findings.faulted();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace nram::simulator
