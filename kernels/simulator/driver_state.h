// The state behind the driver functions: one simulated card, its contexts, and everything that
// programs hold handles of. Every exported function enters through call().
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernels/simulator/card.h"
#include "kernels/simulator/driver_findings.h"
#include "kernels/simulator/driver_queue.h"

namespace nram::simulator::driver {

struct Graph;
struct GraphExec;
struct Library;
struct LoadedModule;

// Handles are numbers that are never used twice: what was destroyed is known by its handle.
template <class Handle, class Object>
class Handles {
 public:
  explicit Handles(uint64_t kind) : next_(kind << 40) {}
  Handle add(std::shared_ptr<Object> object) {
    next_ += 16;
    objects_.emplace(next_, std::move(object));
    return reinterpret_cast<Handle>(next_);
  }
  std::shared_ptr<Object> find(Handle handle) const {
    const auto found = objects_.find(reinterpret_cast<uint64_t>(handle));
    return found == objects_.end() ? nullptr : found->second;
  }
  bool remove(Handle handle) { return objects_.erase(reinterpret_cast<uint64_t>(handle)) > 0; }
  // Whether this was a handle once.
  bool was(Handle handle) const {
    const auto value = reinterpret_cast<uint64_t>(handle);
    return value >> 40 == next_ >> 40 && value <= next_ && find(handle) == nullptr;
  }
  std::vector<std::shared_ptr<Object>> all() const {
    std::vector<std::shared_ptr<Object>> all;
    for (const auto& [handle, object] : objects_) all.push_back(object);
    return all;
  }

 private:
  uint64_t next_;
  std::unordered_map<uint64_t, std::shared_ptr<Object>> objects_;
};

struct Context {
  CUcontext handle = nullptr;
  bool primary = false;
  bool active = false;  // a primary context that is retained, or a created one
  int uses = 0;
  unsigned flags = 0;
  CUresult fault = CUDA_SUCCESS;  // sticky
  std::shared_ptr<Stream> legacy;
  std::map<std::thread::id, std::shared_ptr<Stream>> per_thread;
  std::map<CUlimit, size_t> limits;
};

struct DeviceAllocation {
  Context* context = nullptr;
  size_t bytes = 0;
  std::string name;
  bool pooled = false;          // by cuMemAllocAsync
  bool release_queued = false;  // by cuMemFreeAsync
  uint64_t id = 0;
};

struct HostAllocation {
  Context* context = nullptr;
  size_t bytes = 0;
  unsigned flags = 0;
  bool registered = false;  // the program's own memory
};

struct Settings {
  const Card* card = nullptr;
  size_t memory_bytes = 0;
  uint64_t seed = 0;
  int threads = 0;
  bool check = true;
  bool count = true;
  bool leaks = false;
};

// "4G", "512M", "65536"; 0 where it is no size.
size_t parse_bytes(const std::string& text);

struct Driver {
  Driver();

  std::mutex mutex;
  bool initialised = false;
  Settings settings;
  std::string settings_mistake;  // what is wrong with the environment
  Findings findings;
  KernelCounters counters;
  std::map<std::string, int> registers;  // by kernel, where a tool has said it
  std::unique_ptr<Memory> memory;
  Queue queue{*this};

  Context primary;
  std::vector<std::shared_ptr<Context>> destroyed_contexts;  // pointers to them may remain
  Handles<CUcontext, Context> contexts{0x51};
  Handles<CUstream, Stream> streams{0x52};
  Handles<CUevent, Event> events{0x53};
  Handles<CUmodule, LoadedModule> modules{0x54};
  Handles<CUfunction, Function> functions{0x55};
  Handles<CUgraph, Graph> graphs{0x56};
  Handles<CUgraphExec, GraphExec> graph_execs{0x57};
  Handles<CUlibrary, Library> libraries{0x58};
  std::unordered_map<CUgraphNode, Graph*> nodes;
  std::vector<std::shared_ptr<Capture>> captures;  // in progress
  std::map<uint64_t, DeviceAllocation> allocations;
  std::map<uint64_t, HostAllocation> host_allocations;
  uint64_t made = 0;            // numbers for names
  uint64_t pool_threshold = 0;  // of the default memory pool

  void initialise();
  void seed(uint64_t seed);
  void refuse(const char* function, CUresult result, const std::string& why);

  // The handle's object, or a Failure that says what the handle is.
  std::shared_ptr<Context> context(CUcontext handle);
  std::shared_ptr<Stream> stream(CUstream handle, Context& current);
  std::shared_ptr<Event> event(CUevent handle);

  // "allocation 3 of 4096 bytes + 16" for messages.
  std::string place(uint64_t address) const;
  static bool is_device(uint64_t address) { return address >> 48 != 0; }
  // The host allocation that holds the range's first byte.
  const std::pair<const uint64_t, HostAllocation>* pinned(uint64_t address) const;
  // Frees all that belongs to the context.
  void clear(Context& context);
  size_t report_leaks(const Context* context);
};

// Never destroyed: programs call the driver from destructors of their own statics.
Driver& driver();

// What each thread has.
struct ThreadState {
  std::vector<CUcontext> contexts;  // the stack; the last is current
  bool in_host_function = false;
  CUstreamCaptureMode capture_mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::string last_error;
  std::string next_name;  // of the next allocation
};
ThreadState& this_thread();
Context* current_context(Driver& driver);

enum Rule : unsigned {
  kPlain = 0,            // after cuInit, in no context
  kInContext = 1,        // with a current context
  kAnytime = 2,          // before cuInit too
  kUnsafeInCapture = 4,  // what a capture in progress forbids
  kAfterFault = 8,       // also when the context has a sticky error
};

// Runs an exported function's body under the lock and gives its result: the body throws Failure,
// and a sticky error comes first and, if the body met it, last.
using Body = CUresult (*)(const void*, Driver&, Context&);
CUresult call_body(const char* function, unsigned rules, Body body, const void* closure);
template <class Closure>
CUresult call(const char* function, unsigned rules, const Closure& closure) {
  const Body body = [](const void* opaque, Driver& state, Context& context) -> CUresult {
    const auto& function_object = *static_cast<const Closure*>(opaque);
    if constexpr (std::is_void_v<std::invoke_result_t<Closure, Driver&, Context&>>) {
      function_object(state, context);
      return CUDA_SUCCESS;
    } else {
      return function_object(state, context);
    }
  };
  return call_body(function, rules, body, &closure);
}

[[noreturn]] inline void refuse(CUresult result, std::string why) {
  throw Failure{result, std::move(why)};
}
// The usual one.
inline void require(bool condition, const char* why) {
  if (!condition) refuse(CUDA_ERROR_INVALID_VALUE, why);
}

}  // namespace nram::simulator::driver
