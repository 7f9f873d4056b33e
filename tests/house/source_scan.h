// Reads the repository's own sources for tests of its rules: which file includes which, and what
// code below tools/ must not do.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nram::house {

// The C++ and CUDA sources of the parts of the repository, relative to `root`, sorted. Build
// folders are no part of it.
std::vector<std::filesystem::path> source_files(const std::filesystem::path& root);

// `source` with every comment, and also every string and character literal unless `keep_literals`,
// replaced by a space. Line breaks stay.
std::string without_comments(const std::string& source, bool keep_literals);

// One sentence, "file:line: ...", for each include that breaks a rule: an arrow against kernels <-
// engine <- model <- training <- tools, data/ including more than itself and kernels/common/, a
// file that does not exist, oneDNN outside kernels/vendor/, OpenCV outside data/.
std::vector<std::string> include_violations(const std::filesystem::path& root);

// One sentence for each call below tools/ that ends the process instead of throwing.
std::vector<std::string> exit_violations(const std::filesystem::path& root);

}  // namespace nram::house
