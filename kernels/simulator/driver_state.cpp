#include "kernels/simulator/driver_state.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <new>

#include "kernels/simulator/driver_capture.h"
#include "kernels/simulator/driver_graph.h"
#include "kernels/simulator/driver_module.h"

namespace nram::simulator::driver {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv((std::string("NRAM_SIMULATOR_") + name).c_str());
  return value == nullptr ? std::string() : value;
}

bool environment_flag(const char* name, bool otherwise) {
  const std::string value = environment(name);
  return value.empty() ? otherwise : value != "0";
}

// Answers that programs ask for on purpose, or that say what was already said.
bool is_misuse(CUresult result) {
  switch (result) {
    case CUDA_ERROR_OUT_OF_MEMORY:
    case CUDA_ERROR_NOT_FOUND:
    case CUDA_ERROR_NOT_READY:
    case CUDA_ERROR_NOT_SUPPORTED:
    case CUDA_ERROR_NO_BINARY_FOR_GPU:
    case CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
    case CUDA_ERROR_PEER_ACCESS_UNSUPPORTED:
    case CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE:
    case CUDA_ERROR_NO_DEVICE:
      return false;
    default:
      return true;
  }
}

}  // namespace

size_t parse_bytes(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  double unit = 1;
  switch (std::toupper(static_cast<unsigned char>(*end))) {
    case '\0':
      break;
    case 'K':
      unit = 1024.0;
      break;
    case 'M':
      unit = 1024.0 * 1024;
      break;
    case 'G':
      unit = 1024.0 * 1024 * 1024;
      break;
    default:
      return 0;
  }
  return value > 0 ? static_cast<size_t>(value * unit) : 0;
}

Driver& driver() {
  static Driver* const the = new Driver;
  return *the;
}

ThreadState& this_thread() {
  // Never destroyed either: what a thread had current must outlive the thread-local objects, which
  // end before the program's statics.
  static thread_local ThreadState* state = nullptr;
  if (state == nullptr) {
    static std::mutex mutex;
    static auto* const states = new std::map<std::thread::id, ThreadState>;
    std::lock_guard lock(mutex);
    state = &(*states)[std::this_thread::get_id()];
    *state = {};  // an earlier thread may have had the same id
  }
  return *state;
}

Driver::Driver() {
  findings.set_quiet(environment_flag("QUIET", false));
  settings.check = environment_flag("CHECK", true);
  settings.count = environment_flag("COUNT", true);
  settings.leaks = environment_flag("LEAKS", false);
  settings.threads = std::atoi(environment("THREADS").c_str());
  seed(std::strtoull(environment("SEED").c_str(), nullptr, 10));
  const std::string card = environment("CARD");
  settings.card = find_card(card.empty() ? "A100" : card);
  if (settings.card == nullptr) {
    settings_mistake = "NRAM_SIMULATOR_CARD is '" + card + "', not one of " + card_names();
    settings.card = &cards().front();
  }
  settings.memory_bytes = settings.card->memory_bytes;
  const std::string bytes = environment("MEMORY");
  if (!bytes.empty()) {
    settings.memory_bytes = parse_bytes(bytes);
    if (settings.memory_bytes == 0) {
      settings_mistake = "NRAM_SIMULATOR_MEMORY is '" + bytes + "', not a size as 512M or 4G";
    }
  }
}

void Driver::initialise() {
  if (initialised) return;
  if (!settings_mistake.empty()) driver::refuse(CUDA_ERROR_INVALID_VALUE, settings_mistake);
  memory = std::make_unique<Memory>(settings.memory_bytes);
  primary.primary = true;
  primary.handle = contexts.add(std::shared_ptr<Context>(&primary, [](Context*) {}));
  initialised = true;
}

void Driver::seed(uint64_t seed) {
  settings.seed = seed;
  queue.set_seed(seed);
}

