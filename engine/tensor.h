// Devices, buffers and tensors: memory with an owner.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/op.h"

namespace nram {

// Owns memory of one device. Today's devices (cpu, reference) share host memory and differ in the
// kernels that a program runs.
class Device {
 public:
  explicit Device(Target target) : target_(target) {}
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  Target target() const { return target_; }
  // 64-byte aligned; throws a user error that says how much was asked for when memory is short.
  virtual void* allocate(size_t bytes) = 0;
  virtual void release(void* memory, size_t bytes) = 0;
  virtual void copy_in(void* device_memory, const void* host, size_t bytes) = 0;
  virtual void copy_out(void* host, const void* device_memory, size_t bytes) = 0;
  // Number of allocations so far: a compiled program must not raise it.
  int64_t allocations() const { return allocations_; }

 protected:
  int64_t allocations_ = 0;

 private:
  Target target_;
};

// The device that runs a target's kernels; one per target, made on first use.
Device& device(Target target);
// "cpu" or "reference"; a user error names the choices.
Device& device(const std::string& name);

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

  // Host copies; the tensor is dense and the counts equal. Float32 and float64 convert.
  void set(std::span<const float> values) const;
  void set(std::span<const double> values) const;
  std::vector<float> to_floats() const;
  std::vector<double> to_doubles() const;

 private:
  std::shared_ptr<Buffer> buffer_;
  View view_;
};

}  // namespace nram
