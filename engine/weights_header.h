// The header of a safetensors file: parsing and validation without trust, and the small pieces that
// reader and writer of engine/weights_file.h share. Nothing else includes this.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/weights_file.h"

// A namespace of its own: the engine has shapes and types of its own too.
namespace nram::safetensors {

// The limit of the format's reference implementation.
inline constexpr uint64_t kMaxHeaderBytes = 100'000'000;
inline constexpr size_t kMaxRank = 32;
inline constexpr char kMetadataKey[] = "__metadata__";

struct WeightsHeader {
  std::vector<TensorInfo> tensors;  // in the order of their data
  std::map<std::string, std::string> metadata;
};

// Parses the JSON text of the header and checks every tensor against itself, against its neighbours
// and against the `data_bytes` that follow the header. Throws a user's Error naming `path`.
WeightsHeader parse_weights_header(std::string_view json, uint64_t data_bytes,
                                   const std::string& path);

// Bytes of one value of this dtype; 0 where the dtype is unknown.
uint64_t dtype_bytes(std::string_view dtype);

// Values and bytes of a shape; nothing where they pass 2^63 - 1 or a dimension is negative.
std::optional<int64_t> shape_elements(std::span<const int64_t> shape);
std::optional<int64_t> shape_bytes(std::span<const int64_t> shape, uint64_t value_bytes);

// "[3, 4]".
std::string shape_text(std::span<const int64_t> shape);

// The text in single quotes on one line: control characters and broken UTF-8 as \xNN, a long text
// cut.
std::string in_quotes(std::string_view text, size_t limit = 120);
// The same without quotes.
std::string printable(std::string_view text, size_t limit);

// The length of the valid UTF-8 sequence at the start of a non-empty text; 0 where it is broken.
size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace nram::safetensors
