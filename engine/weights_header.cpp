#include "engine/weights_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "kernels/common/error.h"

namespace nram::safetensors {
namespace {

constexpr char kFix[] = "; write the file again or get a fresh copy";

// Receives the events of the JSON parser. A DOM would silently keep one of two equal keys and
// follow any nesting; here every event that the format does not allow ends the parse.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::string& path) : path_(path) {}

  WeightsHeader take() { return std::move(header_); }

  bool null() override { wrong_value("null"); }
  bool boolean(bool) override { wrong_value("true or false"); }
  bool number_float(double, const std::string&) override {
    wrong_value("a fraction or a number beyond 64 bits");
  }
  bool binary(nlohmann::json::binary_t&) override { wrong_value("binary data"); }
  bool number_integer(int64_t) override { wrong_value("a negative number"); }

  bool number_unsigned(uint64_t value) override {
    if (state_ == State::kShape) {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        fail(tensor(), " has a dimension of ", value);
      }
      if (current_.shape.size() == kMaxRank) fail(tensor(), " has more than 32 dimensions");
      current_.shape.push_back(static_cast<int64_t>(value));
    } else if (state_ == State::kOffsets) {
      if (offsets_ == 2) fail(tensor(), " has more than two data_offsets");
      (offsets_++ == 0 ? current_.begin : current_.end) = value;
    } else {
      wrong_value("a number");
    }
    return true;
  }

  bool string(std::string& value) override {
    if (state_ == State::kMetadata) {
      header_.metadata[field_] = value;
    } else if (state_ == State::kTensor && field_ == "dtype") {
      current_.dtype = value;
    } else {
      wrong_value("a string");
    }
    return true;
  }

  bool start_object(size_t) override {
    if (state_ == State::kStart) {
      state_ = State::kNames;
    } else if (state_ == State::kNames) {
      state_ = name_ == kMetadataKey ? State::kMetadata : State::kTensor;
      current_ = TensorInfo{};
      current_.name = name_;
      has_dtype_ = has_shape_ = has_offsets_ = false;
    } else {
      wrong_value("an object");
    }
    return true;
  }

  bool key(std::string& key) override {
    if (state_ == State::kNames) {
      name_ = key;
      if (!names_.insert(key).second) {
        fail(key == kMetadataKey ? "its metadata" : tensor(), " appears twice in the header");
      }
    } else if (state_ == State::kMetadata) {
      field_ = key;
      if (header_.metadata.count(key) != 0) fail("metadata ", in_quotes(key), " appears twice");
    } else {
      field_ = key;
      bool* seen = key == "dtype"          ? &has_dtype_
                   : key == "shape"        ? &has_shape_
                   : key == "data_offsets" ? &has_offsets_
                                           : nullptr;
      if (seen == nullptr) fail(tensor(), " has an unknown field ", in_quotes(key));
      if (std::exchange(*seen, true)) fail(tensor(), " has the field ", in_quotes(key), " twice");
    }
    return true;
  }

  bool end_object() override {
    if (state_ == State::kTensor) finish_tensor();
    state_ = state_ == State::kNames ? State::kDone : State::kNames;
    return true;
  }

  bool start_array(size_t) override {
    if (state_ == State::kTensor && field_ == "shape") {
      state_ = State::kShape;
    } else if (state_ == State::kTensor && field_ == "data_offsets") {
      state_ = State::kOffsets;
      offsets_ = 0;
    } else {
      wrong_value("a list");
    }
    return true;
  }

  bool end_array() override {
    if (state_ == State::kOffsets && offsets_ != 2) fail(tensor(), " needs two data_offsets");
    state_ = State::kTensor;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    fail("its header is not valid JSON in UTF-8 at byte ", position, " of the header");
  }

 private:
  enum class State { kStart, kNames, kMetadata, kTensor, kShape, kOffsets, kDone };

  template <class... Args>
  [[noreturn]] void fail(const Args&... args) const {
    throw_user(text("weights file ", in_quotes(path_, 4096), " is damaged: ", args..., kFix));
  }
  std::string tensor() const { return "tensor " + in_quotes(name_); }

  [[noreturn]] void wrong_value(const char* found) const {
    switch (state_) {
      case State::kMetadata:
        fail("metadata ", in_quotes(field_), " is ", found, ", not a string");
      case State::kTensor:
        fail(field_, " of ", tensor(), " is ", found, ", not ",
             field_ == "dtype" ? "a string" : "a list");
      case State::kShape:
        fail("the shape of ", tensor(), " holds ", found, ", not a dimension");
      case State::kOffsets:
        fail("data_offsets of ", tensor(), " holds ", found, ", not an offset");
      case State::kNames:
        fail(name_ == kMetadataKey ? "its metadata" : tensor(), " is ", found, ", not an object");
      default:
        fail("its header is ", found, ", not an object");
    }
  }

  void finish_tensor() {
    if (!has_dtype_) fail(tensor(), " has no dtype");
    if (!has_shape_) fail(tensor(), " has no shape");
    if (!has_offsets_) fail(tensor(), " has no data_offsets");
    const uint64_t value_bytes = dtype_bytes(current_.dtype);
    if (value_bytes == 0) {
      throw_user(text("weights file ", in_quotes(path_, 4096), " holds ", tensor(),
                      " of the unknown dtype ", in_quotes(current_.dtype),
                      "; convert the tensor to F32 and write the file again"));
    }
    const std::string shape = shape_text(current_.shape);
    const std::optional<int64_t> bytes = shape_bytes(current_.shape, value_bytes);
    if (!bytes) fail("the shape ", shape, " of ", tensor(), " is larger than any memory");
    if (current_.begin > current_.end) {
      fail("data_offsets of ", tensor(), " end at ", current_.end, ", before they begin at ",
           current_.begin);
    }
    if (static_cast<uint64_t>(*bytes) != current_.bytes()) {
      fail(tensor(), " of shape ", shape, " and dtype ", current_.dtype, " takes ", *bytes,
           " bytes, but its data_offsets span ", current_.bytes());
    }
    header_.tensors.push_back(std::move(current_));
  }

