// Writing weights files: all of the new file or nothing.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/weights_file.h"
#include "engine/weights_header.h"
#include "kernels/common/error.h"

namespace nram {

using namespace safetensors;
namespace {

// Past the shell's file size limit a write raises a signal that would end the program before the
// old file could be kept; while this lives the write just fails.
class FileSizeSignalBlock {
 public:
  FileSizeSignalBlock() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGXFSZ);
    sigset_t pending;
    sigpending(&pending);
    pending_before_ = sigismember(&pending, SIGXFSZ) == 1;
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  FileSizeSignalBlock(const FileSizeSignalBlock&) = delete;
  FileSizeSignalBlock& operator=(const FileSizeSignalBlock&) = delete;
  ~FileSizeSignalBlock() {
    const timespec no_wait{};
    if (!pending_before_) {
      while (sigtimedwait(&signals_, nullptr, &no_wait) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t signals_;
  sigset_t before_;
  bool pending_before_ = false;
};

// A new file beside the final one; removed again unless it was renamed to it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& directory) {
    static std::atomic<unsigned> counter{0};
    for (int attempt = 0; attempt < 1000; ++attempt) {
      // A name of its own, since one made from a long final name could be too long.
      path_ = directory / text(".weights-", ::getpid(), "-", counter++, ".partial");
      number_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (number_ >= 0 || (errno != EEXIST && errno != EINTR)) return;
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (number_ >= 0) ::close(number_);
    if (created()) ::unlink(path_.c_str());
  }

  // The functions below return false with errno set on a failure.
  bool created() const { return number_ >= 0 || closed_; }

  bool write(const void* from, size_t bytes) {
    const char* at = static_cast<const char*>(from);
    while (bytes > 0) {
      const ssize_t done = ::write(number_, at, std::min<size_t>(bytes, 1 << 30));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return false;
      if (done == 0) {
        errno = ENOSPC;
        return false;
      }
      at += done;
      bytes -= static_cast<size_t>(done);
    }
    return true;
  }

  bool finish(const std::filesystem::path& final_path, const struct stat* old) {
    // A file that its owner made private stays private.
    if (old != nullptr && ::fchmod(number_, old->st_mode & 07777) != 0 && errno != EPERM &&
        errno != ENOTSUP) {
      return false;
    }
    while (::fsync(number_) != 0) {
      // Some file systems have nothing to force.
      if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP) break;
      if (errno != EINTR) return false;
    }
    closed_ = true;
    if (::close(std::exchange(number_, -1)) != 0) return false;
    if (::rename(path_.c_str(), final_path.c_str()) != 0) return false;
    closed_ = false;
    return true;
  }

 private:
  std::filesystem::path path_;
  int number_ = -1;
  bool closed_ = false;
};

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

[[noreturn]] void fail(const std::filesystem::path& path, uint64_t bytes, int error) {
  const std::filesystem::path directory = directory_of(path);
  const std::string place = in_quotes(directory.string(), 4096);
  std::string fix = "check the disk of " + place;
  if (error == ENOSPC || error == EDQUOT) {
    struct statvfs disk {};
    if (::statvfs(directory.c_str(), &disk) == 0) {
      fix = text("only ", static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize, " are free in ",
                 place, ": make room or choose another disk");
    } else {
      fix = text("make room in ", place, " or choose another disk");
    }
  } else if (error == EFBIG) {
    fix = "raise the limit on file sizes (ulimit -f) or choose another disk";
  } else if (error == ENOENT) {
    std::error_code ignored;
    fix = std::filesystem::exists(directory, ignored)
              ? "choose another place"
              : text("create the directory ", place, " first");
  } else if (error == ENOTDIR) {
    fix = text(place, " is not a directory: choose another path");
  } else if (error == EACCES || error == EPERM || error == EROFS) {
    fix = "choose a place that you may write to, or change its permissions";
  } else if (error == ENAMETOOLONG) {
    fix = "choose a shorter name";
  }
  struct stat status {};
  const bool old = ::stat(path.c_str(), &status) == 0;
  throw_user(text("cannot write weights file ", in_quotes(path.string(), 4096), " of ", bytes,
                  " bytes: ", std::strerror(error), old ? " (the old file is unchanged)" : "", "; ",
                  fix));
}

}  // namespace

void WeightsWriter::add_raw(const std::string& name, const std::string& dtype,
                            const std::vector<int64_t>& shape, std::span<const uint8_t> bytes) {
  NRAM_CHECK(!name.empty() && name != kMetadataKey && is_utf8(name), in_quotes(name),
             " cannot name a tensor");
  const uint64_t value_bytes = dtype_bytes(dtype);
  NRAM_CHECK(value_bytes != 0, "tensor ", in_quotes(name), " has the unknown dtype ",
             in_quotes(dtype));
  NRAM_CHECK(shape.size() <= kMaxRank, "tensor ", in_quotes(name), " has ", shape.size(),
             " dimensions");
  const std::optional<int64_t> expected = shape_bytes(shape, value_bytes);
  NRAM_CHECK(expected && static_cast<uint64_t>(*expected) == bytes.size(), "tensor ",
             in_quotes(name), " of shape ", shape_text(shape), " and dtype ", dtype, " is given ",
             bytes.size(), " bytes");
  NRAM_CHECK(names_.insert(name).second, "tensor ", in_quotes(name), " is added twice");
  entries_.push_back({name, dtype, shape, bytes});
}

void WeightsWriter::add_raw(const std::string& name, const std::string& dtype,
                            const std::vector<int64_t>& shape, std::vector<uint8_t>&& bytes) {
  const auto kept = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  add_raw(name, dtype, shape, std::span<const uint8_t>(*kept));
  kept_.push_back(kept);
}

template <class Value>
void WeightsWriter::add_values(const std::string& name, const char* dtype,
                               const std::vector<int64_t>& shape, std::span<const Value> values) {
  static_assert(std::endian::native == std::endian::little);
  add_raw(name, dtype, shape,
          {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
}

void WeightsWriter::add(const std::string& name, const std::vector<int64_t>& shape,
                        std::span<const float> values) {
  add_values(name, "F32", shape, values);
}

void WeightsWriter::add(const std::string& name, const std::vector<int64_t>& shape,
                        std::span<const double> values) {
  add_values(name, "F64", shape, values);
}

void WeightsWriter::add(const std::string& name, const std::vector<int64_t>& shape,
                        std::span<const int64_t> values) {
  add_values(name, "I64", shape, values);
}

void WeightsWriter::add(const std::string& name, const std::vector<int64_t>& shape,
                        std::span<const uint8_t> values) {
  add_values(name, "U8", shape, values);
}

void WeightsWriter::metadata(const std::string& key, const std::string& value) {
  NRAM_USER_CHECK(is_utf8(key) && is_utf8(value), "the metadata ", in_quotes(key), " = ",
                  in_quotes(value),
                  " of a weights file is not valid UTF-8; rename the path or text that it holds");
  metadata_[key] = value;
}

std::vector<const WeightsWriter::Entry*> WeightsWriter::ordered() const {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return dtype_bytes(a->dtype) > dtype_bytes(b->dtype);
  });
  return order;
}

std::string WeightsWriter::header() const {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  // Members are pushed to the back: ordered_json's operator[] would search all the others first.
  auto& members = json.get_ref<nlohmann::ordered_json::object_t&>();
  if (!metadata_.empty()) {
    members.emplace_back(kMetadataKey, metadata_);
  }
  uint64_t position = 0;
  for (const Entry* entry : ordered()) {
    const uint64_t end = position + entry->bytes.size();
    nlohmann::ordered_json tensor{{"dtype", entry->dtype},
                                  {"shape", entry->shape},
                                  {"data_offsets", std::vector<uint64_t>{position, end}}};
    members.emplace_back(entry->name, std::move(tensor));
    position = end;
  }
  std::string header = json.dump();
  // Spaces up to a multiple of 8 keep the data aligned.
  header.resize((header.size() + 7) / 8 * 8, ' ');
  NRAM_CHECK(header.size() <= kMaxHeaderBytes, "a weights header of ", header.size(),
             " bytes is more than the format allows");
  return header;
}

uint64_t WeightsWriter::file_bytes() const {
  uint64_t bytes = 8 + header().size();
  for (const Entry& entry : entries_) bytes += entry.bytes.size();
  return bytes;
}

void WeightsWriter::write(const std::string& path) const {
  NRAM_USER_CHECK(!path.empty() && path.find('\0') == std::string::npos,
                  "no weights file is named to write to; give the path of a .safetensors file");
  const std::string header_text = header();
  const uint64_t bytes = file_bytes();
  std::error_code ignored;
  std::filesystem::path target = path;
  // Renaming would replace a link instead of the file that it leads to.
  if (std::filesystem::is_symlink(target, ignored)) {
    const std::filesystem::path resolved = std::filesystem::canonical(target, ignored);
    if (!ignored) target = resolved;
  }
  struct stat old {};
  const bool exists = ::stat(target.c_str(), &old) == 0;
  NRAM_USER_CHECK(target.has_filename() && !(exists && S_ISDIR(old.st_mode)),
                  "cannot write weights file ", in_quotes(path, 4096),
                  ": it is a directory; give the path of a file in it");
  NRAM_USER_CHECK(!exists || S_ISREG(old.st_mode), "cannot write weights file ",
                  in_quotes(path, 4096), ": it is not a regular file; give another path");
  if (exists && ::access(target.c_str(), W_OK) != 0) fail(target, bytes, errno);

  const FileSizeSignalBlock block;
  int error = 0;
  {
    TemporaryFile file(directory_of(target));
    const uint64_t length = header_text.size();
    bool good = file.created() && file.write(&length, sizeof(length)) &&
                file.write(header_text.data(), header_text.size());
    for (const Entry* entry : ordered()) {
      good = good && file.write(entry->bytes.data(), entry->bytes.size());
    }
    good = good && file.finish(target, exists ? &old : nullptr);
    error = good ? 0 : errno;
  }
  if (error != 0) fail(target, bytes, error);
  // Makes the new name itself survive a power failure, where the file system can.
  const int directory = ::open(directory_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory >= 0) {
    ::fsync(directory);
    ::close(directory);
  }
}

}  // namespace nram
