#include "kernels/vendor/cuda_choice_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/common/error.h"

namespace nram::vendor {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Raise it when the file's layout or the way of measuring changes: older files are written anew.
constexpr int kFormat = 1;

Json to_json(const Attempt& attempt) {
  Json json = {{"name", attempt.name}};
  if (!attempt.failure.empty()) {
    json["failure"] = attempt.failure;
  } else {
    json["milliseconds"] = attempt.milliseconds;
    json["workspace"] = attempt.workspace_bytes;
  }
  return json;
}

// Throws std::exception on anything that to_json does not write.
Attempt attempt_from(const Json& json) {
  Attempt attempt;
  attempt.name = json.at("name").get<std::string>();
  if (json.contains("failure")) {
    attempt.failure = json.at("failure").get<std::string>();
    NRAM_CHECK(!attempt.failure.empty(), "a failure without a reason");
    return attempt;
  }
  attempt.milliseconds = json.at("milliseconds").get<double>();
  NRAM_CHECK(std::isfinite(attempt.milliseconds) && attempt.milliseconds >= 0, "a time of ",
             attempt.milliseconds, " ms");
  attempt.workspace_bytes = json.at("workspace").get<size_t>();
  return attempt;
}

// Held by one process at a time, for as long as the object lives.
class FileLock {
 public:
  explicit FileLock(const std::string& path)
      : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (file_ >= 0 && flock(file_, LOCK_EX) != 0) {
      close(file_);
      file_ = -1;
    }
  }
  ~FileLock() {
    if (file_ >= 0) close(file_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  bool held() const { return file_ >= 0; }

 private:
  int file_;
};

}  // namespace

ChoiceCache::ChoiceCache(std::string path, Say say)
    : path_(std::move(path)), say_(std::move(say)) {}

std::string ChoiceCache::default_path() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return (fs::path(cache) / "nram/choices.json").string();
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return {};
  return (fs::path(home) / ".cache/nram/choices.json").string();
}

void ChoiceCache::say_on_stderr(const std::string& sentence) {
  std::fprintf(stderr, "nram: %s\n", sentence.c_str());
}

void ChoiceCache::say_once(const std::string& sentence) {
  if (!complained_) say_(sentence);
  complained_ = true;
}

ChoiceCache::Problems ChoiceCache::read_file() {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return {};
  try {
    const Json json = Json::parse(file);
    const int format = json.at("format").get<int>();
    NRAM_USER_CHECK(format == kFormat, "it has format ", format, ", not ", kFormat);
    Problems problems;
    for (const auto& [facts, families] : json.at("choices").items()) {
      for (const auto& [family, attempts] : families.items()) {
        Attempts& read = problems[facts][family];
        for (const Json& attempt : attempts) read.push_back(attempt_from(attempt));
      }
    }
    return problems;
  } catch (const std::exception& error) {
    say_once(text("the file of measured choices ", path_,
                  " cannot be used and is written anew: ", error.what()));
    return {};
  }
}

void ChoiceCache::load() {
  if (loaded_ || path_.empty()) return;
  loaded_ = true;
  for (auto& [facts, families] : read_file()) {
    for (auto& [family, attempts] : families) known_[facts][family] = std::move(attempts);
  }
}

std::optional<Attempts> ChoiceCache::find(const std::string& facts, const std::string& family) {
  const std::lock_guard lock(mutex_);
  load();
  const auto problem = known_.find(facts);
  if (problem == known_.end()) return {};
  const auto found = problem->second.find(family);
  if (found == problem->second.end()) return {};
  return found->second;
}

void ChoiceCache::store(const std::string& facts, const std::string& family,
                        const Attempts& attempts) {
  const std::lock_guard lock(mutex_);
  load();
  known_[facts][family] = attempts;
  own_[facts][family] = attempts;
  if (!path_.empty()) write_file();
}

// Under the lock, on top of what is in the file now; the new file takes the old one's place at
// once, so that readers need no lock.
void ChoiceCache::write_file() {
  std::error_code ignored;
  fs::create_directories(fs::path(path_).parent_path(), ignored);
  const FileLock lock(path_ + ".lock");
  if (!lock.held()) {
    say_once(text("measured choices cannot be kept in ", path_, ": ", std::strerror(errno)));
    return;
  }
  Problems all = read_file();
  for (const auto& [facts, families] : own_) {
    for (const auto& [family, attempts] : families) all[facts][family] = attempts;
  }
  Json json = {{"format", kFormat}, {"choices", Json::object()}};
  for (const auto& [facts, families] : all) {
    Json& problem = json["choices"][facts] = Json::object();
    for (const auto& [family, attempts] : families) {
      Json& list = problem[family] = Json::array();
      for (const Attempt& attempt : attempts) list.push_back(to_json(attempt));
    }
  }
  const std::string temporary = path_ + "." + std::to_string(getpid());
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << json.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  file.close();
  if (file.fail() || std::rename(temporary.c_str(), path_.c_str()) != 0) {
    say_once(text("measured choices cannot be kept in ", path_, ": ", std::strerror(errno)));
    std::remove(temporary.c_str());
  }
}

}  // namespace nram::vendor