  const std::string& path_;
  WeightsHeader header_;
  State state_ = State::kStart;
  std::unordered_set<std::string> names_;
  std::string name_;
  std::string field_;
  TensorInfo current_;
  int offsets_ = 0;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
};

// The format wants the data without gaps and overlaps, to the last byte of the file.
void check_layout(const std::vector<TensorInfo>& tensors, uint64_t data_bytes,
                  const std::string& path) {
  const std::string file = "weights file " + in_quotes(path, 4096);
  uint64_t position = 0;
  std::string previous = "the header";
  for (const TensorInfo& tensor : tensors) {
    const std::string name = "tensor " + in_quotes(tensor.name);
    NRAM_USER_CHECK(tensor.begin <= position, file, " is damaged: ", tensor.begin - position,
                    " bytes between ", previous, " and ", name, " belong to no tensor", kFix);
    NRAM_USER_CHECK(tensor.begin >= position, file, " is damaged: ", name, " overlaps ", previous,
                    " by ", position - tensor.begin, " bytes", kFix);
    NRAM_USER_CHECK(tensor.end <= data_bytes, file, " is cut short: ", name,
                    " needs its data up to byte ", tensor.end, " but only ", data_bytes,
                    " bytes follow the header; copy or download the file again");
    position = tensor.end;
    previous = name;
  }
  NRAM_USER_CHECK(position == data_bytes, file, " is damaged: ", data_bytes - position,
                  " bytes after ", previous, " belong to no tensor", kFix);
}

}  // namespace

WeightsHeader parse_weights_header(std::string_view json, uint64_t data_bytes,
                                   const std::string& path) {
  const std::string file = "weights file " + in_quotes(path, 4096);
  NRAM_USER_CHECK(!json.empty() && json.front() == '{', file,
                  " is damaged: its header does not start with '{'", kFix);
  // The parser takes a zero byte for the end of its input and would ignore what follows.
  const size_t zero = json.find('\0');
  NRAM_USER_CHECK(zero == std::string_view::npos, file,
                  " is damaged: its header holds a zero byte at ", zero, kFix);
  HeaderReader reader(path);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  WeightsHeader header = reader.take();
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const TensorInfo& a, const TensorInfo& b) {
                     return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
                   });
  check_layout(header.tensors, data_bytes, path);
  return header;
}

uint64_t dtype_bytes(std::string_view dtype) {
  static constexpr std::array<std::pair<std::string_view, uint64_t>, 17> kTypes{{{"BOOL", 1},
                                                                                 {"U8", 1},
                                                                                 {"I8", 1},
                                                                                 {"F8_E5M2", 1},
                                                                                 {"F8_E4M3", 1},
                                                                                 {"F8_E8M0", 1},
                                                                                 {"I16", 2},
                                                                                 {"U16", 2},
                                                                                 {"F16", 2},
                                                                                 {"BF16", 2},
                                                                                 {"I32", 4},
                                                                                 {"U32", 4},
                                                                                 {"F32", 4},
                                                                                 {"F64", 8},
                                                                                 {"I64", 8},
                                                                                 {"U64", 8},
                                                                                 {"C64", 8}}};
  for (const auto& [name, bytes] : kTypes) {
    if (name == dtype) return bytes;
  }
  return 0;
}

std::optional<int64_t> shape_bytes(std::span<const int64_t> shape, uint64_t value_bytes) {
  // Dimensions of 0 don't hide an overflow of the others: strides are computed from them too.
  int64_t product = static_cast<int64_t>(value_bytes);
  bool empty = false;
  for (const int64_t dimension : shape) {
    if (dimension < 0) return std::nullopt;
    empty = empty || dimension == 0;
    if (__builtin_mul_overflow(product, std::max<int64_t>(dimension, 1), &product)) {
      return std::nullopt;
    }
  }
  return empty ? 0 : product;
}

std::optional<int64_t> shape_elements(std::span<const int64_t> shape) {
  return shape_bytes(shape, 1);
}

std::string shape_text(std::span<const int64_t> shape) {
  std::string result = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i != 0) result += ", ";
    result += std::to_string(shape[i]);
  }
  return result + "]";
}

size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0x80                     ? 1
                        : first >= 0xC2 && first <= 0xDF ? 2
                        : first >= 0xE0 && first <= 0xEF ? 3
                        : first >= 0xF0 && first <= 0xF4 ? 4
                                                         : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and code points past U+10FFFF.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string printable(std::string_view text, size_t limit) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string result;
  while (!text.empty()) {
    if (result.size() >= limit) return result + "...";
    const unsigned char first = static_cast<unsigned char>(text.front());
    const size_t length = utf8_length(text);
    // U+0080 to U+009F steer terminals too.
    const bool control =
        first < 0x20 || first == 0x7F ||
        (length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
    if (length == 0 || control) {
      result += {'\\', 'x', kDigits[first >> 4], kDigits[first & 15]};
      text.remove_prefix(1);
    } else {
      result += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return result;
}

std::string in_quotes(std::string_view text, size_t limit) {
  std::string result = "'";
  result += printable(text, limit);
  result += '\'';
  return result;
}

}  // namespace nram::safetensors
