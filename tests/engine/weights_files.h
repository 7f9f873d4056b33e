// What the tests of weights files share: temporary directories, raw files, and the check that a
// failure is one sentence of a user's Error.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/common/error.h"

namespace nram {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = testing::TempDir() + "/weights-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "cannot make " << pattern;
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  size_t entries() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                             std::filesystem::directory_iterator()));
  }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view content) {
  // Some file systems force the data of a file that was cut to nothing to the disk: a new one is
  // much faster.
  ::unlink(path.c_str());
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!stream.flush()) ADD_FAILURE() << "cannot write " << path;
}

inline std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

// The bytes of a string literal, its end left out.
template <size_t N>
std::vector<uint8_t> bytes_of(const char (&literal)[N]) {
  return std::vector<uint8_t>(literal, literal + N - 1);
}

inline uint64_t header_length(const std::string& file) {
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof(length));
  return length;
}

// A file from the text of its header and its data.
inline std::string safetensors(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file + header + data;
}

// The function ends in a user's Error of one sentence that holds all the parts.
template <class Function>
void expect_user_error(Function&& function, const std::vector<std::string>& parts) {
  try {
    function();
    ADD_FAILURE() << "no error where one with '" << parts.back() << "' was expected";
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(error.is_user_mistake()) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 1000u) << message;
    for (const std::string& part : parts) {
      EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
    }
  }
}

}  // namespace nram