void Driver::refuse(const char* function, CUresult result, const std::string& why) {
  const std::string sentence = std::string(function) + " gives " + error_name(result) + ": " + why;
  this_thread().last_error = sentence;
  if (is_misuse(result)) {
    findings.add(Severity::kError, "refused call", sentence);
  } else {
    findings.note(sentence);
  }
}

std::shared_ptr<Context> Driver::context(CUcontext handle) {
  std::shared_ptr<Context> found = contexts.find(handle);
  if (found == nullptr) {
    driver::refuse(CUDA_ERROR_INVALID_CONTEXT,
                   contexts.was(handle) ? "the context has been destroyed" : "this is no context");
  }
  return found;
}

std::shared_ptr<Stream> Driver::stream(CUstream handle, Context& current) {
  if (handle == nullptr || handle == CU_STREAM_LEGACY) return current.legacy;
  if (handle == CU_STREAM_PER_THREAD) {
    std::shared_ptr<Stream>& own = current.per_thread[std::this_thread::get_id()];
    if (own == nullptr) {
      own = queue.make_stream(current, CU_STREAM_DEFAULT, 0);
      own->handle = CU_STREAM_PER_THREAD;
      own->name = "the per-thread default stream";
    }
    return own;
  }
  std::shared_ptr<Stream> found = streams.find(handle);
  if (found == nullptr) {
    driver::refuse(CUDA_ERROR_INVALID_HANDLE,
                   streams.was(handle) ? "the stream has been destroyed" : "this is no stream");
  }
  if (found->context != &current) {
    driver::refuse(CUDA_ERROR_INVALID_HANDLE, found->name + " belongs to another context");
  }
  return found;
}

std::shared_ptr<Event> Driver::event(CUevent handle) {
  std::shared_ptr<Event> found = events.find(handle);
  if (found == nullptr) {
    driver::refuse(CUDA_ERROR_INVALID_HANDLE,
                   events.was(handle) ? "the event has been destroyed" : "this is no event");
  }
  return found;
}

std::string Driver::place(uint64_t address) const {
  char hexadecimal[32];
  std::snprintf(hexadecimal, sizeof hexadecimal, "0x%llx",
                static_cast<unsigned long long>(address));
  if (!is_device(address)) {
    const auto* known = pinned(address);
    if (known == nullptr) return std::string("host memory at ") + hexadecimal;
    return "pinned host memory of " + std::to_string(known->second.bytes) + " bytes + " +
           std::to_string(address - known->first);
  }
  const Memory::Range range = memory->find(address, 1);
  if (range.allocation_bytes == 0) return hexadecimal;
  const auto offset = static_cast<int64_t>(address - range.allocation_address);
  return "'" + range.name + "'" + (offset < 0 ? " - " : " + ") + std::to_string(std::abs(offset)) +
         (range.released ? " (released)" : "");
}

const std::pair<const uint64_t, HostAllocation>* Driver::pinned(uint64_t address) const {
  auto next = host_allocations.upper_bound(address);
  if (next == host_allocations.begin()) return nullptr;
  --next;
  return address - next->first < next->second.bytes ? &*next : nullptr;
}

Context* current_context(Driver& driver) {
  const ThreadState& thread = this_thread();
  if (thread.contexts.empty() || thread.contexts.back() == nullptr) return nullptr;
  const std::shared_ptr<Context> context = driver.contexts.find(thread.contexts.back());
  return context != nullptr && context->active ? context.get() : nullptr;
}

namespace {

CUresult checked_call(Driver& state, const char* function, unsigned rules, Body body,
                      const void* closure) {
  if (this_thread().in_host_function) {
    refuse(CUDA_ERROR_NOT_PERMITTED, "a host function of a stream may not call the driver");
  }
  if ((rules & kAnytime) == 0 && !state.initialised) {
    refuse(CUDA_ERROR_NOT_INITIALIZED, "cuInit has not been called");
  }
  Context* context = current_context(state);
  if ((rules & kInContext) != 0 && context == nullptr) {
    refuse(CUDA_ERROR_INVALID_CONTEXT, "no context is current on this thread");
  }
  const bool minds_faults = (rules & kInContext) != 0 && (rules & kAfterFault) == 0;
  if (minds_faults && context->fault != CUDA_SUCCESS) return context->fault;
  if ((rules & kUnsafeInCapture) != 0) forbid_in_capture(state, function);
  const CUresult result = body(closure, state, context == nullptr ? state.primary : *context);
  if (minds_faults && context->fault != CUDA_SUCCESS) return context->fault;
  return result;
}

}  // namespace

