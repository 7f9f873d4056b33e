// Files and text lines for the data layer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nram::data {

// The file, or its first `most` bytes. User error naming it when it is missing or cannot be read.
std::vector<uint8_t> read_bytes(const std::string& path, size_t most = SIZE_MAX);
std::string read_text(const std::string& path);

// Writes a temporary file beside `path` and renames it over it. When that fails nothing is left
// behind and an old file stays as it was: a user error if the folder is at fault (missing, not
// writable), else a failure of the run (disk full).
void write_atomically(const std::string& path, const void* bytes, size_t count);

// Lines without their ends (LF or CRLF) and without a byte-order mark.
std::vector<std::string> split_lines(const std::string& content);
// Without white space at both ends.
std::string_view trim(std::string_view text);

}  // namespace nram::data
