// A vendor's library that is loaded when first used, never linked: where it is looked for, which
// version was found and which one the program was compiled against, in words.
#pragma once

#include <string>
#include <vector>

#include "kernels/common/error.h"

namespace nram::vendor {

// Versions as major * 10000 + minor * 100 + patch.
constexpr int version_number(int major, int minor, int patch) {
  return major * 10000 + minor * 100 + patch;
}
std::string version_text(int version);

// What is known of a library before it is opened.
struct LibraryName {
  const char* name;      // "cuDNN"
  const char* file;      // "libcudnn.so.9"
  const char* variable;  // "NRAM_CUDNN": an environment variable with its path, or its folder's
  const char* folder;    // "cudnn": its own folder beside the toolkit's in NVIDIA's wheels; or null
};

// Paths in the order in which they are tried: the variable's alone where it is set; otherwise the
// loader's own search (no folder), and beside the toolkit that the program was built with.
std::vector<std::string> library_paths(const LibraryName& name);

class Library {
 public:
  // Never throws: a library that is not there has a reason.
  explicit Library(const LibraryName& name);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  bool loaded() const { return handle_ != nullptr; }
  // The file that was opened, as the loader resolved it.
  const std::string& path() const { return path_; }
  // Why it is not there, one clause.
  const std::string& reason() const { return reason_; }
  // Null where the library has no such function.
  void* find(const char* function) const;
  // Gives the library up for a reason that its caller found: too old, a function missing.
  void reject(const std::string& reason);

 private:
  void* handle_ = nullptr;
  std::string path_;
  std::string reason_;
};

// Finds a function and assigns it; false where it is missing.
template <class Function>
bool assign(const Library& library, Function*& function, const char* name) {
  function = reinterpret_cast<Function*>(library.find(name));
  return function != nullptr;
}

// "9.19.0 (built with 9.19.0), /usr/lib/libcudnn.so.9", or "not loaded: ...".
// `compiled` is 0 in a program that was compiled without the library's headers.
std::string describe(const LibraryName& name, const Library& library, int found, int compiled);

}  // namespace nram::vendor
