#include "kernels/simulator/driver_launch.h"

#include <algorithm>
#include <cstring>

#include "kernels/simulator/driver_accesses.h"

namespace nram::simulator::driver {
namespace {

std::string sizes(const Dim3& d) {
  return std::to_string(d.x) + " x " + std::to_string(d.y) + " x " + std::to_string(d.z);
}

void check_dimensions(const Dim3& grid, const Dim3& block) {
  if (grid.count() == 0) refuse(CUDA_ERROR_INVALID_VALUE, "the grid is empty: " + sizes(grid));
  if (block.count() == 0) refuse(CUDA_ERROR_INVALID_VALUE, "the block is empty: " + sizes(block));
  if (grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535) {
    refuse(CUDA_ERROR_INVALID_VALUE,
           "the grid of " + sizes(grid) + " blocks passes the limit of 2147483647 x 65535 x 65535");
  }
  if (block.x > 1024 || block.y > 1024 || block.z > 64 ||
      block.count() > static_cast<uint64_t>(Card::kThreadsPerBlock)) {
    refuse(CUDA_ERROR_INVALID_VALUE,
           "the block of " + sizes(block) +
               " threads passes the limit of 1024 x 1024 x 64 and 1024 in all");
  }
}

void check_shared(const Card& card, const Function& function, uint32_t dynamic) {
  const uint32_t fixed = function.kernel->static_shared_bytes;
  if (dynamic <= static_cast<uint32_t>(function.most_dynamic_shared)) return;
  std::string why = "kernel '" + function.kernel->name + "' is launched with " +
                    std::to_string(dynamic) + " bytes of dynamic shared memory; ";
  if (fixed + uint64_t{dynamic} > card.shared_per_block_optin) {
    why += "with its " + std::to_string(fixed) + " static ones that is more than the card's " +
           std::to_string(card.shared_per_block_optin);
  } else {
    why += "it may have " + std::to_string(function.most_dynamic_shared) +
           " until cuFuncSetAttribute(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) allows more";
  }
  refuse(CUDA_ERROR_INVALID_VALUE, std::move(why));
}

// Parameters in one buffer, as `extra` gives them.
std::vector<std::byte> packed_parameters(const Kernel& kernel, void** extra) {
  const void* buffer = nullptr;
  const size_t* bytes = nullptr;
  for (void** at = extra; *at != CU_LAUNCH_PARAM_END; at += 2) {
    if (*at == CU_LAUNCH_PARAM_BUFFER_POINTER) {
      buffer = at[1];
    } else if (*at == CU_LAUNCH_PARAM_BUFFER_SIZE) {
      bytes = static_cast<const size_t*>(at[1]);
    } else {
      refuse(CUDA_ERROR_INVALID_VALUE, "`extra` has an option that is not known");
    }
  }
  require(buffer != nullptr && bytes != nullptr, "`extra` has no buffer or no size");
  if (*bytes < kernel.parameter_bytes) {
    refuse(CUDA_ERROR_INVALID_VALUE,
           "kernel '" + kernel.name + "' has " + std::to_string(kernel.parameter_bytes) +
               " bytes of parameters, and the buffer " + std::to_string(*bytes));
  }
  std::vector<std::byte> result(kernel.parameter_bytes);
  std::memcpy(result.data(), buffer, result.size());
  return result;
}

CUresult fault_of(const LaunchReport& report) {
  if (!report.faulted) return CUDA_SUCCESS;
  static const std::pair<const char*, CUresult> kResults[] = {
      {"misaligned", CUDA_ERROR_MISALIGNED_ADDRESS},
      {"out of bounds", CUDA_ERROR_ILLEGAL_ADDRESS},
      {"released", CUDA_ERROR_ILLEGAL_ADDRESS},
      {"use after free", CUDA_ERROR_ILLEGAL_ADDRESS},
      {"null", CUDA_ERROR_ILLEGAL_ADDRESS},
      {"timeout", CUDA_ERROR_LAUNCH_TIMEOUT},
      {"endless", CUDA_ERROR_LAUNCH_TIMEOUT},
      {"deadlock", CUDA_ERROR_LAUNCH_TIMEOUT},
      {"assert", CUDA_ERROR_ASSERT},
  };
  // The last error is the one that stopped the launch.
  for (auto finding = report.findings.rbegin(); finding != report.findings.rend(); ++finding) {
    if (finding->severity != Severity::kError) continue;
    for (const auto& [kind, result] : kResults) {
      if (finding->kind.find(kind) != std::string::npos) return result;
    }
  }
  return CUDA_ERROR_LAUNCH_FAILED;
}

}  // namespace

void check_launch(const Driver& driver, const Function& function, const LaunchRequest& request) {
  const Kernel& kernel = *function.kernel;
  check_dimensions(request.grid, request.block);
  const Dim3& required = kernel.required_block;
  if (required.count() > 0 && (required.x != request.block.x || required.y != request.block.y ||
                               required.z != request.block.z)) {
    refuse(CUDA_ERROR_INVALID_VALUE, "kernel '" + kernel.name + "' requires blocks of " +
                                         sizes(required) + " threads (.reqntid), not " +
                                         sizes(request.block));
  }
  check_shared(*driver.settings.card, function, request.dynamic_shared_bytes);
  if (request.block.count() > static_cast<uint64_t>(most_threads_of(driver, kernel))) {
    refuse(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
           "kernel '" + kernel.name + "' can have " +
               std::to_string(most_threads_of(driver, kernel)) +
               " threads a block at most (its launch bounds and registers), not " +
               std::to_string(request.block.count()));
  }
  if (!request.cooperative) return;
  const auto at_once = static_cast<uint64_t>(blocks_per_multiprocessor(
                           driver, function, static_cast<int>(request.block.count()),
                           request.dynamic_shared_bytes)) *
                       static_cast<uint64_t>(driver.settings.card->multiprocessors);
  if (request.grid.count() > at_once) {
    refuse(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "a cooperative grid of " + sizes(request.grid) +
                                                        " blocks does not fit the card, which "
                                                        "holds " +
                                                        std::to_string(at_once) +
                                                        " of them at once");
  }
}

std::vector<std::byte> read_parameters(const Kernel& kernel, void** parameters, void** extra) {
  if (extra != nullptr) {
    require(parameters == nullptr, "parameters are given in both ways");
    return packed_parameters(kernel, extra);
  }
  std::vector<std::byte> result(kernel.parameter_bytes);
  if (kernel.parameters.empty()) return result;
  if (parameters == nullptr) {
    refuse(CUDA_ERROR_INVALID_VALUE, "kernel '" + kernel.name + "' has " +
                                         std::to_string(kernel.parameters.size()) +
                                         " parameters, and none is given");
  }
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    if (parameters[i] == nullptr) {
      refuse(CUDA_ERROR_INVALID_VALUE,
             "parameter " + std::to_string(i) + " of kernel '" + kernel.name + "' is null");
    }
    std::memcpy(result.data() + kernel.parameters[i].offset, parameters[i],
                kernel.parameters[i].bytes);
  }
  return result;
}