CUresult call_body(const char* function, unsigned rules, Body body, const void* closure) {
  Driver& state = driver();
  std::lock_guard lock(state.mutex);
  try {
    return checked_call(state, function, rules, body, closure);
  } catch (const Failure& failure) {
    state.refuse(function, failure.result, failure.why);
    return failure.result;
  } catch (const std::bad_alloc&) {
    state.refuse(function, CUDA_ERROR_OUT_OF_MEMORY, "the host has no memory left");
    return CUDA_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    state.refuse(function, CUDA_ERROR_UNKNOWN, error.what());
    return CUDA_ERROR_UNKNOWN;
  }
}

void Driver::clear(Context& context) {
  queue.finish(&context);  // after a fault: drops it
  report_leaks(&context);
  const auto mine = [&](const auto& object) { return object->context == &context; };
  for (const auto& stream : streams.all()) {
    if (mine(stream)) {
      queue.retire(stream);
      streams.remove(stream->handle);
    }
  }
  for (const auto& event : events.all()) {
    if (mine(event)) events.remove(event->handle);
  }
  for (const auto& function : functions.all()) {
    if (function->module->context == &context) functions.remove(function->handle);
  }
  for (const auto& module : modules.all()) {
    if (!mine(module)) continue;
    module->module->unload(*memory);
    modules.remove(module->handle);
  }
  for (auto at = allocations.begin(); at != allocations.end();) {
    if (at->second.context == &context) {
      memory->release(at->first);
      at = allocations.erase(at);
    } else {
      ++at;
    }
  }
  for (auto at = host_allocations.begin(); at != host_allocations.end();) {
    if (at->second.context == &context) {
      if (!at->second.registered) std::free(reinterpret_cast<void*>(at->first));
      at = host_allocations.erase(at);
    } else {
      ++at;
    }
  }
  for (const auto& [thread, stream] : context.per_thread) queue.retire(stream);
  if (context.legacy != nullptr) queue.retire(context.legacy);
  context.per_thread.clear();
  context.legacy = nullptr;
  context.active = false;
  context.fault = CUDA_SUCCESS;
}

size_t Driver::report_leaks(const Context* context) {
  if (!settings.leaks) return 0;
  size_t leaks = 0;
  const auto report = [&](const Context* owner, const std::string& what) {
    if (context != nullptr && owner != context) return;
    findings.add(Severity::kWarning, "leak", what + " is never released");
    ++leaks;
  };
  for (const auto& [address, allocation] : allocations) {
    if (!allocation.release_queued) report(allocation.context, "'" + allocation.name + "'");
  }
  for (const auto& [address, allocation] : host_allocations) {
    report(allocation.context, "pinned host memory of " + std::to_string(allocation.bytes) +
                                   " bytes" + (allocation.registered ? " (registered)" : ""));
  }
  for (const auto& stream : streams.all()) report(stream->context, stream->name);
  for (const auto& event : events.all()) report(event->context, "an event");
  for (const auto& module : modules.all()) {
    if (!module->of_library) report(module->context, "module '" + module->module->name() + "'");
  }
  for (const auto& graph : graphs.all()) {
    report(context, "a graph of " + std::to_string(graph->nodes.size()) + " nodes");
  }
  for (const auto& exec : graph_execs.all()) {
    report(context,
           "an instantiated graph of " + std::to_string(exec->image->nodes.size()) + " nodes");
  }
  return leaks;
}

}  // namespace nram::simulator::driver
