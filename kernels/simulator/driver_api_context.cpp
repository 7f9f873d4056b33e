// The driver's functions for contexts: the primary one, created ones, and what is current.
#include "kernels/simulator/driver_capture.h"
#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {
namespace {

constexpr unsigned kApiVersion = 3020;
constexpr int kLeastPriority = 0, kGreatestPriority = -5;
constexpr unsigned kContextFlags = 0xFF;

void require_device(CUdevice device) {
  if (device != 0) refuse(CUDA_ERROR_INVALID_DEVICE, "there is one device, number 0");
}

void activate(Driver& driver, Context& context) {
  context.active = true;
  context.legacy = driver.queue.make_stream(context, CU_STREAM_DEFAULT, 0);
  context.legacy->legacy = true;
  context.legacy->name = "the default stream";
  context.limits = {{CU_LIMIT_STACK_SIZE, 1024},
                    {CU_LIMIT_PRINTF_FIFO_SIZE, size_t{1} << 20},
                    {CU_LIMIT_MALLOC_HEAP_SIZE, size_t{8} << 20}};
}

void create(Driver& driver, CUcontext* handle, unsigned flags) {
  require(handle != nullptr, "the context's output is null");
  require((flags & ~kContextFlags) == 0, "the flags are not known");
  auto context = std::make_shared<Context>();
  context->flags = flags;
  context->handle = driver.contexts.add(context);
  activate(driver, *context);
  this_thread().contexts.push_back(context->handle);
  *handle = context->handle;
}

Context& current_or(Driver& driver, CUcontext handle, Context& current) {
  return handle == nullptr ? current : *driver.context(handle);
}

void synchronize(Driver& driver, Context& context) {
  for (const auto& capture : driver.captures) {
    if (capture->origin->context != &context) continue;
    invalidate(*capture);
    refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
           "the context is synchronised while " + capture->origin->name + " is being captured");
  }
  driver.queue.finish(&context);
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuDevicePrimaryCtxRetain(CUcontext* handle, CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    require(handle != nullptr, "the context's output is null");
    if (driver.primary.uses++ == 0) activate(driver, driver.primary);
    *handle = driver.primary.handle;
  });
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    if (driver.primary.uses == 0) {
      refuse(CUDA_ERROR_INVALID_CONTEXT,
             "the primary context has been released as often as it "
             "was retained");
    }
    if (--driver.primary.uses == 0) driver.clear(driver.primary);
  });
}
CUresult cuDevicePrimaryCtxRelease(CUdevice device) { return cuDevicePrimaryCtxRelease_v2(device); }

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    if (!driver.primary.active) return;
    driver.clear(driver.primary);
    if (driver.primary.uses > 0) activate(driver, driver.primary);
  });
}
CUresult cuDevicePrimaryCtxReset(CUdevice device) { return cuDevicePrimaryCtxReset_v2(device); }

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    require((flags & ~kContextFlags) == 0, "the flags are not known");
    driver.primary.flags = flags;
  });
}
CUresult cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned flags) {
  return cuDevicePrimaryCtxSetFlags_v2(device, flags);
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    require(flags != nullptr && active != nullptr, "an output is null");
    *flags = driver.primary.flags;
    *active = driver.primary.active ? 1 : 0;
  });
}

CUresult cuCtxCreate_v2(CUcontext* handle, unsigned flags, CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    create(driver, handle, flags);
  });
}
CUresult cuCtxCreate_v3(CUcontext* handle, CUexecAffinityParam*, int count, unsigned flags,
                        CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    if (count > 0) refuse(CUDA_ERROR_NOT_SUPPORTED, "execution affinity is not simulated");
    create(driver, handle, flags);
  });
}
CUresult cuCtxCreate_v4(CUcontext* handle, CUctxCreateParams* parameters, unsigned flags,
                        CUdevice device) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require_device(device);
    if (parameters != nullptr &&
        (parameters->numExecAffinityParams > 0 || parameters->cigParams != nullptr)) {
      refuse(CUDA_ERROR_NOT_SUPPORTED, "execution affinity and graphics are not simulated");
    }
    create(driver, handle, flags);
  });
}

CUresult cuCtxDestroy_v2(CUcontext handle) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    const std::shared_ptr<Context> context = driver.context(handle);
    if (context->primary) {
      refuse(CUDA_ERROR_INVALID_CONTEXT,
             "the primary context is released with cuDevicePrimaryCtxRelease");
    }
    driver.clear(*context);
    auto& stack = this_thread().contexts;
    if (!stack.empty() && stack.back() == handle) stack.pop_back();
    driver.contexts.remove(handle);
    driver.destroyed_contexts.push_back(context);
  });
}
CUresult cuCtxDestroy(CUcontext handle) { return cuCtxDestroy_v2(handle); }

