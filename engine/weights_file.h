// Weights files: reading, writing and describing safetensors. Such a file is an 8-byte
// little-endian header length, a JSON header {name: {dtype, shape, data_offsets}, "__metadata__":
// {key: string}} and the tensors' little-endian values one after the other without gaps.
// A reader trusts nothing: any damaged, foreign or unreadable file ends in one sentence (a user's
// Error) that names the file, where it can the tensor, and the fix. A writer replaces the old file
// in one step or leaves it as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace nram {

// One tensor of a file. `dtype` is the format's own name (F32, BF16, I64, ...); [begin, end) are
// its bytes within the file's data section. An empty shape is a scalar.
struct TensorInfo {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t bytes() const { return end - begin; }
  // The number of values: 1 for a scalar, 0 where a dimension is 0.
  int64_t elements() const;
};

// An open file: the header is read and validated by open(), values are read when asked for,
// straight into the result. Copies share the open file, and all functions may be called from many
// threads.
class WeightsFile {
 public:
  // Throws a user's Error unless the whole file is a valid safetensors file.
  static WeightsFile open(const std::string& path);

  const std::string& path() const { return path_; }
  uint64_t file_bytes() const { return file_bytes_; }
  // All tensors in the order of their data.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // nullptr where the file has no such tensor.
  const TensorInfo* find(const std::string& name) const;
  // The tensor `name`; a user's Error where there is none.
  const TensorInfo& at(const std::string& name) const;
  // The metadata value of `key`; a user's Error where there is none.
  const std::string& metadata_at(const std::string& key) const;
  // A user's Error that names file, tensor and both shapes unless the tensor has this shape.
  void check_shape(const std::string& name, const std::vector<int64_t>& shape) const;

  // The values of a tensor of dtype F64, F32, BF16 or F16 in row-major order; a user's Error for
  // another dtype. F64 is rounded to float, to infinity where it is too large.
  std::vector<float> read_float(const std::string& name) const;
  std::vector<double> read_double(const std::string& name) const;
  // The values of a tensor of dtype I64, or U8; a user's Error for another dtype.
  std::vector<int64_t> read_int64(const std::string& name) const;
  std::vector<uint8_t> read_bytes(const std::string& name) const;
  // The bytes of a tensor of any dtype as they are in the file.
  std::vector<uint8_t> read_raw(const std::string& name) const;

  // The same with check_shape() before anything is allocated or read.
  std::vector<float> read_float(const std::string& name, const std::vector<int64_t>& shape) const;
  std::vector<double> read_double(const std::string& name, const std::vector<int64_t>& shape) const;
  std::vector<int64_t> read_int64(const std::string& name, const std::vector<int64_t>& shape) const;
  std::vector<uint8_t> read_bytes(const std::string& name, const std::vector<int64_t>& shape) const;
  // Reads into memory of the caller: `values` must hold as many elements as `shape`.
  void read_float(const std::string& name, const std::vector<int64_t>& shape,
                  std::span<float> values) const;

 private:
  class Descriptor;
  WeightsFile() = default;
  void read_range(const TensorInfo& tensor, uint64_t offset, void* to, uint64_t bytes) const;
  template <class Value>
  std::vector<Value> allocate(const TensorInfo& tensor, uint64_t count) const;
  template <class Value>
  std::vector<Value> read_as(const std::string& name, const std::string& dtype) const;
  template <class Value>
  void convert(const TensorInfo& tensor, std::span<Value> values) const;
  void require_floating(const TensorInfo& tensor) const;

  std::string path_;
  uint64_t file_bytes_ = 0;
  uint64_t data_start_ = 0;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string, size_t> index_;
  std::map<std::string, std::string> metadata_;
  std::shared_ptr<const Descriptor> descriptor_;
};

// A tensor that a reader of a file needs.
struct ExpectedTensor {
  std::string name;
  std::vector<int64_t> shape;
};

// One sentence on what is missing, unknown or of the wrong shape in the file (the first few names
// of each and their number); empty where the file holds exactly the expected tensors. With a
// `prefix` only the file's tensors whose names start with it can be unknown, so that each network
// of a checkpoint can be checked by itself.
std::string compare_tensors(const WeightsFile& file, std::span<const ExpectedTensor> expected,
                            const std::string& prefix = "");
// Throws that sentence as a user's Error.
void check_tensors(const WeightsFile& file, std::span<const ExpectedTensor> expected,
                   const std::string& prefix = "");

// A table of the tensors (name, dtype, shape, parameters, bytes), totals by the first part of the
// names, and the metadata: as text for a terminal, and as a JSON document.
std::string describe(const WeightsFile& file);
std::string describe_json(const WeightsFile& file);

// Collects tensors and metadata and writes them as one file. Values given as a span are not copied:
// they must stay alive and unchanged until the last write(). Values given as a temporary vector are
// kept. A name given twice, or values that don't fill the shape, are programming errors.
class WeightsWriter {
 public:
  void add(const std::string& name, const std::vector<int64_t>& shape,
           std::span<const float> values);  // F32
  void add(const std::string& name, const std::vector<int64_t>& shape,
           std::span<const double> values);  // F64
  void add(const std::string& name, const std::vector<int64_t>& shape,
           std::span<const int64_t> values);  // I64
  void add(const std::string& name, const std::vector<int64_t>& shape,
           std::span<const uint8_t> values);  // U8
  template <class Value>
  void add(const std::string& name, const std::vector<int64_t>& shape,
           std::vector<Value>&& values) {
    const auto kept = std::make_shared<const std::vector<Value>>(std::move(values));
    add(name, shape, std::span<const Value>(*kept));
    kept_.push_back(kept);
  }
  // Little-endian values of any dtype that the format knows, by its name there.
  void add_raw(const std::string& name, const std::string& dtype, const std::vector<int64_t>& shape,
               std::span<const uint8_t> bytes);
  void add_raw(const std::string& name, const std::string& dtype, const std::vector<int64_t>& shape,
               std::vector<uint8_t>&& bytes);
  // Sets the value of `key`; both must be UTF-8 (a user's Error otherwise: values often hold
  // paths).
  void metadata(const std::string& key, const std::string& value);
  // The size of the file that write() makes.
  uint64_t file_bytes() const;
  // Writes a temporary file beside `path`, forces it to the disk and renames it to `path`. On any
  // failure the temporary file is removed, a file already at `path` keeps every bit, and a user's
  // Error says why, how many bytes were needed and what to do. A symbolic link is followed.
  void write(const std::string& path) const;

 private:
  struct Entry {
    std::string name;
    std::string dtype;
    std::vector<int64_t> shape;
    std::span<const uint8_t> bytes;
  };
  template <class Value>
  void add_values(const std::string& name, const char* dtype, const std::vector<int64_t>& shape,
                  std::span<const Value> values);
  // The entries in the order of the file: wide types first, so that each tensor is aligned.
  std::vector<const Entry*> ordered() const;
  std::string header() const;

  std::vector<Entry> entries_;
  std::unordered_set<std::string> names_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace nram
