// The one signature of every kernel: a Call names its tensors, attributes and workspace. Shapes
// have been checked when the graph was built; a kernel only computes.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "kernels/common/error.h"
#include "kernels/common/view.h"

namespace nram {

// The parameters of an op that are no tensors (stride, slope, ...): any trivially copyable struct
// without padding surprises, at most kCapacity bytes. Two are equal when their bytes are, so that
// structs must be value-initialised.
class Attributes {
 public:
  static constexpr size_t kCapacity = 256;
  Attributes() = default;
  template <class T>
  Attributes(const T& value) : size_(sizeof(T)) {  // NOLINT: conversion is the purpose
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kCapacity);
    std::memcpy(bytes_.data(), &value, sizeof(T));
  }
  template <class T>
  T as() const {
    static_assert(std::is_trivially_copyable_v<T>);
    NRAM_CHECK(size_ == sizeof(T), "attributes read as another type than they were written as");
    T value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    return value;
  }
  bool operator==(const Attributes& other) const {
    return size_ == other.size_ && bytes_ == other.bytes_;
  }

 private:
  alignas(8) std::array<std::byte, kCapacity> bytes_{};
  size_t size_ = 0;
};

class Launcher;

struct Call {
  const View* inputs = nullptr;
  int input_count = 0;
  const View* outputs = nullptr;
  int output_count = 0;
  const Attributes* attributes = nullptr;
  void* workspace = nullptr;  // 64-byte aligned
  size_t workspace_bytes = 0;
  Launcher* launcher = nullptr;  // the GPU and its stream (launch.h), for cuda kernels only

  const View& in(int i) const { return inputs[i]; }
  const View& out(int i) const { return outputs[i]; }
  template <class T>
  T get() const {
    return attributes->as<T>();
  }
};

using Kernel = void (*)(const Call&);

// Runs body(T{}) with T the element type of a floating-point dtype that the reference kernels know.
template <class Body>
void with_reference_type(DType dtype, Body&& body) {
  if (dtype == DType::kFloat64) {
    body(double{});
  } else {
    NRAM_CHECK(dtype == DType::kFloat32, "reference kernels run in float32 or float64, not ",
               dtype);
    body(float{});
  }
}

}  // namespace nram
