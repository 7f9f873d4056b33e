#include "tests/house/source_scan.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

namespace nram::house {
namespace {

namespace fs = std::filesystem;

// What each part may include of the repository: prefixes of paths from its root.
const std::map<std::string, std::vector<std::string>>& allowed_includes() {
  static const std::map<std::string, std::vector<std::string>> allowed = {
      {"kernels", {"kernels/"}},
      {"engine", {"kernels/", "engine/"}},
      {"model", {"kernels/", "engine/", "model/"}},
      {"data", {"data/", "kernels/common/"}},
      {"training", {"kernels/", "engine/", "model/", "data/", "training/"}},
      {"tools", {"kernels/", "engine/", "model/", "data/", "training/", "tools/"}},
      {"tests", {""}},
      {"bench", {""}},
  };
  return allowed;
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return text.rfind(prefix, 0) == 0; });
}

// Tests and benchmarks may look anywhere.
bool is_free(const std::string& part) { return part == "tests" || part == "bench"; }

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::vector<std::string> lines_of(const std::string& content) {
  std::vector<std::string> lines;
  std::istringstream stream(content);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Why a file of `part` must not include `target`; nothing if it may.
std::optional<std::string> quoted_violation(const fs::path& root, const std::string& part,
                                            const std::string& target) {
  if (!fs::exists(root / target)) {
    return "is no file of the repository: includes start at its root";
  }
  if (starts_with_any(target, allowed_includes().at(part))) return {};
  return part + "/ must not know it: arrows point the other way";
}

std::optional<std::string> library_violation(const std::string& file, const std::string& part,
                                             const std::string& target) {
  const bool dnnl = starts_with_any(target, {"oneapi/", "dnnl", "mkldnn"});
  if (dnnl && file.rfind("kernels/vendor/", 0) != 0) {
    return "brings oneDNN in, which only kernels/vendor/ may see";
  }
  const bool nvidia = starts_with_any(target, {"cudnn", "cublas", "cuda_runtime"});
  if (nvidia && file.rfind("kernels/vendor/cuda_", 0) != 0) {
    return "brings NVIDIA's libraries in, which only kernels/vendor/cuda_* may see";
  }
  if (starts_with_any(target, {"opencv"}) && part != "data" && !is_free(part)) {
    return "brings OpenCV in, which only data/ may see";
  }
  return {};
}

// The end of the literal that starts at `begin` (a quote, or R of a raw string).
size_t literal_end(const std::string& source, size_t begin) {
  if (source[begin] == 'R') {
    const size_t open = source.find('(', begin);
    if (open == std::string::npos) return source.size();
    std::string close(1, ')');
    close.append(source, begin + 2, open - begin - 2).append(1, '"');
    const size_t end = source.find(close, open);
    return end == std::string::npos ? source.size() : end + close.size();
  }
  for (size_t i = begin + 1; i < source.size(); ++i) {
    if (source[i] == '\\') {
      ++i;
    } else if (source[i] == source[begin]) {
      return i + 1;
    } else if (source[i] == '\n') {
      return i;
    }
  }
  return source.size();
}

bool starts_literal(const std::string& source, size_t i) {
  const bool in_word = i > 0 && (std::isalnum(static_cast<unsigned char>(source[i - 1])) != 0 ||
                                 source[i - 1] == '_');
  if (source[i] == '"') return true;
  if (in_word) return false;  // 1'000, or the R of another word
  return source[i] == '\'' || source.compare(i, 2, "R\"") == 0;
}

size_t comment_end(const std::string& source, size_t begin) {
  const bool block = source[begin + 1] == '*';
  const size_t end = source.find(block ? "*/" : "\n", begin + 2);
  if (end == std::string::npos) return source.size();
  return block ? end + 2 : end;
}

}  // namespace

std::vector<fs::path> source_files(const fs::path& root) {
  static const std::set<std::string> endings = {".h", ".cpp", ".cu", ".cuh"};
  std::vector<fs::path> files;
  for (const auto& [part, allowed] : allowed_includes()) {
    if (!fs::is_directory(root / part)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / part)) {
      if (entry.is_regular_file() && endings.contains(entry.path().extension().string())) {
        files.push_back(fs::relative(entry.path(), root));
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string without_comments(const std::string& source, bool keep_literals) {
  std::string result;
  for (size_t i = 0; i < source.size();) {
    const bool comment = source.compare(i, 2, "//") == 0 || source.compare(i, 2, "/*") == 0;
    if (!comment && !starts_literal(source, i)) {
      result += source[i++];
      continue;
    }
    const size_t end = comment ? comment_end(source, i) : literal_end(source, i);
    if (!comment && keep_literals) {
      result.append(source, i, end - i);
    } else {
      result += ' ';
      result.append(
          static_cast<size_t>(std::count(source.begin() + static_cast<ptrdiff_t>(i),
                                         source.begin() + static_cast<ptrdiff_t>(end), '\n')),
          '\n');
    }
    i = end;
  }
  return result;
}

std::vector<std::string> include_violations(const fs::path& root) {
  static const std::regex include(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<std::string> violations;
  for (const fs::path& file : source_files(root)) {
    const std::string name = file.generic_string(), part = file.begin()->string();
    const std::vector<std::string> lines = lines_of(without_comments(read(root / file), true));
    for (size_t i = 0; i < lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(lines[i], match, include)) continue;
      const std::string target = match[2];
      // A file of the repository in angle brackets is an arrow as well.
      const bool ours =
          match[1] == "\"" || allowed_includes().contains(target.substr(0, target.find('/')));
      std::optional<std::string> violation = library_violation(name, part, target);
      if (!violation && ours) violation = quoted_violation(root, part, target);
      if (violation) {
        violations.push_back(name + ":" + std::to_string(i + 1) + ": " + target + " " + *violation);
      }
    }
  }
  return violations;
}

std::vector<std::string> exit_violations(const fs::path& root) {
  static const std::regex ends_process(
      R"re(\b(exit|_exit|_Exit|quick_exit|abort|terminate)\s*\()re");
  std::vector<std::string> violations;
  for (const fs::path& file : source_files(root)) {
    const std::string part = file.begin()->string();
    if (part == "tools" || is_free(part)) continue;
    const std::vector<std::string> lines = lines_of(without_comments(read(root / file), false));
    for (size_t i = 0; i < lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(lines[i], match, ends_process)) continue;
      violations.push_back(file.generic_string() + ":" + std::to_string(i + 1) + ": " +
                           match[1].str() + "() ends the process: throw Error instead");
    }
  }
  return violations;
}

}  // namespace nram::house
