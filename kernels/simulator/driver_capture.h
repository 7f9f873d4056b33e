// Stream capture: what a stream is given becomes nodes of a graph instead of work.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {

struct Capture {
  uint64_t id = 0;
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::thread::id thread;
  std::shared_ptr<Stream> origin;
  std::shared_ptr<Graph> graph;
  bool into_callers_graph = false;  // cuStreamBeginCaptureToGraph
  bool invalidated = false;
  std::vector<std::shared_ptr<Stream>> streams;  // that joined, the origin included
};

void begin_capture(Driver& driver, const std::shared_ptr<Stream>& stream, CUstreamCaptureMode mode,
                   std::shared_ptr<Graph> into, std::vector<GraphNode*> after);
// The graph; throws what the driver answers to a capture that was invalidated or is not joined.
std::shared_ptr<Graph> end_capture(Driver& driver, const std::shared_ptr<Stream>& stream);

// Gives the stream work: queued, or a node of its capture.
std::shared_ptr<Operation> give(Driver& driver, const std::shared_ptr<Stream>& stream,
                                std::shared_ptr<const Work> work);
void record_event(Driver& driver, const std::shared_ptr<Event>& event,
                  const std::shared_ptr<Stream>& stream);
void wait_event(Driver& driver, const std::shared_ptr<Stream>& stream,
                const std::shared_ptr<Event>& event);

// For calls that a capture in progress forbids on this thread: invalidates it and throws.
void forbid_in_capture(Driver& driver, const char* function);
// The same for a call that waits for a stream, or uses the legacy stream.
void forbid_capturing(Driver& driver, Stream& stream, const char* what);
void forbid_implicit(Driver& driver, const Stream& stream);
void invalidate(Capture& capture);

}  // namespace nram::simulator::driver
