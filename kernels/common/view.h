// What a kernel sees of a tensor: raw memory with a shape, an element type and a row pitch.
// Images and feature maps are NHWC (rank 4); "channels" is the last dimension, "rows" all others
// together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>

namespace nram {

enum class DType : uint8_t { kFloat32, kFloat64, kBFloat16, kInt32 };

constexpr int64_t size_of(DType dtype) {
  return dtype == DType::kFloat64 ? 8 : dtype == DType::kBFloat16 ? 2 : 4;
}
// The type of sums and scalars that come out of tensors of `dtype`.
constexpr DType accumulator_of(DType dtype) {
  return dtype == DType::kBFloat16 ? DType::kFloat32 : dtype;
}
const char* name_of(DType dtype);
inline std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name_of(dtype); }

// bfloat16 as stored: the upper half of a float, rounded to nearest even.
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);
  explicit operator float() const;
};

// Up to four dimensions; rank 0 is a scalar with one element.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims);
  int rank() const { return rank_; }
  int64_t operator[](int i) const { return dims_[static_cast<size_t>(i)]; }
  int64_t& operator[](int i) { return dims_[static_cast<size_t>(i)]; }
  int64_t channels() const { return rank_ == 0 ? 1 : dims_[static_cast<size_t>(rank_ - 1)]; }
  int64_t rows() const {
    int64_t rows = 1;
    for (int i = 0; i + 1 < rank_; ++i) rows *= dims_[static_cast<size_t>(i)];
    return rows;
  }
  int64_t count() const { return rows() * channels(); }
  bool operator==(const Shape& other) const { return rank_ == other.rank_ && dims_ == other.dims_; }

 private:
  std::array<int64_t, 4> dims_{};
  int rank_ = 0;
};
std::ostream& operator<<(std::ostream& out, const Shape& shape);

// `pitch` is the distance in elements between successive rows: equal to the number of channels for
// a dense tensor, larger for a slice of channels (a part of a concatenation).
struct View {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::kFloat32;
  int64_t pitch = 1;

  View() = default;
  View(void* data, const Shape& shape, DType dtype)
      : data(data), shape(shape), dtype(dtype), pitch(shape.channels()) {}
  View(void* data, const Shape& shape, DType dtype, int64_t pitch)
      : data(data), shape(shape), dtype(dtype), pitch(pitch) {}

  int64_t rows() const { return shape.rows(); }
  int64_t channels() const { return shape.channels(); }
  bool dense() const { return pitch == channels(); }
  // First element of row r.
  template <class T>
  T* row(int64_t r) const {
    return static_cast<T*>(data) + r * pitch;
  }
  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

}  // namespace nram
