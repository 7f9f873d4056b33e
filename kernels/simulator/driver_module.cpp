#include "kernels/simulator/driver_module.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "kernels/simulator/driver_fatbin.h"

namespace nram::simulator::driver {
namespace {

constexpr int kNewestPtxVersion = 90;  // that a driver of kDriverVersion takes
constexpr uint32_t kElfMagic = 0x464C457F;

int number_at(const std::string& text, size_t& at) {
  int value = 0;
  while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) {
    value = value * 10 + (text[at++] - '0');
  }
  return value;
}

// The text behind a directive at the start of a line; npos: not there.
size_t behind_directive(const std::string& ptx, const std::string& directive) {
  for (size_t line = 0; line < ptx.size(); ++line) {
    size_t at = line;
    while (at < ptx.size() && (ptx[at] == ' ' || ptx[at] == '\t')) ++at;
    if (ptx.compare(at, directive.size(), directive) == 0) {
      at += directive.size();
      while (at < ptx.size() && (ptx[at] == ' ' || ptx[at] == '\t')) ++at;
      return at;
    }
    line = ptx.find('\n', line);
    if (line == std::string::npos) break;
  }
  return std::string::npos;
}

std::string card_in_words(const Card& card) {
  return std::string(card.product) + " (sm_" + std::to_string(card.capability) + ")";
}

// The entry for the latest architecture that the card can run.
std::string choose_ptx(const Card& card, const std::vector<FatbinEntry>& entries) {
  const FatbinEntry* best = nullptr;
  std::string passed_over;
  for (const FatbinEntry& entry : entries) {
    if (!passed_over.empty()) passed_over += "; ";
    passed_over +=
        (entry.is_ptx ? "PTX for sm_" : "a cubin for sm_") + std::to_string(entry.architecture);
    if (!entry.is_ptx) continue;
    const std::string reason = !entry.unreadable.empty()
                                   ? entry.unreadable
                                   : why_not(read_ptx_header(entry.ptx), card.capability);
    if (!reason.empty()) {
      passed_over += ", but " + reason;
      continue;
    }
    if (best == nullptr || entry.architecture > best->architecture) best = &entry;
  }
  if (best != nullptr) return best->ptx;
  refuse(CUDA_ERROR_NO_BINARY_FOR_GPU,
         "the simulated " + card_in_words(card) +
             " needs PTX, and the fat binary has none that it can run: it holds " +
             (passed_over.empty() ? "nothing" : passed_over));
}

std::string ptx_of(const Card& card, const void* image) {
  require(image != nullptr, "the image is null");
  uint32_t magic = 0;
  std::memcpy(&magic, image, sizeof magic);
  if (is_fatbin(image)) {
    std::vector<FatbinEntry> entries;
    try {
      entries = read_fatbin(image);
    } catch (const std::runtime_error& error) {
      refuse(CUDA_ERROR_INVALID_IMAGE, error.what());
    }
    return choose_ptx(card, entries);
  }
  if (magic == kElfMagic) {
    refuse(CUDA_ERROR_NO_BINARY_FOR_GPU,
           "the image is a cubin; the simulated GPU runs PTX only: compile with "
           "-gencode arch=compute_80,code=compute_80 too");
  }
  std::string ptx = static_cast<const char*>(image);
  const PtxHeader header = read_ptx_header(ptx);
  if (header.version == 0 || header.target == 0) {
    refuse(CUDA_ERROR_INVALID_IMAGE, "the image is neither PTX nor a fat binary");
  }
  if (header.version > kNewestPtxVersion) {
    refuse(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, why_not(header, card.capability));
  }
  const std::string reason = why_not(header, card.capability);
  if (!reason.empty()) refuse(CUDA_ERROR_INVALID_PTX, reason);
  return ptx;
}

}  // namespace

