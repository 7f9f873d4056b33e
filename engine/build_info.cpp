#include "engine/build_info.h"

#include <omp.h>

#include <fstream>

#include "engine/op.h"
#include "kernels/convolution/convolution.h"
#include "kernels/vendor/cuda_facts.h"
#include "kernels/vendor/onednn.h"

namespace nram {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string instruction_sets() {
#if defined(__x86_64__)
  std::string names;
  const auto add = [&](const char* name, bool supported) {
    if (!supported) return;
    if (!names.empty()) names += ' ';
    names += name;
  };
  add("sse4.2", __builtin_cpu_supports("sse4.2"));
  add("avx2", __builtin_cpu_supports("avx2"));
  add("fma", __builtin_cpu_supports("fma"));
  add("avx512f", __builtin_cpu_supports("avx512f"));
  add("avx512bf16", __builtin_cpu_supports("avx512bf16"));
  return names;
#else
  return "no x86-64: the compiler's default";
#endif
}

std::string compiler() {
#if defined(__clang__)
  return text("clang ", __clang_major__, ".", __clang_minor__, ".", __clang_patchlevel__);
#else
  return text("g++ ", __GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__);
#endif
}

std::string build_kind() {
#if defined(NRAM_SANITIZE)
  return "with AddressSanitizer and UndefinedBehaviorSanitizer";
#elif defined(NDEBUG)
  return "optimised";
#else
  return "with assertions";
#endif
}

}  // namespace

std::vector<std::pair<std::string, std::string>> build_facts() {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"compiler", compiler()},
      {"build", build_kind()},
      {"devices", kHasCuda ? "cpu, reference, cuda (NVIDIA), sim (a simulated GPU)"
                           : "cpu, reference (this build has no CUDA)"},
      {"processor", processor_name()},
      {"instruction sets", instruction_sets()},
      {"cores", std::to_string(omp_get_num_procs())},
      {"threads", std::to_string(omp_get_max_threads())},
      {"oneDNN", onednn::version()},
      {"winograd", kernels::winograd_allowed() ? "allowed" : "forbidden (NRAM_WINOGRAD=0)"},
      {"ops in the table", std::to_string(op_table().size())},
  };
  if constexpr (kHasCuda) {
    for (const auto& fact : vendor::cuda_facts()) facts.push_back(fact);
  }
  return facts;
}

}  // namespace nram
