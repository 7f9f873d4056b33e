#include "kernels/simulator/driver_capture.h"

#include <algorithm>

#include "kernels/simulator/driver_graph.h"

namespace nram::simulator::driver {
namespace {

// Whether the node is among those that the graph's tail follows, or of the tail itself.
bool reached(const std::vector<GraphNode*>& tail, const GraphNode* node) {
  std::vector<const GraphNode*> open(tail.begin(), tail.end());
  std::set<const GraphNode*> seen;
  while (!open.empty()) {
    const GraphNode* const at = open.back();
    open.pop_back();
    if (at == node) return true;
    if (!seen.insert(at).second) continue;
    open.insert(open.end(), at->after.begin(), at->after.end());
  }
  return false;
}

void merge_tail(std::vector<GraphNode*>& tail, const std::vector<GraphNode*>& other) {
  for (GraphNode* node : other) {
    if (std::find(tail.begin(), tail.end(), node) == tail.end()) tail.push_back(node);
  }
}

bool is_active(const Driver& driver, const std::shared_ptr<Capture>& capture) {
  return std::find(driver.captures.begin(), driver.captures.end(), capture) !=
         driver.captures.end();
}

void require_valid(const Capture& capture) {
  if (capture.invalidated) {
    refuse(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "the capture has been invalidated before");
  }
}

// Streams that were forked from the origin must have been joined to it again.
void require_joined(const Capture& capture) {
  for (const auto& stream : capture.streams) {
    if (stream == capture.origin) continue;
    for (const GraphNode* node : stream->capture_tail) {
      if (!reached(capture.origin->capture_tail, node)) {
        refuse(CUDA_ERROR_STREAM_CAPTURE_UNJOINED,
               stream->name + " was forked into the capture and its last work is not joined to " +
                   capture.origin->name + ": record an event there and wait for it here");
      }
    }
  }
}

}  // namespace

void begin_capture(Driver& driver, const std::shared_ptr<Stream>& stream, CUstreamCaptureMode mode,
                   std::shared_ptr<Graph> into, std::vector<GraphNode*> after) {
  if (stream->legacy) {
    refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the legacy default stream cannot be captured");
  }
  if (stream->capture != nullptr) {
    refuse(CUDA_ERROR_ILLEGAL_STATE, stream->name + " is being captured already");
  }
  auto capture = std::make_shared<Capture>();
  capture->id = ++driver.made;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->origin = stream;
  capture->into_callers_graph = into != nullptr;
  if (into == nullptr) {
    into = std::make_shared<Graph>();
    into->driver = &driver;
  }
  capture->graph = std::move(into);
  capture->streams = {stream};
  stream->capture = capture;
  stream->capture_tail = std::move(after);
  driver.captures.push_back(capture);
}

std::shared_ptr<Graph> end_capture(Driver& driver, const std::shared_ptr<Stream>& stream) {
  const std::shared_ptr<Capture> capture = stream->capture;
  if (capture == nullptr) {
    refuse(CUDA_ERROR_ILLEGAL_STATE, stream->name + " is not being captured");
  }
  if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
      capture->thread != std::this_thread::get_id()) {
    refuse(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "the capture was begun on another thread");
  }
  if (capture->origin != stream) {
    invalidate(*capture);
    refuse(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED,
           "the capture was begun on " + capture->origin->name + ", not on " + stream->name);
  }
  struct Leave {
    Driver& driver;
    Capture& capture;
    ~Leave() {
      for (const auto& s : capture.streams) {
        s->capture = nullptr;
        s->capture_tail.clear();
      }
      auto& all = driver.captures;
      all.erase(std::remove_if(all.begin(), all.end(),
                               [&](const auto& other) { return other.get() == &capture; }),
                all.end());
    }
  } leave{driver, *capture};
  require_valid(*capture);
  require_joined(*capture);
  if (!capture->into_callers_graph) capture->graph->handle = driver.graphs.add(capture->graph);
  return capture->graph;
}