std::shared_ptr<const KernelWork> make_launch(Driver& driver, CUfunction handle,
                                              const LaunchRequest& request, void** parameters,
                                              void** extra) {
  const std::shared_ptr<Function> function = get_function(driver, handle);
  check_launch(driver, *function, request);
  Launch launch;
  launch.kernel = function->kernel;
  launch.grid = request.grid;
  launch.block = request.block;
  launch.dynamic_shared_bytes = request.dynamic_shared_bytes;
  launch.parameters = read_parameters(*function->kernel, parameters, extra);
  return std::make_shared<const KernelWork>(function, std::move(launch));
}

void apply_attributes(const CUlaunchConfig& config, LaunchRequest& request) {
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    const CUlaunchAttribute& attribute = config.attrs[i];
    switch (attribute.id) {
      case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
        request.cooperative = attribute.value.cooperative != 0;
        break;
      case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
        if (attribute.value.clusterDim.x * attribute.value.clusterDim.y *
                attribute.value.clusterDim.z !=
            1) {
          refuse(CUDA_ERROR_NOT_SUPPORTED,
                 "thread block clusters (CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) are not simulated");
        }
        break;
      // What only changes speed.
      case CU_LAUNCH_ATTRIBUTE_IGNORE:
      case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
      case CU_LAUNCH_ATTRIBUTE_PRIORITY:
      case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
      case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
      case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
        break;
      default:
        refuse(CUDA_ERROR_NOT_SUPPORTED,
               "launch attribute " + std::to_string(attribute.id) + " is not simulated");
    }
  }
}

std::string KernelWork::describe() const { return "kernel '" + launch_.kernel->name + "'"; }

bool KernelWork::uses_module(const Module* module) const {
  return function_->module->module.get() == module;
}

void KernelWork::run(Execution& execution) const {
  Driver& driver = execution.driver;
  Options options;
  options.check = driver.settings.check;
  options.count = driver.settings.count;
  options.threads = driver.settings.threads;
  options.seed = driver.settings.seed;
  LaunchReport report;
  const MarksBefore before(*driver.memory);
  driver.queue.unlocked([&] {
    report = simulator::run(*function_->module->module, launch_, *driver.memory, options);
  });
  if (execution.watch_launches) add_accesses(*driver.memory, before, execution.accesses);
  for (const Finding& finding : report.findings) driver.findings.add(finding);
  if (options.count) driver.counters.add(launch_.kernel->name, report);
  execution.fault = fault_of(report);
}

}  // namespace nram::simulator::driver
