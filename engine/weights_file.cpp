#include "engine/weights_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>
#include <type_traits>

#include "engine/weights_header.h"
#include "kernels/common/error.h"

namespace nram {

using namespace safetensors;

static_assert(std::endian::native == std::endian::little,
              "values are copied between file and memory as they are");

// Positioned reads and no mapping: a file that shrinks while it is read is then an error, not a
// signal.
class WeightsFile::Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(number_); }

  int number() const { return number_; }

  // Bytes read, fewer than asked at the end of the file only; -1 with errno on an error.
  int64_t read(uint64_t offset, void* to, uint64_t bytes) const {
    uint64_t done = 0;
    while (done < bytes) {
      const ssize_t got =
          ::pread(number_, static_cast<char*>(to) + done, std::min<uint64_t>(bytes - done, 1 << 30),
                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return -1;
      if (got == 0) break;
      done += static_cast<uint64_t>(got);
    }
    return static_cast<int64_t>(done);
  }

 private:
  int number_;
};

namespace {

constexpr uint64_t kLengthBytes = 8;

// What a file that is no safetensors file looks like, with the fix; nullptr where nothing fits.
const char* recognise(std::string_view start) {
  const auto starts_with = [&](std::string_view magic) { return start.starts_with(magic); };
  if (starts_with("PK\x03\x04")) {
    return "a zip archive as torch.save (.pt, .pth) or numpy.savez write it; convert it in Python "
           "with safetensors.torch.save_file(torch.load(path, map_location='cpu'), "
           "'weights.safetensors')";
  }
  // The third byte tells a pickle from a header length of 640 and the like.
  if (start.size() > 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5 && start[2] != 0) {
    return "a Python pickle as torch.save (.pt, .pth) writes it; convert it in Python with "
           "safetensors.torch.save_file(torch.load(path, map_location='cpu'), "
           "'weights.safetensors')";
  }
  if (starts_with("version https://git-lfs")) {
    return "a Git LFS pointer in place of the file; fetch the file itself with 'git lfs pull'";
  }
  if (starts_with("\x89HDF")) {
    return "an HDF5 file as Keras writes it; convert its tensors to safetensors";
  }
  if (starts_with("\x93NUMPY")) return "a NumPy array; save it with safetensors.numpy.save_file";
  if (starts_with("GGUF")) return "a GGUF file; convert its tensors to safetensors";
  if (starts_with("\x1F\x8B")) return "compressed with gzip; unpack it with gunzip first";
  while (!start.empty() && std::isspace(static_cast<unsigned char>(start.front()))) {
    start.remove_prefix(1);
  }
  std::string lower(start.substr(0, 16));
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower.starts_with("<!doctype") || lower.starts_with("<html") || lower.starts_with("<?xml")) {
    return "a web page in place of the file; download the file itself, not the page that links it";
  }
  if (lower.starts_with("{\"") || lower.starts_with("{\n") || lower.starts_with("{ ")) {
    return "a JSON text, perhaps the index of a model in several files; give one of the "
           ".safetensors files";
  }
  return nullptr;
}

