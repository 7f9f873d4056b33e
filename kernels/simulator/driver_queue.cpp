#include "kernels/simulator/driver_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {
namespace {

// A real queue is finite too: beyond this the oldest work runs.
constexpr size_t kMostPending = 4096;
constexpr size_t kMostStagedBytes = size_t{512} << 20;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

size_t staged_bytes(const Work& work) {
  const auto* copy = dynamic_cast<const CopyWork*>(&work);
  return copy == nullptr ? 0 : copy->staged_bytes();
}

}  // namespace

void Queue::set_seed(uint64_t seed) {
  random_.seed(seed);
  eager_ = seed != 0;
}

std::shared_ptr<Stream> Queue::make_stream(Context& context, unsigned flags, int priority) {
  prune();
  auto stream = std::make_shared<Stream>();
  stream->context = &context;
  stream->id = ++made_streams_;
  stream->name = "stream " + std::to_string(stream->id);
  stream->flags = flags;
  stream->priority = priority;
  if (free_lines_.empty()) {
    stream->line = ticks_.size();
    ticks_.push_back(0);
  } else {
    stream->line = free_lines_.back();
    free_lines_.pop_back();
  }
  streams_.push_back(stream);
  return stream;
}

void Queue::retire(const std::shared_ptr<Stream>& stream) { stream->destroyed = true; }

void Queue::prune() {
  const auto gone = [&](const std::shared_ptr<Stream>& stream) {
    if (!stream->destroyed || !stream->queue.empty()) return false;
    free_lines_.push_back(stream->line);
    return true;
  };
  streams_.erase(std::remove_if(streams_.begin(), streams_.end(), gone), streams_.end());
}

std::shared_ptr<Operation> Queue::submit(const std::shared_ptr<Stream>& stream,
                                         std::shared_ptr<const Work> work,
                                         const std::vector<std::shared_ptr<Operation>>& after) {
  auto operation = std::make_shared<Operation>();
  staged_bytes_ += staged_bytes(*work);
  operation->work = std::move(work);
  operation->stream = stream;
  operation->context = stream->context;
  operation->line = stream->line;
  operation->tick = ++ticks_[stream->line];
  operation->clock = stream->clock;
  operation->clock.join(host_);
  const auto follow = [&](const std::shared_ptr<Operation>& other) {
    operation->clock.join(other->clock);
    if (!other->done) operation->after.push_back(other);
  };
  for (const auto& other : after) follow(other);
  // The legacy stream and the blocking streams wait for each other's earlier work.
  for (const auto& other : streams_) {
    if (other == stream || other->context != stream->context) continue;
    if ((stream->legacy && other->blocking()) || (other->legacy && stream->blocking())) {
      operation->clock.join(other->clock);
      if (!other->queue.empty()) operation->after.push_back(other->queue.back());
    }
  }
  operation->clock.set(operation->line, operation->tick);
  stream->clock = operation->clock;
  stream->queue.push_back(operation);
  ++pending_;
  if (pending_ > kMostPending || staged_bytes_ > kMostStagedBytes) run(stream->queue.front());
  return operation;
}

void Queue::wait_for_running() {
  while (running_) idle_.wait(driver_.mutex);
}

void Queue::unlocked(const std::function<void()>& body) {
  struct Release {
    std::mutex& mutex;
    explicit Release(std::mutex& m) : mutex(m) { mutex.unlock(); }
    ~Release() { mutex.lock(); }
  } release(driver_.mutex);
  body();
}

// Runs what the target needs, deepest first: its stream's earlier operations, and what they wait
// for. Dependencies are always older, so this ends.
void Queue::run(std::shared_ptr<Operation> target) {
  std::vector<std::shared_ptr<Operation>> needed{std::move(target)};
  while (!needed.empty()) {
    wait_for_running();
    const std::shared_ptr<Operation> top = needed.back();
    if (top->done) {
      needed.pop_back();
      continue;
    }
    if (eager_ && choose(4) == 0) {
      const bool awaited = std::exchange(awaited_, false);
      run_something(nullptr);
      awaited_ = awaited;
      continue;
    }
    const std::shared_ptr<Operation> head = top->stream->queue.front();
    if (head != top) {
      needed.push_back(head);
      continue;
    }
    const auto waits = std::find_if(top->after.begin(), top->after.end(),
                                    [](const auto& other) { return !other->done; });
    if (waits != top->after.end()) {
      needed.push_back(*waits);
      continue;
    }
    execute(top);
  }
}

// One operation of a stream that the seed chooses, or one that it waits for.
void Queue::run_something(const Context* context) {
  std::vector<Stream*> busy;
  for (const auto& stream : streams_) {
    if (!stream->queue.empty() && (context == nullptr || stream->context == context)) {
      busy.push_back(stream.get());
    }
  }
  if (busy.empty()) return;
  std::shared_ptr<Operation> next = busy[choose(busy.size())]->queue.front();
  for (;;) {
    const auto waits = std::find_if(next->after.begin(), next->after.end(),
                                    [](const auto& other) { return !other->done; });
    if (waits == next->after.end()) break;
    next = (*waits)->stream->queue.front();
  }
  execute(next);
}

