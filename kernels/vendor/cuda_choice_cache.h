// What was measured on this machine's cards, kept in a file between runs: for each problem, with
// every fact that its times depend on, what each implementation took or why it failed. Processes
// may share the file; a damaged one is said so and written anew; where it cannot be written,
// measurements last as long as the process.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nram::vendor {

// One implementation's measurement.
struct Attempt {
  std::string name;
  double milliseconds = 0;
  size_t workspace_bytes = 0;
  std::string failure = {};  // why it cannot be taken; empty: it ran and agreed
};

// The measurements of one family of implementations on one problem.
using Attempts = std::vector<Attempt>;

class ChoiceCache {
 public:
  using Say = std::function<void(const std::string&)>;

  // An empty path: nothing is kept. `say` gets one sentence about each thing that is wrong with the
  // file.
  explicit ChoiceCache(std::string path, Say say = say_on_stderr);
  // $XDG_CACHE_HOME/nram/choices.json, or the same in ~/.cache; empty without a home.
  static std::string default_path();
  static void say_on_stderr(const std::string& sentence);

  std::optional<Attempts> find(const std::string& facts, const std::string& family);
  // Keeps it, also in the file, together with what other processes wrote there meanwhile.
  void store(const std::string& facts, const std::string& family, const Attempts& attempts);
  const std::string& path() const { return path_; }

 private:
  using Families = std::map<std::string, Attempts>;
  using Problems = std::map<std::string, Families>;
  void load();
  Problems read_file();
  void write_file();
  void say_once(const std::string& sentence);

  std::mutex mutex_;
  std::string path_;
  Say say_;
  bool loaded_ = false;
  bool complained_ = false;
  Problems known_;
  Problems own_;  // stored by this process
};

}  // namespace nram::vendor
