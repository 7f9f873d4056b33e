#include "engine/cuda_device.h"

#include <cstring>
#include <set>

#include "engine/ops/convolution.h"
#include "engine/ops/gram.h"
#include "kernels/common/cuda_image.h"
#include "kernels/common/cuda_range.h"

namespace nram {
namespace {

CUdeviceptr address(const void* memory) { return reinterpret_cast<CUdeviceptr>(memory); }

std::string gibibytes(size_t bytes) {
  char line[32];
  std::snprintf(line, sizeof line, "%.1f GiB", static_cast<double>(bytes) / (1 << 30));
  return line;
}

class Event {
 public:
  Event(const Driver& driver, unsigned flags) : driver_(driver) {
    NRAM_DRIVER_CHECK(driver_, cuEventCreate(&event_, flags));
  }
  ~Event() { driver_.cuEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  CUevent get() const { return event_; }
  void record(CUstream stream) const { NRAM_DRIVER_CHECK(driver_, cuEventRecord(event_, stream)); }
  void wait_in(CUstream stream) const {
    NRAM_DRIVER_CHECK(driver_, cuStreamWaitEvent(stream, event_, 0));
  }
  void wait() const { NRAM_DRIVER_CHECK(driver_, cuEventSynchronize(event_)); }

 private:
  const Driver& driver_;
  CUevent event_ = nullptr;
};

}  // namespace

// Inputs travel host -> pinned memory -> device staging memory on the copy stream, while the
// compute stream may still be at the step before; flush() has the compute stream take them over.
class CudaStaging : public Staging {
 public:
  CudaStaging(CudaDevice& device, void* destination, size_t bytes)
      : device_(device),
        driver_(device.driver_),
        destination_(destination),
        staged_(driver_, CU_EVENT_DISABLE_TIMING),
        taken_(driver_, CU_EVENT_DISABLE_TIMING) {
    NRAM_DRIVER_CHECK(driver_, cuMemHostAlloc(&pinned_, std::max<size_t>(bytes, 1), 0));
    memory_ = static_cast<std::byte*>(device.allocate(bytes));
    bytes_ = bytes;
  }
  ~CudaStaging() override {
    device_.finish();
    driver_.cuStreamSynchronize(device_.copies_);
    driver_.cuMemFreeHost(pinned_);
    device_.release(memory_, bytes_);
  }

  void set(void* device_memory, const void* host, size_t bytes) override {
    const auto offset = static_cast<size_t>(static_cast<std::byte*>(device_memory) -
                                            static_cast<std::byte*>(destination_));
    NRAM_CHECK(offset + bytes <= bytes_, "an input outside of the staging memory");
    // The pinned bytes and the staging memory may still be in use by what was set before.
    if (pending_.empty()) {
      if (in_use_) staged_.wait();
      if (in_use_) taken_.wait_in(device_.copies_);
    } else if (pending_.contains(offset)) {
      NRAM_DRIVER_CHECK(driver_, cuStreamSynchronize(device_.copies_));
    }
    std::byte* pinned = static_cast<std::byte*>(pinned_) + offset;
    std::memcpy(pinned, host, bytes);
    NRAM_DRIVER_CHECK(driver_,
                      cuMemcpyHtoDAsync(address(memory_ + offset), pinned, bytes, device_.copies_));
    pending_[offset] = bytes;
  }

  void flush() override {
    if (pending_.empty()) return;
    staged_.record(device_.copies_);
    staged_.wait_in(device_.compute_);
    for (const auto& [offset, bytes] : pending_) {
      device_.launcher_->copy(static_cast<std::byte*>(destination_) + offset, memory_ + offset,
                              bytes);
    }
    taken_.record(device_.compute_);
    pending_.clear();
    in_use_ = true;
  }

