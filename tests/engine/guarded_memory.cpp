#include "tests/engine/guarded_memory.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "kernels/common/error.h"
#ifdef NRAM_SANITIZE
#include <sanitizer/asan_interface.h>
#endif

namespace nram::harness {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kGuardBytes = 1024;

// Tells the guards of one memory from those of the last twelve before it.
int64_t next_salt() {
  static int64_t salt = 0;
  return ++salt % 13;
}

}  // namespace

void GuardedMemory::Free::operator()(std::byte* memory) const { std::free(memory); }

// 16-bit words 0xFFF1 .. 0xFFFD: NaN as bfloat16, float32 and float64. They differ from place to
// place and from memory to memory, so that guards copied along with the data show as well.
std::byte GuardedMemory::guard_at(int64_t offset) const {
  return offset % 2 ? std::byte{0xFF} : static_cast<std::byte>(0xF1 + (offset / 2 + salt_) % 13);
}

GuardedMemory::GuardedMemory(int64_t rows, int64_t row_bytes, int64_t pitch_bytes,
                             int64_t offset_bytes)
    : rows_(rows), row_bytes_(row_bytes), pitch_bytes_(pitch_bytes), salt_(next_salt()) {
  NRAM_CHECK(pitch_bytes >= row_bytes && offset_bytes >= 0, "rows overlap");
  bytes_ = kGuardBytes + offset_bytes + rows * pitch_bytes + kGuardBytes;
  bytes_ = (bytes_ + kAlignment - 1) / kAlignment * kAlignment;
  memory_.reset(static_cast<std::byte*>(
      std::aligned_alloc(static_cast<size_t>(kAlignment), static_cast<size_t>(bytes_))));
  if (!memory_) throw std::bad_alloc();
  first_ = memory_.get() + kGuardBytes + offset_bytes;
  for_each_guard([&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) memory_.get()[i] = guard_at(i);
    return true;
  });
  for (int64_t r = 0; r < rows_; ++r) std::memset(row(r), 0xFF, static_cast<size_t>(row_bytes_));
}

// body(begin, end) for each stretch of guard bytes in order, until it returns false.
template <class Body>
void GuardedMemory::for_each_guard(Body&& body) const {
  int64_t begin = 0;
  for (int64_t r = 0; r < rows_; ++r) {
    const int64_t end = row(r) - memory_.get();
    if (begin < end && !body(begin, end)) return;
    begin = end + row_bytes_;
  }
  body(begin, bytes_);
}

std::string GuardedMemory::damage() const {
  std::string result;
  for_each_guard([&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (memory_.get()[i] == guard_at(i)) continue;
      const int64_t at = i - (first_ - memory_.get());
      const int64_t extent = rows_ == 0 ? 0 : (rows_ - 1) * pitch_bytes_ + row_bytes_;
      result = at < 0         ? text("guard byte ", -at, " before the first element was written")
               : at >= extent ? text("guard byte ", at - extent + 1, " after the end was written")
                              : text("guard byte between rows was written (row ", at / pitch_bytes_,
                                     ", byte ", at % pitch_bytes_, " of ", row_bytes_, ")");
      return false;
    }
    return true;
  });
  return result;
}

void GuardedMemory::close_guards() const {
#ifdef NRAM_SANITIZE
  for_each_guard([&](int64_t begin, int64_t end) {
    ASAN_POISON_MEMORY_REGION(memory_.get() + begin, end - begin);
    return true;
  });
#endif
}

void GuardedMemory::open_guards() const {
#ifdef NRAM_SANITIZE
  ASAN_UNPOISON_MEMORY_REGION(memory_.get(), bytes_);
#endif
}

GuardedTensor::GuardedTensor(const TensorSpec& spec, int64_t gap)
    : spec_(spec),
      gap_(gap),
      memory_(spec.shape.rows(), spec.shape.channels() * size_of(spec.dtype),
              (spec.shape.channels() + gap) * size_of(spec.dtype), gap / 2 * size_of(spec.dtype)) {}

View GuardedTensor::view() const {
  return View(memory_.row(0), spec_.shape, spec_.dtype, spec_.shape.channels() + gap_);
}

void GuardedTensor::store(const HostTensor& values) const {
  const size_t row_bytes = static_cast<size_t>(spec_.shape.channels() * size_of(spec_.dtype));
  for (int64_t r = 0; r < spec_.shape.rows(); ++r) {
    std::memcpy(memory_.row(r), values.bytes.data() + static_cast<size_t>(r) * row_bytes,
                row_bytes);
  }
}

HostTensor GuardedTensor::load() const {
  HostTensor values(spec_);
  const size_t row_bytes = static_cast<size_t>(spec_.shape.channels() * size_of(spec_.dtype));
  for (int64_t r = 0; r < spec_.shape.rows(); ++r) {
    std::memcpy(values.bytes.data() + static_cast<size_t>(r) * row_bytes, memory_.row(r),
                row_bytes);
  }
  return values;
}

}  // namespace nram::harness
