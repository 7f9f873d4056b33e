// Devices, buffers and tensors: memory with an owner.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/op.h"

namespace nram {

// When one step of a program ran, in seconds since the run's start.
struct StepTime {
  double start = 0;
  double seconds = 0;
};

// Host memory on its way to a program's inputs, so that a copy may overlap with the run before.
class Staging {
 public:
  virtual ~Staging() = default;
  // The bytes at device_memory become those of `host`, which may change after the call.
  virtual void set(void* device_memory, const void* host, size_t bytes) = 0;
  // Everything set so far is in place for what is enqueued next.
  virtual void flush() = 0;
};

// Work that a device has recorded and repeats at less cost.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

struct MemoryInfo {
  size_t free = 0;
  size_t total = 0;
};

// What convolutions and matrix products are computed in. Parameters, optimizer state, statistics
// and losses are float32 always, sums are accumulated in float32.
enum class Precision : uint8_t {
  kFloat32,
  kTf32,      // operands rounded to 10 bits of mantissa, on GPUs
  kBFloat16,  // activations and working copies of weights stored as bfloat16, on GPUs
};
const char* name_of(Precision precision);

// Owns memory of one device and orders its work. cpu and reference share host memory and work at
// once; GPUs have memory of their own and may still be at work when a call returns.
class Device {
 public:
  Device(Target target, const std::string& name) : target_(target), name_(name) {}
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  Target target() const { return target_; }
  const std::string& name() const { return name_; }
  // 64-byte aligned; throws a user error that says how much was asked for when memory is short.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* memory, size_t bytes) = 0;
  // After all work enqueued before; they return when the copy is done.
  virtual void copy_in(void* device_memory, const void* host, size_t bytes) = 0;
  virtual void copy_out(void* host, const void* device_memory, size_t bytes) = 0;
  virtual void fill(void* device_memory, uint8_t value, size_t bytes) = 0;
  // Waits for all enqueued work; throws if some of it failed.
  virtual void finish() {}
  // Holds for programs that are built later. User errors for what the device cannot do.
  void set_precision(Precision precision);
  Precision precision() const { return precision_; }
  // Where cuda kernels are launched; null on hosts.
  virtual Launcher* launcher() { return nullptr; }
  // Chooses what runs for a call of a program that is being compiled, whose memory is not there
  // yet: of its views' addresses only the alignment holds, and its workspace is the op's own.
  // Returns the bytes of workspace that the choice takes. Measures if it may and must.
  virtual size_t choose(const Op& /*op*/, const Call& /*call*/, bool /*measure*/) { return 0; }
  // A named range on profilers' timelines, for what the host enqueues until it ends.
  virtual void begin_range(const char* /*name*/) {}
  virtual void end_range() {}
  // Null where inputs are set by copy_in and where nothing can be recorded.
  virtual std::unique_ptr<Staging> staging(void* /*device_memory*/, size_t /*bytes*/) {
    return nullptr;
  }
  virtual std::unique_ptr<Recording> record(const std::function<void()>& /*enqueue*/) {
    return nullptr;
  }
  // Calls body(i) for i in [0, count) and waits; times[i] is when its work ran.
  virtual void time_each(size_t count, const std::function<void(size_t)>& body,
                         std::vector<StepTime>& times);
  // Nothing on hosts, whose memory is the operating system's business.
  virtual std::optional<MemoryInfo> memory_info() { return std::nullopt; }
  // Name and value of what a user may want to know of it.
  virtual std::vector<std::pair<std::string, std::string>> facts() { return {}; }
  // Number of allocations so far: a compiled program must not raise it.
  int64_t allocations() const { return allocations_; }

 protected:
  int64_t allocations_ = 0;

 private:
  Target target_;
  std::string name_;
  Precision precision_ = Precision::kFloat32;
};

// Where and how to compute, as a user names it.
struct DeviceOptions {
  DeviceOptions(const char* name) : name(name) {}              // NOLINT: conversion is the purpose
  DeviceOptions(std::string name, std::string precision = {})  // NOLINT: the same
      : name(std::move(name)), precision(std::move(precision)) {}
  std::string name;       // "cpu", "cuda", "sim" or "reference"
  std::string precision;  // "float32" (also when empty), "tf32" or "bfloat16"
};

// The device that runs a target's kernels, made on first use; for cuda the machine's GPU.
Device& device(Target target);
// A user error names the choices, or says what is missing.
Device& device(const DeviceOptions& options);

class Buffer {
 public:
  Buffer(Device& device, size_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device& device() const { return device_; }

 private:
  Device& device_;
  size_t bytes_;
  std::byte* data_;
};

// A view into a shared buffer. Copies share memory.
class Tensor {
 public:
  Tensor() = default;
  Tensor(Device& device, const Shape& shape, DType dtype = DType::kFloat32);
  Tensor(std::shared_ptr<Buffer> buffer, const View& view)
      : buffer_(std::move(buffer)), view_(view) {}

  bool valid() const { return buffer_ != nullptr; }
  const View& view() const { return view_; }
  const Shape& shape() const { return view_.shape; }
  DType dtype() const { return view_.dtype; }
  TensorSpec spec() const { return {view_.shape, view_.dtype}; }
  Device& device() const { return buffer_->device(); }
  const std::shared_ptr<Buffer>& buffer() const { return buffer_; }

  // Host copies; the tensor that is set is dense and the counts equal. Floating-point types
  // convert.
  void set(std::span<const float> values) const;
  void set(std::span<const double> values) const;
  std::vector<float> to_floats() const;
  std::vector<double> to_doubles() const;

 private:
  std::shared_ptr<Buffer> buffer_;
  View view_;
};

}  // namespace nram