uint64_t little_endian(const char* bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

std::string open_failure(const std::string& file, int error) {
  const std::string reason = text("cannot open ", file, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return reason + "; check the path";
  if (error == EACCES || error == EPERM) return reason + "; make it readable (chmod u+r)";
  return reason;
}

float from_half(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t exponent = (half >> 10) & 31u;
  const uint32_t fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (fraction << 13));
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

template <class Stored, class Value>
void convert_values(const char* from, size_t count, bool brain_float, Value* to) {
  for (size_t i = 0; i < count; ++i) {
    Stored stored;
    std::memcpy(&stored, from + i * sizeof(Stored), sizeof(Stored));
    if constexpr (std::is_same_v<Stored, uint16_t>) {
      to[i] = static_cast<Value>(brain_float ? std::bit_cast<float>(uint32_t{stored} << 16)
                                             : from_half(stored));
    } else {
      to[i] = static_cast<Value>(stored);
    }
  }
}

}  // namespace

int64_t TensorInfo::elements() const { return shape_elements(shape).value_or(0); }

WeightsFile WeightsFile::open(const std::string& path) {
  const std::string file = "weights file " + in_quotes(path, 4096);
  NRAM_USER_CHECK(!path.empty() && path.find('\0') == std::string::npos,
                  "no weights file is named; give the path of a .safetensors file");
  // Without O_NONBLOCK opening a pipe would wait for its writer.
  const int number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (number < 0) throw_user(open_failure(file, errno));
  WeightsFile result;
  result.path_ = path;
  result.descriptor_ = std::make_shared<const Descriptor>(number);
  struct stat status {};
  NRAM_USER_CHECK(::fstat(number, &status) == 0, "cannot read ", file, ": ", std::strerror(errno));
  NRAM_USER_CHECK(!S_ISDIR(status.st_mode), file,
                  " is a directory; give the path of a .safetensors file in it");
  NRAM_USER_CHECK(S_ISREG(status.st_mode), file,
                  " is not a regular file; give a .safetensors file");
  const uint64_t size = static_cast<uint64_t>(status.st_size);
  result.file_bytes_ = size;
  NRAM_USER_CHECK(size > 0, file, " is empty; copy or download it again");

  std::array<char, 64> start{};
  const int64_t got = result.descriptor_->read(0, start.data(), start.size());
  NRAM_USER_CHECK(got >= 0, "cannot read ", file, ": ", std::strerror(errno));
  const std::string_view seen(start.data(), static_cast<size_t>(got));
  const uint64_t header_bytes = little_endian(start.data());
  if (seen.size() <= kLengthBytes || header_bytes > kMaxHeaderBytes || seen[kLengthBytes] != '{') {
    const char* other = recognise(seen);
    NRAM_USER_CHECK(other == nullptr, file, " is not a safetensors file but ", other);
  }
  NRAM_USER_CHECK(seen.size() >= kLengthBytes, file, " is cut short: it has ", size,
                  " bytes, less than the length of its header takes; copy or download it again");
  NRAM_USER_CHECK(header_bytes <= kMaxHeaderBytes, file, " claims a header of ", header_bytes,
                  " bytes, more than the ", kMaxHeaderBytes,
                  " of the format; it is damaged or not a safetensors file: get a fresh copy");
  NRAM_USER_CHECK(header_bytes <= size - kLengthBytes, file, " is cut short: its header takes ",
                  header_bytes, " bytes but only ", size - kLengthBytes,
                  " follow; copy or download it again");
  std::string json(header_bytes, '\0');
  const int64_t header_got = result.descriptor_->read(kLengthBytes, json.data(), header_bytes);
  NRAM_USER_CHECK(header_got >= 0, "cannot read ", file, ": ", std::strerror(errno));
  NRAM_USER_CHECK(static_cast<uint64_t>(header_got) == header_bytes, file,
                  " became shorter while it was read; wait until it is complete");
  result.data_start_ = kLengthBytes + header_bytes;
  WeightsHeader header = parse_weights_header(json, size - result.data_start_, path);
  result.tensors_ = std::move(header.tensors);
  result.metadata_ = std::move(header.metadata);
  for (size_t i = 0; i < result.tensors_.size(); ++i) result.index_[result.tensors_[i].name] = i;
  return result;
}

const TensorInfo* WeightsFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const TensorInfo& WeightsFile::at(const std::string& name) const {
  const TensorInfo* tensor = find(name);
  NRAM_USER_CHECK(tensor != nullptr, "weights file ", in_quotes(path_, 4096), " has no tensor ",
                  in_quotes(name), "; give a file that was written for this model");
  return *tensor;
}

const std::string& WeightsFile::metadata_at(const std::string& key) const {
  const auto found = metadata_.find(key);
  NRAM_USER_CHECK(found != metadata_.end(), "weights file ", in_quotes(path_, 4096),
                  " has no metadata ", in_quotes(key), "; give a file that this program wrote");
  return found->second;
}

void WeightsFile::check_shape(const std::string& name, const std::vector<int64_t>& shape) const {
  const TensorInfo& tensor = at(name);
  NRAM_USER_CHECK(tensor.shape == shape, "tensor ", in_quotes(name), " of weights file ",
                  in_quotes(path_, 4096), " has shape ", shape_text(tensor.shape), " where ",
                  shape_text(shape), " is needed; give a file that was written for this model");
}

void WeightsFile::read_range(const TensorInfo& tensor, uint64_t offset, void* to,
                             uint64_t bytes) const {
  const int64_t got = descriptor_->read(data_start_ + tensor.begin + offset, to, bytes);
  NRAM_USER_CHECK(got >= 0, "cannot read tensor ", in_quotes(tensor.name), " of weights file ",
                  in_quotes(path_, 4096), ": ", std::strerror(errno), "; check the disk");
  NRAM_USER_CHECK(static_cast<uint64_t>(got) == bytes, "weights file ", in_quotes(path_, 4096),
                  " became shorter while tensor ", in_quotes(tensor.name),
                  " was read; get a fresh copy and leave it alone while it is used");
}

template <class Value>
std::vector<Value> WeightsFile::allocate(const TensorInfo& tensor, uint64_t count) const {
  try {
    return std::vector<Value>(count);
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  throw_user(text("tensor ", in_quotes(tensor.name), " of weights file ", in_quotes(path_, 4096),
                  " needs ", sizeof(Value), " x ", count,
                  " bytes of memory, more than there is; use a machine with more memory"));
}

template <class Value>
std::vector<Value> WeightsFile::read_as(const std::string& name, const std::string& dtype) const {
  const TensorInfo& tensor = at(name);
  NRAM_USER_CHECK(tensor.dtype == dtype, "tensor ", in_quotes(name), " of weights file ",
                  in_quotes(path_, 4096), " has dtype ", tensor.dtype, " where ", dtype,
                  " is needed; convert it and write the file again");
  std::vector<Value> values = allocate<Value>(tensor, tensor.bytes() / sizeof(Value));
  read_range(tensor, 0, values.data(), tensor.bytes());
  return values;
}

void WeightsFile::require_floating(const TensorInfo& tensor) const {
  const std::string& dtype = tensor.dtype;
  NRAM_USER_CHECK(dtype == "F32" || dtype == "F64" || dtype == "BF16" || dtype == "F16", "tensor ",
                  in_quotes(tensor.name), " of weights file ", in_quotes(path_, 4096),
                  " has dtype ", dtype,
                  " where F32, F64, BF16 or F16 is needed; convert it and write the file again");
}

template <class Value>
void WeightsFile::convert(const TensorInfo& tensor, std::span<Value> values) const {
  if (tensor.dtype == (sizeof(Value) == 4 ? "F32" : "F64")) {
    read_range(tensor, 0, values.data(), tensor.bytes());
    return;
  }
  const uint64_t width = dtype_bytes(tensor.dtype);
  std::vector<char> piece(std::min<uint64_t>(tensor.bytes(), uint64_t{1} << 20));
  size_t done = 0;
  while (done < values.size()) {
    const size_t count = std::min<size_t>(piece.size() / width, values.size() - done);
    read_range(tensor, done * width, piece.data(), count * width);
    Value* to = values.data() + done;
    if (width == 2) {
      convert_values<uint16_t>(piece.data(), count, tensor.dtype == "BF16", to);
    } else if (width == 4) {
      convert_values<float>(piece.data(), count, false, to);
    } else {
      convert_values<double>(piece.data(), count, false, to);
    }
    done += count;
  }
}

std::vector<float> WeightsFile::read_float(const std::string& name) const {
  const TensorInfo& tensor = at(name);
  require_floating(tensor);
  auto values = allocate<float>(tensor, static_cast<uint64_t>(tensor.elements()));
  convert<float>(tensor, values);
  return values;
}

std::vector<double> WeightsFile::read_double(const std::string& name) const {
  const TensorInfo& tensor = at(name);
  require_floating(tensor);
  auto values = allocate<double>(tensor, static_cast<uint64_t>(tensor.elements()));
  convert<double>(tensor, values);
  return values;
}

std::vector<int64_t> WeightsFile::read_int64(const std::string& name) const {
  return read_as<int64_t>(name, "I64");
}

std::vector<uint8_t> WeightsFile::read_bytes(const std::string& name) const {
  return read_as<uint8_t>(name, "U8");
}

std::vector<uint8_t> WeightsFile::read_raw(const std::string& name) const {
  return read_as<uint8_t>(name, at(name).dtype);
}

std::vector<float> WeightsFile::read_float(const std::string& name,
                                           const std::vector<int64_t>& shape) const {
  check_shape(name, shape);
  return read_float(name);
}

std::vector<double> WeightsFile::read_double(const std::string& name,
                                             const std::vector<int64_t>& shape) const {
  check_shape(name, shape);
  return read_double(name);
}

std::vector<int64_t> WeightsFile::read_int64(const std::string& name,
                                             const std::vector<int64_t>& shape) const {
  check_shape(name, shape);
  return read_int64(name);
}

std::vector<uint8_t> WeightsFile::read_bytes(const std::string& name,
                                             const std::vector<int64_t>& shape) const {
  check_shape(name, shape);
  return read_bytes(name);
}

void WeightsFile::read_float(const std::string& name, const std::vector<int64_t>& shape,
                             std::span<float> values) const {
  check_shape(name, shape);
  const TensorInfo& tensor = at(name);
  require_floating(tensor);
  NRAM_CHECK(values.size() == static_cast<uint64_t>(tensor.elements()), "tensor ", in_quotes(name),
             " has ", tensor.elements(), " values, the destination ", values.size());
  convert<float>(tensor, values);
}

}  // namespace nram
