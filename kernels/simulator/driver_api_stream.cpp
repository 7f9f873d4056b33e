// The driver's functions for streams and events.
#include <algorithm>

#include "kernels/simulator/driver_capture.h"
#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {
namespace {

constexpr int kGreatestPriority = -5;

CUstream per_thread(CUstream stream) { return stream == nullptr ? CU_STREAM_PER_THREAD : stream; }

CUresult create_stream(const char* function, CUstream* handle, unsigned flags, int priority) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(handle != nullptr, "the stream's output is null");
    require((flags & ~CU_STREAM_NON_BLOCKING) == 0, "the flags are not known");
    const int bounded = std::clamp(priority, kGreatestPriority, 0);
    const auto stream = driver.queue.make_stream(context, flags, bounded);
    stream->handle = driver.streams.add(stream);
    *handle = stream->handle;
  });
}

CUresult synchronize(const char* function, CUstream handle) {
  return call(function, kInContext | kUnsafeInCapture, [&](Driver& driver, Context& context) {
    const auto stream = driver.stream(handle, context);
    forbid_capturing(driver, *stream, "the program waits for");
    if (!stream->legacy) {
      driver.queue.finish(stream);
    } else {  // the legacy stream is behind all blocking ones
      driver.queue.finish(driver.queue.submit(stream, std::make_shared<EmptyWork>("wait")));
    }
  });
}

CUresult query(const char* function, CUstream handle) {
  return call(function, kInContext | kUnsafeInCapture,
              [&](Driver& driver, Context& context) -> CUresult {
                const auto stream = driver.stream(handle, context);
                forbid_capturing(driver, *stream, "the program asks for");
                return driver.queue.poll(stream) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
              });
}

CUresult wait_for_event(const char* function, CUstream handle, CUevent event, unsigned flags) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require((flags & ~CU_EVENT_WAIT_EXTERNAL) == 0, "the flags are not known");
    if ((flags & CU_EVENT_WAIT_EXTERNAL) != 0) {
      refuse(CUDA_ERROR_NOT_SUPPORTED, "external event nodes of graphs are not simulated");
    }
    wait_event(driver, driver.stream(handle, context), driver.event(event));
  });
}

CUresult record(const char* function, CUevent event, CUstream handle, unsigned flags) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require((flags & ~CU_EVENT_RECORD_EXTERNAL) == 0, "the flags are not known");
    if ((flags & CU_EVENT_RECORD_EXTERNAL) != 0) {
      refuse(CUDA_ERROR_NOT_SUPPORTED, "external event nodes of graphs are not simulated");
    }
    record_event(driver, driver.event(event), driver.stream(handle, context));
  });
}

CUresult host_function(const char* function, CUstream handle, CUhostFn body, void* data) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(body != nullptr, "the function is null");
    give(driver, driver.stream(handle, context), std::make_shared<HostWork>(body, data));
  });
}

template <class Set>
CUresult ask_stream(const char* function, CUstream handle, const Set& set) {
  return call(function, kInContext,
              [&](Driver& driver, Context& context) { set(*driver.stream(handle, context)); });
}

CUresult begin(const char* function, CUstream handle, CUstreamCaptureMode mode) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(mode == CU_STREAM_CAPTURE_MODE_GLOBAL || mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL ||
                mode == CU_STREAM_CAPTURE_MODE_RELAXED,
            "the mode is not known");
    begin_capture(driver, driver.stream(handle, context), mode, nullptr, {});
  });
}

void require_uncaptured(const Event& event) {
  if (event.capture != nullptr) {
    refuse(CUDA_ERROR_CAPTURED_EVENT, "the event was last recorded in a captured stream");
  }
}

CUresult elapsed(const char* function, float* milliseconds, CUevent start, CUevent end) {
  return call(function, kInContext, [&](Driver& driver, Context&) -> CUresult {
    require(milliseconds != nullptr, "the output is null");
    const auto first = driver.event(start), second = driver.event(end);
    for (const Event* event : {first.get(), second.get()}) {
      require_uncaptured(*event);
      if (event->record == nullptr) {
        refuse(CUDA_ERROR_INVALID_HANDLE, "an event has not been recorded");
      }
      if ((event->flags & CU_EVENT_DISABLE_TIMING) != 0) {
        refuse(CUDA_ERROR_INVALID_HANDLE, "an event was created with CU_EVENT_DISABLE_TIMING");
      }
    }
    if (!first->record->done || !second->record->done) return CUDA_ERROR_NOT_READY;
    *milliseconds = static_cast<float>((second->record->finished - first->record->finished) * 1e3);
    return CUDA_SUCCESS;
  });
}

// Streams can also be told of by callback; errors come to it as an argument.
struct Callback {
  CUstreamCallback function;
  CUstream stream;
  void* data;
};
void run_callback(void* opaque) {
  const std::unique_ptr<Callback> callback(static_cast<Callback*>(opaque));
  callback->function(callback->stream, CUDA_SUCCESS, callback->data);
}

CUresult add_callback(const char* function, CUstream handle, CUstreamCallback body, void* data,
                      unsigned flags) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(body != nullptr && flags == 0, "the function is null or the flags are not 0");
    const auto stream = driver.stream(handle, context);
    forbid_capturing(driver, *stream, "a callback is added to");
    give(driver, stream,
         std::make_shared<HostWork>(run_callback, new Callback{body, handle, data}));
  });
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
  return create_stream(__func__, stream, flags, 0);
}
CUresult cuStreamCreateWithPriority(CUstream* stream, unsigned flags, int priority) {
  return create_stream(__func__, stream, flags, priority);
}

