// What a stream or a graph does: one class for each kind of work. Work is immutable, so that a
// graph and its launches share it; it runs when the queue reaches it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simulator/driver_cuda.h"
#include "kernels/simulator/driver_race.h"
#include "kernels/simulator/simulator.h"

namespace nram::simulator::driver {

struct Driver;
struct Function;
struct GraphImage;
struct Operation;

// What a piece of work leaves behind.
struct Execution {
  Driver& driver;
  const Operation& operation;
  // Whether it is worth knowing what kernels touch: something may not be ordered with them.
  bool watch_launches = false;
  Accesses accesses{};            // with checking only
  CUresult fault = CUDA_SUCCESS;  // the context's state from now on
};

class Work : public std::enable_shared_from_this<Work> {
 public:
  virtual ~Work() = default;
  virtual CUgraphNodeType type() const = 0;
  virtual std::string describe() const = 0;  // "kernel 'gram_float'"
  virtual void run(Execution& execution) const = 0;
  // Whether it will read or write the host's memory, or use the module, when it runs.
  virtual bool uses_host(Interval) const { return false; }
  virtual bool uses_module(const Module*) const { return false; }
  // True: it has no effect of its own, so that order does not matter.
  virtual bool is_empty() const { return false; }
};

class KernelWork : public Work {
 public:
  KernelWork(std::shared_ptr<const Function> function, Launch launch)
      : function_(std::move(function)), launch_(std::move(launch)) {}
  CUgraphNodeType type() const override { return CU_GRAPH_NODE_TYPE_KERNEL; }
  std::string describe() const override;
  void run(Execution& execution) const override;
  bool uses_module(const Module* module) const override;
  const Function& function() const { return *function_; }
  const std::shared_ptr<const Function>& shared_function() const { return function_; }
  const Launch& launch() const { return launch_; }

 private:
  std::shared_ptr<const Function> function_;
  Launch launch_;
};

// One side of a copy: rows of bytes in slices.
struct CopySide {
  uint64_t address = 0;  // the host's or the device's
  bool device = false;
  bool pinned = false;  // host memory that the driver knows
  uint64_t pitch = 0;   // bytes from row to row
  uint64_t slice = 0;   // bytes from slice to slice
};
struct Copy {
  CopySide from, to;
  uint64_t row_bytes = 0, rows = 1, slices = 1;

  uint64_t bytes() const { return row_bytes * rows * slices; }
  // Bytes from a side's first to past its last.
  uint64_t extent(const CopySide& side) const {
    return bytes() == 0 ? 0 : (slices - 1) * side.slice + (rows - 1) * side.pitch + row_bytes;
  }
  // Calls visit(source, destination, bytes) for each piece that is contiguous on both sides.
  template <class Visit>
  void for_each_piece(const Visit& visit) const;
};

class CopyWork : public Work {
 public:
  // With `staged` bytes, these are copied and the host's memory is not read again.
  explicit CopyWork(const Copy& copy, std::vector<std::byte> staged = {});
  CUgraphNodeType type() const override { return CU_GRAPH_NODE_TYPE_MEMCPY; }
  std::string describe() const override;
  void run(Execution& execution) const override;
  bool uses_host(Interval range) const override;
  const Copy& copy() const { return copy_; }
  size_t staged_bytes() const { return staged_.size(); }
  // What the source holds now; the copy finds out whether it has changed when it runs.
  void watch_source();

 private:
  uint64_t source_checksum() const;
  bool host_is_there(Execution& execution) const;
  void check_initialised(Execution& execution) const;
  bool copy_piece(Execution& execution, uint64_t source, uint64_t destination,
                  uint64_t bytes) const;

  Copy copy_;
  std::vector<std::byte> staged_;
  bool watched_ = false;
  uint64_t checksum_ = 0;
};

class FillWork : public Work {
 public:
  FillWork(uint64_t address, uint32_t value, uint32_t value_bytes, uint64_t width, uint64_t height,
           uint64_t pitch)
      : address_(address),
        value_(value),
        value_bytes_(value_bytes),
        width_(width),
        height_(height),
        pitch_(pitch) {}
  CUgraphNodeType type() const override { return CU_GRAPH_NODE_TYPE_MEMSET; }
  std::string describe() const override;
  void run(Execution& execution) const override;

 private:
  uint64_t address_;
  uint32_t value_, value_bytes_;
  uint64_t width_;  // of a row, in values
  uint64_t height_, pitch_;
};

class HostWork : public Work {
 public:
  HostWork(CUhostFn function, void* data) : function_(function), data_(data) {}
  CUgraphNodeType type() const override { return CU_GRAPH_NODE_TYPE_HOST; }
  std::string describe() const override { return "host function"; }
  void run(Execution& execution) const override;

 private:
  CUhostFn function_;
  void* data_;
};

// A place in a stream that an event marks or waits at, or a node that only orders others.
class EmptyWork : public Work {
 public:
  explicit EmptyWork(std::string what) : what_(std::move(what)) {}
  CUgraphNodeType type() const override { return CU_GRAPH_NODE_TYPE_EMPTY; }
  std::string describe() const override { return what_; }
  void run(Execution&) const override {}
  bool is_empty() const override { return true; }

 private:
  std::string what_;
};

// Memory that belongs to a stream's order from the allocation to the release.
class PoolWork : public Work {
 public:
  PoolWork(uint64_t address, size_t bytes, bool release)
      : address_(address), bytes_(bytes), release_(release) {}
  CUgraphNodeType type() const override {
    return release_ ? CU_GRAPH_NODE_TYPE_MEM_FREE : CU_GRAPH_NODE_TYPE_MEM_ALLOC;
  }
  std::string describe() const override;
  void run(Execution& execution) const override;

 private:
  uint64_t address_;
  size_t bytes_;
  bool release_;
};

class GraphWork : public Work {
 public:
  explicit GraphWork(std::shared_ptr<const GraphImage> image) : image_(std::move(image)) {}
  CUgraphNodeType type() const override { return CU_GRAPH_NODE_TYPE_GRAPH; }
  std::string describe() const override;
  void run(Execution& execution) const override;
  bool uses_host(Interval range) const override;
  bool uses_module(const Module* module) const override;

 private:
  std::shared_ptr<const GraphImage> image_;
};

template <class Visit>
void Copy::for_each_piece(const Visit& visit) const {
  if (bytes() == 0) return;
  const bool whole_slices = from.pitch == row_bytes && to.pitch == row_bytes;
  const uint64_t pieces = whole_slices ? 1 : rows;
  for (uint64_t z = 0; z < slices; ++z) {
    for (uint64_t y = 0; y < pieces; ++y) {
      visit(from.address + z * from.slice + y * from.pitch,
            to.address + z * to.slice + y * to.pitch, whole_slices ? row_bytes * rows : row_bytes);
    }
  }
}

}  // namespace nram::simulator::driver