std::shared_ptr<Operation> give(Driver& driver, const std::shared_ptr<Stream>& stream,
                                std::shared_ptr<const Work> work) {
  forbid_implicit(driver, *stream);
  if (stream->capture == nullptr) return driver.queue.submit(stream, std::move(work));
  require_valid(*stream->capture);
  GraphNode& node = add_node(*stream->capture->graph, std::move(work), stream->capture_tail);
  stream->capture_tail = {&node};
  return nullptr;
}

void record_event(Driver& driver, const std::shared_ptr<Event>& event,
                  const std::shared_ptr<Stream>& stream) {
  forbid_implicit(driver, *stream);
  if (stream->capture != nullptr) {
    require_valid(*stream->capture);
    event->record = nullptr;
    event->capture = stream->capture;
    event->capture_tail = stream->capture_tail;
    return;
  }
  event->capture = nullptr;
  event->capture_tail.clear();
  event->record = driver.queue.submit(stream, std::make_shared<EmptyWork>("event record"));
}

void wait_event(Driver& driver, const std::shared_ptr<Stream>& stream,
                const std::shared_ptr<Event>& event) {
  forbid_implicit(driver, *stream);
  if (event->capture != nullptr) {
    if (!is_active(driver, event->capture)) {
      refuse(CUDA_ERROR_CAPTURED_EVENT, "the event was last recorded in a capture that has ended");
    }
    require_valid(*event->capture);
    if (stream->capture == nullptr) {
      if (stream->legacy) {
        invalidate(*event->capture);
        refuse(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "the legacy default stream cannot be captured");
      }
      stream->capture = event->capture;
      stream->capture_tail.clear();
      event->capture->streams.push_back(stream);
    } else if (stream->capture != event->capture) {
      invalidate(*stream->capture);
      invalidate(*event->capture);
      refuse(CUDA_ERROR_STREAM_CAPTURE_MERGE, "the event belongs to another capture");
    }
    merge_tail(stream->capture_tail, event->capture_tail);
    return;
  }
  if (stream->capture != nullptr) {
    require_valid(*stream->capture);
    if (event->record == nullptr) return;
    invalidate(*stream->capture);
    refuse(CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
           "a captured stream would wait for an event that was recorded outside the capture");
  }
  if (event->record == nullptr) return;
  driver.queue.submit(stream, std::make_shared<EmptyWork>("event wait"), {event->record});
}

void invalidate(Capture& capture) { capture.invalidated = true; }

void forbid_in_capture(Driver& driver, const char* function) {
  const CUstreamCaptureMode own = this_thread().capture_mode;
  if (driver.captures.empty() || own == CU_STREAM_CAPTURE_MODE_RELAXED) return;
  bool forbidden = false;
  for (const auto& capture : driver.captures) {
    const bool here = capture->thread == std::this_thread::get_id();
    const bool applies = capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL
                             ? here || own == CU_STREAM_CAPTURE_MODE_GLOBAL
                             : here && capture->mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
    if (!applies) continue;
    forbidden = true;
    invalidate(*capture);
  }
  if (forbidden) {
    refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
           std::string(function) + " is not allowed while a stream is being captured");
  }
}

void forbid_capturing(Driver& driver, Stream& stream, const char* what) {
  if (stream.capture != nullptr) {
    invalidate(*stream.capture);
    refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
           std::string(what) + " " + stream.name + " while it is being captured");
  }
  forbid_implicit(driver, stream);
}

// Work in the legacy stream would have to wait for the captured streams.
void forbid_implicit(Driver& driver, const Stream& stream) {
  if (!stream.legacy) return;
  bool forbidden = false;
  for (const auto& capture : driver.captures) {
    for (const auto& captured : capture->streams) {
      if (!captured->blocking() || captured->context != stream.context) continue;
      invalidate(*capture);
      forbidden = true;
    }
  }
  if (forbidden) {
    refuse(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
           "the legacy default stream would wait for a stream that is being captured");
  }
}

}  // namespace nram::simulator::driver