// What the host waits for is before all that it asks for later.
bool Queue::may_race(const Operation& operation) const {
  if (!awaited_ || watched_.begin != watched_.end) return true;
  return std::any_of(streams_.begin(), streams_.end(), [&](const auto& stream) {
    if (stream.get() == operation.stream.get()) return false;
    return !stream->queue.empty() || !operation.clock.covers(stream->line, ticks_[stream->line]);
  });
}

void Queue::execute(const std::shared_ptr<Operation>& operation) {
  Execution execution{driver_, *operation, driver_.settings.check && may_race(*operation)};
  running_ = true;
  try {
    if (operation->context->fault == CUDA_SUCCESS) operation->work->run(execution);
  } catch (const std::exception& error) {
    driver_.findings.add(Severity::kError, "failed",
                         operation->work->describe() + " stopped: " + error.what());
    execution.fault = CUDA_ERROR_LAUNCH_FAILED;
  }
  running_ = false;
  if (execution.fault != CUDA_SUCCESS) operation->context->fault = execution.fault;
  record(*operation, operation->work, std::move(execution.accesses));
  staged_bytes_ -= staged_bytes(*operation->work);
  operation->stream->queue.pop_front();
  operation->done = true;
  operation->finished = seconds_now();
  operation->work = nullptr;
  operation->after.clear();
  operation->stream = nullptr;
  --pending_;
  idle_.notify_all();
}

void Queue::record(const Operation& operation, const std::shared_ptr<const Work>& work,
                   Accesses accesses) {
  if (accesses.size() == 0) return;
  accesses.normalise();
  if (watched_.begin != watched_.end && accesses.touches(watched_)) {
    watch_hits_.push_back(work->describe());
  }
  const auto conflicts =
      history_.add(operation.clock, operation.line, operation.tick, work, std::move(accesses));
  for (const AccessHistory::Conflict& conflict : conflicts) {
    driver_.findings.add(Severity::kError, "race between streams",
                         conflict.work->describe() + " and " + work->describe() +
                             (conflict.overlap.both_write ? " both write " : " read and write ") +
                             std::to_string(conflict.overlap.bytes) + " bytes from " +
                             driver_.place(conflict.overlap.at) +
                             ", and nothing orders them: an event that one records and the other "
                             "waits for is missing");
  }
}

void Queue::host_knows(const Operation& operation) { host_.join(operation.clock); }

void Queue::settle() {
  if (pending_ == 0) history_.forget(host_);
}

void Queue::finish(const std::shared_ptr<Operation>& operation) {
  awaited_ = true;
  run(operation);
  awaited_ = false;
  host_knows(*operation);
  settle();
}

void Queue::finish(const std::shared_ptr<Stream>& stream) {
  const Clock known = stream->clock;
  awaited_ = true;
  if (!stream->queue.empty()) run(stream->queue.back());
  awaited_ = false;
  host_.join(known);
  settle();
}

void Queue::finish(const Context* context) {
  std::vector<std::shared_ptr<Operation>> last;
  Clock known;
  for (const auto& stream : streams_) {
    if (context != nullptr && stream->context != context) continue;
    known.join(stream->clock);
    if (!stream->queue.empty()) last.push_back(stream->queue.back());
  }
  const auto busy = [&] {
    return std::any_of(last.begin(), last.end(), [](const auto& o) { return !o->done; });
  };
  awaited_ = true;
  for (wait_for_running(); busy(); wait_for_running()) run_something(context);
  awaited_ = false;
  host_.join(known);
  settle();
}

bool Queue::poll(const std::shared_ptr<Operation>& operation) {
  wait_for_running();
  if (operation->done) {
    host_knows(*operation);
    return true;
  }
  run(operation->stream->queue.front());
  return false;
}

bool Queue::poll(const std::shared_ptr<Stream>& stream) {
  wait_for_running();
  if (stream->queue.empty()) {
    host_.join(stream->clock);
    return true;
  }
  run(stream->queue.front());
  return false;
}

std::vector<std::string> Queue::queued(const std::function<bool(const Work&)>& uses) const {
  std::vector<std::string> found;
  for (const auto& stream : streams_) {
    for (const auto& operation : stream->queue) {
      if (uses(*operation->work)) found.push_back(operation->work->describe());
    }
  }
  return found;
}

std::vector<std::string> Queue::finish_watching(Interval range) {
  watched_ = range;
  watch_hits_.clear();
  finish(static_cast<const Context*>(nullptr));
  watched_ = {};
  return std::move(watch_hits_);
}

}  // namespace nram::simulator::driver
