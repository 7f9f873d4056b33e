#include "data/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "kernels/common/error.h"

namespace nram::data {
namespace {

[[noreturn]] void throw_write_error(const std::string& path, int problem) {
  if (problem == ENOENT || problem == ENOTDIR) {
    throw_user(text(path, ": cannot be written because its folder does not exist; create it"));
  }
  if (problem == EACCES || problem == EPERM || problem == EROFS || problem == EISDIR) {
    throw_user(text(path, ": cannot be written (", std::strerror(problem),
                    "); choose a path that you may write to"));
  }
  throw Error(Error::Kind::kInternal,
              text(path, ": writing failed (", std::strerror(problem), ")"));
}

template <class Container>
Container read_all(const std::string& path, size_t most = SIZE_MAX) {
  struct stat status {};
  NRAM_USER_CHECK(stat(path.c_str(), &status) == 0, path, ": cannot be read (",
                  std::strerror(errno), "); check the path");
  NRAM_USER_CHECK(!S_ISDIR(status.st_mode), path, ": is a folder; give a file");
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  NRAM_USER_CHECK(file, path, ": cannot be read (", std::strerror(errno),
                  "); check the file's permissions");
  Container content;
  // One byte more than the stated size: the end is then seen without growing. Pipes do grow.
  content.resize(std::min(static_cast<size_t>(status.st_size) + 1, most));
  size_t used = 0;
  while (const size_t count =
             std::fread(content.data() + used, 1, content.size() - used, file.get())) {
    used += count;
    if (used == content.size()) content.resize(std::min(2 * used, most));
  }
  NRAM_USER_CHECK(!std::ferror(file.get()), path, ": reading it failed (", std::strerror(errno),
                  "); copy the file again");
  content.resize(used);
  return content;
}

bool write_all(int descriptor, const void* bytes, size_t count) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(descriptor, at, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    at += written;
    count -= static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

std::vector<uint8_t> read_bytes(const std::string& path, size_t most) {
  return read_all<std::vector<uint8_t>>(path, most);
}

std::string read_text(const std::string& path) { return read_all<std::string>(path); }

void write_atomically(const std::string& path, const void* bytes, size_t count) {
  // Threads and processes may write the same path at once: each has its own temporary file.
  static std::atomic<int> serial{0};
  const std::string temporary = text(path, ".", getpid(), "-", serial++, ".partial");
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) throw_write_error(path, errno);
  int problem = write_all(descriptor, bytes, count) ? 0 : errno;
  if (::close(descriptor) != 0 && problem == 0) problem = errno;
  if (problem == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) problem = errno;
  if (problem == 0) return;
  ::unlink(temporary.c_str());
  throw_write_error(path, problem);
}

std::vector<std::string> split_lines(const std::string& content) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string_view rest(content);
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return lines;
}

std::string_view trim(std::string_view value) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t begin = value.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return value.substr(begin, value.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace nram::data