CUresult cuCtxPushCurrent_v2(CUcontext handle) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    driver.context(handle);
    this_thread().contexts.push_back(handle);
  });
}
CUresult cuCtxPushCurrent(CUcontext handle) { return cuCtxPushCurrent_v2(handle); }

CUresult cuCtxPopCurrent_v2(CUcontext* handle) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    auto& stack = this_thread().contexts;
    if (stack.empty()) refuse(CUDA_ERROR_INVALID_CONTEXT, "no context is current on this thread");
    if (handle != nullptr) *handle = stack.back();
    stack.pop_back();
  });
}
CUresult cuCtxPopCurrent(CUcontext* handle) { return cuCtxPopCurrent_v2(handle); }

CUresult cuCtxSetCurrent(CUcontext handle) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    auto& stack = this_thread().contexts;
    if (handle == nullptr) {
      if (!stack.empty()) stack.pop_back();
      return;
    }
    driver.context(handle);
    if (stack.empty()) {
      stack.push_back(handle);
    } else {
      stack.back() = handle;
    }
  });
}

CUresult cuCtxGetCurrent(CUcontext* handle) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require(handle != nullptr, "the context's output is null");
    const auto& stack = this_thread().contexts;
    *handle = stack.empty() ? nullptr : stack.back();
  });
}

CUresult cuCtxGetDevice(CUdevice* device) {
  return call(__func__, kInContext, [&](Driver&, Context&) {
    require(device != nullptr, "device is null");
    *device = 0;
  });
}
CUresult cuCtxGetDevice_v2(CUdevice* device, CUcontext handle) {
  return call(__func__, kPlain, [&](Driver& driver, Context& current) {
    require(device != nullptr, "device is null");
    current_or(driver, handle, current);
    *device = 0;
  });
}

CUresult cuCtxGetFlags(unsigned* flags) {
  return call(__func__, kInContext, [&](Driver&, Context& context) {
    require(flags != nullptr, "flags is null");
    *flags = context.flags;
  });
}
CUresult cuCtxSetFlags(unsigned flags) {
  return call(__func__, kInContext, [&](Driver&, Context& context) {
    require((flags & ~kContextFlags) == 0, "the flags are not known");
    context.flags = flags;
  });
}

CUresult cuCtxGetId(CUcontext handle, unsigned long long* id) {
  return call(__func__, kInContext, [&](Driver& driver, Context& current) {
    require(id != nullptr, "id is null");
    *id = reinterpret_cast<uint64_t>(current_or(driver, handle, current).handle);
  });
}

CUresult cuCtxSynchronize() {
  return call(__func__, kInContext,
              [](Driver& driver, Context& context) { synchronize(driver, context); });
}
CUresult cuCtxSynchronize_v2(CUcontext handle) {
  return call(__func__, kPlain, [&](Driver& driver, Context& current) {
    Context& context = current_or(driver, handle, current);
    if (!context.active) refuse(CUDA_ERROR_INVALID_CONTEXT, "no context is current");
    synchronize(driver, context);
    return context.fault;
  });
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  return call(__func__, kInContext, [&](Driver&, Context& context) {
    const auto known = context.limits.find(limit);
    if (known == context.limits.end()) {
      refuse(CUDA_ERROR_UNSUPPORTED_LIMIT, "this limit is not simulated");
    }
    known->second = value;
  });
}
CUresult cuCtxGetLimit(size_t* value, CUlimit limit) {
  return call(__func__, kInContext, [&](Driver&, Context& context) {
    require(value != nullptr, "value is null");
    const auto known = context.limits.find(limit);
    if (known == context.limits.end()) {
      refuse(CUDA_ERROR_UNSUPPORTED_LIMIT, "this limit is not simulated");
    }
    *value = known->second;
  });
}

CUresult cuCtxGetCacheConfig(CUfunc_cache* preference) {
  return call(__func__, kInContext, [&](Driver&, Context&) {
    require(preference != nullptr, "the output is null");
    *preference = CU_FUNC_CACHE_PREFER_NONE;
  });
}
// Only a preference, which cards with a configurable split of their own may ignore.
CUresult cuCtxSetCacheConfig(CUfunc_cache) {
  return call(__func__, kInContext, [](Driver&, Context&) {});
}

CUresult cuCtxGetApiVersion(CUcontext handle, unsigned* version) {
  return call(__func__, kPlain, [&](Driver& driver, Context& current) {
    require(version != nullptr, "version is null");
    current_or(driver, handle, current);
    *version = kApiVersion;
  });
}

CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  return call(__func__, kInContext, [&](Driver&, Context&) {
    if (least != nullptr) *least = kLeastPriority;
    if (greatest != nullptr) *greatest = kGreatestPriority;
  });
}

CUresult cuCtxResetPersistingL2Cache() {
  return call(__func__, kInContext, [](Driver&, Context&) {});
}

}  // extern "C"
