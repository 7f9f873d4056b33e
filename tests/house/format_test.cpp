// Every source is formatted as .clang-format says. Other releases of clang-format break lines in
// other ways, so that only the one that the project uses decides.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/house/source_scan.h"

namespace nram::house {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVersion = "version 14.";

struct CommandResult {
  int status = -1;
  std::string output;  // both streams
};

CommandResult run(const std::string& command) {
  CommandResult result;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  for (size_t count = 0; (count = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    result.output.append(buffer, count);
  }
  const int status = pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

// The command's name; empty where it, or its right version, is missing.
std::string clang_format() {
  for (const char* name : {"clang-format-14", "clang-format"}) {
    const CommandResult result = run(std::string(name) + " --version");
    if (result.status == 0 && result.output.find(kVersion) != std::string::npos) return name;
  }
  return {};
}

std::string quoted(const fs::path& path) {
  std::ostringstream out;
  out << '\'';
  for (const char c : path.string()) {
    if (c == '\'') {
      out << "'\\''";
    } else {
      out << c;
    }
  }
  out << '\'';
  return out.str();
}

CommandResult check(const std::string& program, const std::vector<fs::path>& files) {
  std::string command = program + " --dry-run -Werror --style=file:" +
                        quoted(fs::path(NRAM_SOURCE_DIR) / ".clang-format");
  for (const fs::path& file : files) command.append(" ").append(quoted(file));
  return run(command);
}

TEST(Format, SourcesAreFormatted) {
  const std::string program = clang_format();
  if (program.empty()) GTEST_SKIP() << "needs clang-format " << kVersion << " (Debian 12's)";
  std::vector<fs::path> batch;
  const std::vector<fs::path> files = source_files(NRAM_SOURCE_DIR);
  ASSERT_FALSE(files.empty());
  for (const fs::path& file : files) {
    batch.push_back(NRAM_SOURCE_DIR / file);
    if (batch.size() < 64 && file != files.back()) continue;
    const CommandResult result = check(program, batch);
    EXPECT_EQ(result.status, 0) << result.output;
    batch.clear();
  }
}

TEST(Format, TheCheckSeesABadlyFormattedFile) {
  const std::string program = clang_format();
  if (program.empty()) GTEST_SKIP() << "needs clang-format " << kVersion << " (Debian 12's)";
  const fs::path file =
      fs::temp_directory_path() / ("nram_format_test_" + std::to_string(getpid()) + ".cpp");
  std::ofstream(file) << "int  f( ){return 1 ;}\n";
  EXPECT_NE(check(program, {file}).status, 0);
  std::ofstream(file) << "int f() { return 1; }\n";
  EXPECT_EQ(check(program, {file}).status, 0);
  fs::remove(file);
}

}  // namespace
}  // namespace nram::house
