// Memory for one tensor with guard bytes before, after and (for a channel slice) between its rows.
// Guards are NaN in every floating-point dtype, so that what reads them shows, and follow a
// pattern, so that what writes them shows. Contents start as 0xFF bytes, which are NaN as well.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "kernels/common/view.h"
#include "tests/engine/host_tensor.h"

namespace nram::harness {

class GuardedMemory {
 public:
  // `rows` rows of `row_bytes`, `pitch_bytes` apart; the first starts `offset_bytes` after a
  // 64-byte boundary. pitch_bytes >= row_bytes.
  GuardedMemory(int64_t rows, int64_t row_bytes, int64_t pitch_bytes, int64_t offset_bytes);

  std::byte* row(int64_t r) const { return first_ + r * pitch_bytes_; }
  int64_t rows() const { return rows_; }
  int64_t row_bytes() const { return row_bytes_; }
  int64_t pitch_bytes() const { return pitch_bytes_; }
  // Says which guard byte was written to; empty: none.
  std::string damage() const;
  // While closed, AddressSanitizer (where built with it) stops any access to a guard.
  void close_guards() const;
  void open_guards() const;

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  template <class Body>
  void for_each_guard(Body&& body) const;

  std::byte guard_at(int64_t offset) const;

  int64_t rows_, row_bytes_, pitch_bytes_, salt_, bytes_;
  std::unique_ptr<std::byte, Free> memory_;
  std::byte* first_;
};

// A tensor in guarded memory; `gap` > 0 makes it a channel slice of a tensor that is wider by `gap`
// channels and starts off any vector alignment.
class GuardedTensor {
 public:
  GuardedTensor(const TensorSpec& spec, int64_t gap);
  View view() const;
  const TensorSpec& spec() const { return spec_; }
  const GuardedMemory& memory() const { return memory_; }
  void store(const HostTensor& values) const;
  HostTensor load() const;

 private:
  TensorSpec spec_;
  int64_t gap_;
  GuardedMemory memory_;
};

}  // namespace nram::harness