CUresult cuStreamDestroy_v2(CUstream handle) {
  return call(__func__, kInContext | kAfterFault, [&](Driver& driver, Context& context) {
    const auto stream = driver.stream(handle, context);
    require(handle != nullptr && handle != CU_STREAM_LEGACY && handle != CU_STREAM_PER_THREAD,
            "default streams cannot be destroyed");
    if (stream->capture != nullptr) invalidate(*stream->capture);
    driver.queue.retire(stream);
    driver.streams.remove(handle);
  });
}
CUresult cuStreamDestroy(CUstream handle) { return cuStreamDestroy_v2(handle); }

CUresult cuStreamSynchronize(CUstream stream) { return synchronize(__func__, stream); }
CUresult cuStreamSynchronize_ptsz(CUstream stream) {
  return synchronize(__func__, per_thread(stream));
}
CUresult cuStreamQuery(CUstream stream) { return query(__func__, stream); }
CUresult cuStreamQuery_ptsz(CUstream stream) { return query(__func__, per_thread(stream)); }

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
  return wait_for_event(__func__, stream, event, flags);
}
CUresult cuStreamWaitEvent_ptsz(CUstream stream, CUevent event, unsigned flags) {
  return wait_for_event(__func__, per_thread(stream), event, flags);
}

CUresult cuStreamGetPriority(CUstream stream, int* priority) {
  return ask_stream(__func__, stream, [&](const Stream& s) {
    require(priority != nullptr, "the output is null");
    *priority = s.priority;
  });
}
CUresult cuStreamGetPriority_ptsz(CUstream stream, int* priority) {
  return cuStreamGetPriority(per_thread(stream), priority);
}
CUresult cuStreamGetFlags(CUstream stream, unsigned* flags) {
  return ask_stream(__func__, stream, [&](const Stream& s) {
    require(flags != nullptr, "the output is null");
    *flags = s.flags;
  });
}
CUresult cuStreamGetFlags_ptsz(CUstream stream, unsigned* flags) {
  return cuStreamGetFlags(per_thread(stream), flags);
}
CUresult cuStreamGetId(CUstream stream, unsigned long long* id) {
  return ask_stream(__func__, stream, [&](const Stream& s) {
    require(id != nullptr, "the output is null");
    *id = s.id;
  });
}
CUresult cuStreamGetId_ptsz(CUstream stream, unsigned long long* id) {
  return cuStreamGetId(per_thread(stream), id);
}
CUresult cuStreamGetCtx(CUstream stream, CUcontext* context) {
  return ask_stream(__func__, stream, [&](const Stream& s) {
    require(context != nullptr, "the output is null");
    *context = s.context->handle;
  });
}
CUresult cuStreamGetCtx_ptsz(CUstream stream, CUcontext* context) {
  return cuStreamGetCtx(per_thread(stream), context);
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn function, void* data) {
  return host_function(__func__, stream, function, data);
}
CUresult cuLaunchHostFunc_ptsz(CUstream stream, CUhostFn function, void* data) {
  return host_function(__func__, per_thread(stream), function, data);
}
CUresult cuStreamAddCallback(CUstream stream, CUstreamCallback function, void* data,
                             unsigned flags) {
  return add_callback(__func__, stream, function, data, flags);
}
CUresult cuStreamAddCallback_ptsz(CUstream stream, CUstreamCallback function, void* data,
                                  unsigned flags) {
  return add_callback(__func__, per_thread(stream), function, data, flags);
}

CUresult cuEventCreate(CUevent* handle, unsigned flags) {
  return call(__func__, kInContext, [&](Driver& driver, Context& context) {
    require(handle != nullptr, "the event's output is null");
    require((flags & ~(CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING)) == 0,
            "the flags are not known, or ask for events between processes");
    auto event = std::make_shared<Event>();
    event->context = &context;
    event->flags = flags;
    event->handle = driver.events.add(event);
    *handle = event->handle;
  });
}

CUresult cuEventDestroy_v2(CUevent handle) {
  return call(__func__, kInContext | kAfterFault, [&](Driver& driver, Context&) {
    driver.event(handle);
    driver.events.remove(handle);
  });
}
CUresult cuEventDestroy(CUevent handle) { return cuEventDestroy_v2(handle); }

CUresult cuEventRecord(CUevent event, CUstream stream) {
  return record(__func__, event, stream, 0);
}
CUresult cuEventRecord_ptsz(CUevent event, CUstream stream) {
  return record(__func__, event, per_thread(stream), 0);
}
CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned flags) {
  return record(__func__, event, stream, flags);
}
CUresult cuEventRecordWithFlags_ptsz(CUevent event, CUstream stream, unsigned flags) {
  return record(__func__, event, per_thread(stream), flags);
}

CUresult cuEventQuery(CUevent handle) {
  return call(__func__, kInContext | kUnsafeInCapture, [&](Driver& driver, Context&) -> CUresult {
    const auto event = driver.event(handle);
    require_uncaptured(*event);
    if (event->record == nullptr) return CUDA_SUCCESS;
    return driver.queue.poll(event->record) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
  });
}

CUresult cuEventSynchronize(CUevent handle) {
  return call(__func__, kInContext | kUnsafeInCapture, [&](Driver& driver, Context&) {
    const auto event = driver.event(handle);
    require_uncaptured(*event);
    if (event->record != nullptr) driver.queue.finish(event->record);
  });
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  return elapsed(__func__, milliseconds, start, end);
}
CUresult cuEventElapsedTime_v2(float* milliseconds, CUevent start, CUevent end) {
  return elapsed(__func__, milliseconds, start, end);
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  return begin(__func__, stream, mode);
}
CUresult cuStreamBeginCapture_v2_ptsz(CUstream stream, CUstreamCaptureMode mode) {
  return begin(__func__, per_thread(stream), mode);
}

}  // extern "C"