PtxHeader read_ptx_header(const std::string& ptx) {
  PtxHeader header;
  size_t at = behind_directive(ptx, ".version");
  if (at != std::string::npos) {
    header.version = number_at(ptx, at) * 10;
    if (at < ptx.size() && ptx[at] == '.') header.version += number_at(ptx, ++at);
  }
  at = behind_directive(ptx, ".target");
  if (at != std::string::npos && ptx.compare(at, 3, "sm_") == 0) {
    at += 3;
    header.target = number_at(ptx, at);
    header.this_architecture_only = at < ptx.size() && ptx[at] == 'a';
    header.this_family_only = at < ptx.size() && ptx[at] == 'f';
  }
  return header;
}

std::string why_not(const PtxHeader& header, int capability) {
  const std::string target = "sm_" + std::to_string(header.target);
  if (header.version > kNewestPtxVersion) {
    return "PTX version " + std::to_string(header.version / 10) + "." +
           std::to_string(header.version % 10) + " is later than this driver";
  }
  if (header.target > capability) {
    return "the card (sm_" + std::to_string(capability) + ") is earlier than its target " + target;
  }
  if (header.this_architecture_only && header.target != capability) {
    return "its target " + target + "a runs on sm_" + std::to_string(header.target) + " alone";
  }
  if (header.this_family_only && header.target / 10 != capability / 10) {
    return "its target " + target + "f runs on that family alone";
  }
  return {};
}

std::shared_ptr<LoadedModule> load_module(Driver& driver, Context& context, const void* image) {
  const std::string ptx = ptx_of(*driver.settings.card, image);
  auto loaded = std::make_shared<LoadedModule>();
  loaded->context = &context;
  try {
    loaded->module = Module::parse(ptx, "module " + std::to_string(++driver.made));
  } catch (const PtxError& error) {
    refuse(CUDA_ERROR_INVALID_PTX, error.what());
  }
  for (const auto& [name, kernel] : loaded->module->kernels()) {
    if (kernel.static_shared_bytes > Card::kSharedPerBlock) {
      refuse(CUDA_ERROR_INVALID_PTX, "kernel '" + name + "' declares " +
                                         std::to_string(kernel.static_shared_bytes) +
                                         " bytes of static shared memory; 49152 is the most");
    }
  }
  loaded->module->load(*driver.memory);
  loaded->handle = driver.modules.add(loaded);
  return loaded;
}

CUfunction find_function(Driver& driver, const std::shared_ptr<LoadedModule>& module,
                         const std::string& name) {
  const auto known = module->functions.find(name);
  if (known != module->functions.end()) return known->second;
  const Kernel* kernel = module->module->find(name);
  if (kernel == nullptr) {
    refuse(CUDA_ERROR_NOT_FOUND,
           "'" + module->module->name() + "' has no kernel named '" + name + "'");
  }
  auto function = std::make_shared<Function>();
  function->module = module;
  function->kernel = kernel;
  function->most_dynamic_shared =
      static_cast<int>(Card::kSharedPerBlock - kernel->static_shared_bytes);
  function->handle = driver.functions.add(function);
  module->functions.emplace(name, function->handle);
  return function->handle;
}

void unload_module(Driver& driver, const std::shared_ptr<LoadedModule>& module) {
  const Module* const itself = module->module.get();
  const auto launches =
      driver.queue.queued([&](const Work& work) { return work.uses_module(itself); });
  if (!launches.empty()) {
    driver.findings.add(Severity::kError, "module in use",
                        "'" + itself->name() + "' is unloaded while " + launches.front() +
                            " is still queued: synchronise first");
  }
  driver.queue.finish(module->context);
  module->module->unload(*driver.memory);
  for (const auto& [name, handle] : module->functions) driver.functions.remove(handle);
  driver.modules.remove(module->handle);
}

std::shared_ptr<Function> get_function(Driver& driver, CUfunction handle) {
  std::shared_ptr<Function> function = driver.functions.find(handle);
  if (function == nullptr) {
    refuse(CUDA_ERROR_INVALID_HANDLE, driver.functions.was(handle)
                                          ? "the function's module has been unloaded"
                                          : "this is no function");
  }
  return function;
}

}  // namespace nram::simulator::driver
