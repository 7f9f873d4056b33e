#include "tools/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "kernels/common/error.h"

namespace nram::tools {
namespace {

constexpr int kBarWidth = 24;
constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(30);

}  // namespace

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressBar::clear() const {
  if (terminal_ && drawn_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::update(int64_t done, int64_t total, const std::string& detail) {
  const auto now = std::chrono::steady_clock::now();
  const bool due = terminal_ ? now - last_ >= kTerminalInterval : now - last_ >= kLineInterval;
  if (drawn_ && !due && done != total) return;
  last_ = now;
  clear();
  drawn_ = true;
  const double fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  if (terminal_) {
    const int filled = std::clamp(static_cast<int>(fraction * kBarWidth), 0, kBarWidth);
    const std::string bar = std::string(static_cast<size_t>(filled), '#') +
                            std::string(static_cast<size_t>(kBarWidth - filled), '.');
    std::fprintf(stderr, "[%s] %lld/%lld %s", bar.c_str(), static_cast<long long>(done),
                 static_cast<long long>(total), detail.c_str());
  } else {
    std::fprintf(stderr, "%3d %% %lld/%lld %s\n", static_cast<int>(100 * fraction),
                 static_cast<long long>(done), static_cast<long long>(total), detail.c_str());
  }
  std::fflush(stderr);
}

void ProgressBar::message(const std::string& line) {
  clear();
  drawn_ = false;
  std::fprintf(stderr, "%s\n", line.c_str());
}

void ProgressBar::finish() {
  if (terminal_ && drawn_) std::fputc('\n', stderr);
  drawn_ = false;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::max(0.0, seconds) + 0.5);
  char buffer[32];
  if (whole >= 3600) {
    std::snprintf(buffer, sizeof buffer, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  } else {
    std::snprintf(buffer, sizeof buffer, "%lld:%02lld", whole / 60, whole % 60);
  }
  return buffer;
}

}  // namespace nram::tools
