// A progress line on a terminal, plain lines now and then elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace nram::tools {

class ProgressBar {
 public:
  ProgressBar();
  // `done` of `total`; `detail` follows the bar. Drawn at most ten times a second, or every 30
  // seconds where the output is no terminal.
  void update(int64_t done, int64_t total, const std::string& detail);
  // A line of its own, above the bar.
  void message(const std::string& line);
  // Leaves the bar where it is and starts a new line.
  void finish();

 private:
  void clear() const;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

// "1:02:03" or "2:03".
std::string duration_text(double seconds);

}  // namespace nram::tools