 private:
  CudaDevice& device_;
  const Driver& driver_;
  void* destination_;
  void* pinned_ = nullptr;
  std::byte* memory_ = nullptr;
  size_t bytes_ = 0;
  std::map<size_t, size_t> pending_;  // offset -> bytes
  bool in_use_ = false;
  Event staged_;  // the copy stream has filled the staging memory
  Event taken_;   // the compute stream has emptied it
};

class CudaRecording : public Recording {
 public:
  CudaRecording(CudaDevice& device, const std::function<void()>& enqueue)
      : driver_(device.driver_), stream_(device.compute_) {
    NRAM_DRIVER_CHECK(driver_, cuStreamBeginCapture(stream_, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    CUgraph graph = nullptr;
    try {
      enqueue();
    } catch (...) {
      if (driver_.cuStreamEndCapture(stream_, &graph) == CUDA_SUCCESS && graph != nullptr) {
        driver_.cuGraphDestroy(graph);
      }
      throw;
    }
    NRAM_DRIVER_CHECK(driver_, cuStreamEndCapture(stream_, &graph));
    const CUresult made = driver_.cuGraphInstantiate(&executable_, graph, 0);
    driver_.cuGraphDestroy(graph);
    driver_.check(made, "cuGraphInstantiate");
  }
  ~CudaRecording() override {
    driver_.cuStreamSynchronize(stream_);
    driver_.cuGraphExecDestroy(executable_);
  }
  void replay() override { NRAM_DRIVER_CHECK(driver_, cuGraphLaunch(executable_, stream_)); }

 private:
  const Driver& driver_;
  CUstream stream_;
  CUgraphExec executable_ = nullptr;
};

CudaDevice::CudaDevice(const Driver& driver, const std::string& name)
    : Device(Target::kCuda, name), driver_(driver) {
  NRAM_DRIVER_CHECK(driver_, cuDeviceGet(&device_, 0));
  NRAM_DRIVER_CHECK(driver_, cuDevicePrimaryCtxRetain(&context_, device_));
  NRAM_DRIVER_CHECK(driver_, cuCtxSetCurrent(context_));
  NRAM_DRIVER_CHECK(driver_, cuStreamCreate(&compute_, CU_STREAM_NON_BLOCKING));
  NRAM_DRIVER_CHECK(driver_, cuStreamCreate(&copies_, CU_STREAM_NON_BLOCKING));
  launcher_ = std::make_unique<CudaLauncher>(driver_, device_, compute_);
  if (!driver_.simulated()) make_choices();
}

CudaDevice::~CudaDevice() {
  choices_.reset();
  launcher_.reset();
  driver_.cuStreamDestroy(copies_);
  driver_.cuStreamDestroy(compute_);
  driver_.cuDevicePrimaryCtxRelease(device_);
}

void* CudaDevice::allocate(size_t bytes) {
  CUdeviceptr memory = 0;
  const CUresult result = driver_.cuMemAlloc(&memory, std::max<size_t>(bytes, 1));
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    const std::optional<MemoryInfo> info = memory_info();
    throw_user(text("the ", name(), " device has no ", gibibytes(bytes), " of memory left (",
                    gibibytes(info->free), " of ", gibibytes(info->total),
                    " are free): use a smaller batch, image or ngf"));
  }
  driver_.check(result, "cuMemAlloc");
  ++allocations_;
  return reinterpret_cast<void*>(memory);
}

void CudaDevice::release(void* memory, size_t) {
  // Queued work may still use it; a failure here has been reported by what caused it.
  driver_.cuStreamSynchronize(compute_);
  driver_.cuMemFree(address(memory));
}

void CudaDevice::copy_in(void* device_memory, const void* host, size_t bytes) {
  if (bytes == 0) return;
  NRAM_DRIVER_CHECK(driver_, cuMemcpyHtoDAsync(address(device_memory), host, bytes, compute_));
  finish();
}

void CudaDevice::copy_out(void* host, const void* device_memory, size_t bytes) {
  if (bytes == 0) return;
  NRAM_DRIVER_CHECK(driver_, cuMemcpyDtoHAsync(host, address(device_memory), bytes, compute_));
  finish();
}

void CudaDevice::fill(void* device_memory, uint8_t value, size_t bytes) {
  launcher_->fill(device_memory, value, bytes);
}

void CudaDevice::finish() { NRAM_DRIVER_CHECK(driver_, cuStreamSynchronize(compute_)); }

// Libraries run through the card's own runtime, which the simulated device does not have.
void CudaDevice::make_choices() {
  const vendor::KernelOption option = vendor::kernel_option_from_environment();
  if (option.preference == vendor::Preference::kOwn) return;
  char name[256] = {};
  NRAM_DRIVER_CHECK(driver_, cuDeviceGetName(name, sizeof name, device_));
  vendor::Card card;
  card.launcher = launcher_.get();
  card.facts = vendor::card_facts(name, launcher_->device_capability(),
                                  launcher_->multiprocessors(), driver_.version());
  card.allocate = [this](size_t bytes) { return allocate(bytes); };
  card.release = [this](void* memory, size_t bytes) { release(memory, bytes); };
  card.copy_in = [this](void* to, const void* from, size_t bytes) { copy_in(to, from, bytes); };
  card.copy_out = [this](void* to, const void* from, size_t bytes) { copy_out(to, from, bytes); };
  card.fill = [this](void* memory, uint8_t value, size_t bytes) { fill(memory, value, bytes); };
  card.time = [this](const std::function<void()>& enqueue, const std::function<void()>& before,
                     int count) {
    const std::unique_ptr<Recording> recording = record(enqueue);
    std::vector<StepTime> times(2 * static_cast<size_t>(count));
    time_each(
        times.size(), [&](size_t i) { i % 2 == 0 ? before() : recording->replay(); }, times);
    std::vector<double> milliseconds;
    for (size_t i = 1; i < times.size(); i += 2) milliseconds.push_back(times[i].seconds * 1e3);
    return milliseconds;
  };
  choice_cache_ = std::make_unique<vendor::ChoiceCache>(vendor::ChoiceCache::default_path());
  choices_ = std::make_unique<vendor::Choices>(
      card, vendor::library_rivals(compute_, option.compiled), *choice_cache_, option.preference);
  launcher_->set_choices(choices_.get());
}

size_t CudaDevice::choose(const Op& op, const Call& call, bool measure) {
  if (choices_ == nullptr) return 0;
  using kernels::ConvolutionPass;
  const std::optional<vendor::Problem> problem =
      &op == &kConvolution ? vendor::convolution_problem(call, ConvolutionPass::kForward)
      : &op == &kTransposedConvolution ? vendor::convolution_problem(call, ConvolutionPass::kData)
      : &op == &kConvolutionWeightGradient
          ? vendor::convolution_problem(call, ConvolutionPass::kWeights)
      : &op == &kGram         ? vendor::gram_problem(call, false)
      : &op == &kGramGradient ? vendor::gram_problem(call, true)
                              : std::nullopt;
  if (!problem) return 0;
  if (!measure) return choices_->foresee(*problem);
  return choices_->prepare(*problem, call, op.run[static_cast<size_t>(Target::kCuda)]);
}

void CudaDevice::begin_range(const char* name) { begin_cuda_range(name); }
void CudaDevice::end_range() { end_cuda_range(); }

std::unique_ptr<Staging> CudaDevice::staging(void* device_memory, size_t bytes) {
  return std::make_unique<CudaStaging>(*this, device_memory, bytes);
}

std::unique_ptr<Recording> CudaDevice::record(const std::function<void()>& enqueue) {
  return std::make_unique<CudaRecording>(*this, enqueue);
}

void CudaDevice::time_each(size_t count, const std::function<void(size_t)>& body,
                           std::vector<StepTime>& times) {
  std::vector<std::unique_ptr<Event>> marks;
  for (size_t i = 0; i <= count; ++i) {
    marks.push_back(std::make_unique<Event>(driver_, CU_EVENT_DEFAULT));
  }
  marks[0]->record(compute_);
  for (size_t i = 0; i < count; ++i) {
    body(i);
    marks[i + 1]->record(compute_);
  }
  marks[count]->wait();
  const auto seconds = [&](const Event& from, const Event& to) {
    float milliseconds = 0;
    driver_.check(driver_.elapsed(&milliseconds, from.get(), to.get()), "cuEventElapsedTime");
    return static_cast<double>(milliseconds) * 1e-3;
  };
  for (size_t i = 0; i < count; ++i) {
    times[i] = {seconds(*marks[0], *marks[i]), seconds(*marks[i], *marks[i + 1])};
  }
}

std::optional<MemoryInfo> CudaDevice::memory_info() {
  MemoryInfo info;
  NRAM_DRIVER_CHECK(driver_, cuMemGetInfo(&info.free, &info.total));
  return info;
}

std::vector<std::pair<std::string, std::string>> CudaDevice::facts() {
  char card[256] = {};
  NRAM_DRIVER_CHECK(driver_, cuDeviceGetName(card, sizeof card, device_));
  const std::optional<MemoryInfo> info = memory_info();
  std::vector<std::pair<std::string, std::string>> facts = {
      {name() + " device", text(card, ", ", launcher_->multiprocessors(), " multiprocessors, ",
                                gibibytes(info->free), " of ", gibibytes(info->total), " free")},
      {name() + " driver", text(driver_.path(), ", CUDA ", driver_.version() / 1000, ".",
                                driver_.version() % 1000 / 10)},
      {name() + " code", launcher_->code_name()}};
  if (choices_) facts.emplace_back(name() + " choices", choices_->summary());
  return facts;
}

}  // namespace nram
