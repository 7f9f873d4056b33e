#include "kernels/vendor/cuda_library.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>

namespace nram::vendor {
namespace {

namespace fs = std::filesystem;

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : nullptr;
}

// The loader's sentence without the path that it starts with.
std::string loader_reason(const std::string& path) {
  const char* message = dlerror();
  const std::string reason = message != nullptr ? message : "unknown error";
  return reason.starts_with(path + ": ") ? reason.substr(path.size() + 2) : reason;
}

std::string resolved_path(void* handle, const std::string& asked) {
  link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr || *map->l_name == 0) {
    return asked;
  }
  return map->l_name;
}

// Folders with libraries of a toolkit, in the layouts of the installers and of the wheels.
void add_toolkit(const std::string& root, const LibraryName& name,
                 std::vector<std::string>& paths) {
  std::vector<fs::path> folders = {fs::path(root) / "lib64", fs::path(root) / "lib"};
  if (name.folder != nullptr) {
    folders.push_back(fs::path(root).parent_path() / name.folder / "lib");
  }
  for (const fs::path& folder : folders) {
    std::error_code ignored;
    if (fs::exists(folder / name.file, ignored)) paths.push_back((folder / name.file).string());
  }
}

}  // namespace

std::string version_text(int version) {
  return text(version / 10000, ".", version / 100 % 100, ".", version % 100);
}

std::vector<std::string> library_paths(const LibraryName& name) {
  if (const char* given = environment(name.variable)) {
    std::error_code ignored;
    if (fs::is_directory(given, ignored)) return {(fs::path(given) / name.file).string()};
    return {given};
  }
  std::vector<std::string> paths = {name.file};
  if (const char* home = environment("CUDA_HOME")) add_toolkit(home, name, paths);
  add_toolkit(NRAM_CUDA_ROOT, name, paths);
  return paths;
}

Library::Library(const LibraryName& name) {
  for (const std::string& path : library_paths(name)) {
    handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) {
      path_ = resolved_path(handle_, path);
      reason_.clear();
      return;
    }
    // The first path's reason is the least telling where a later file exists but does not load.
    reason_ = text(path, ": ", loader_reason(path));
  }
}

Library::~Library() {
  if (handle_ != nullptr) dlclose(handle_);
}

void* Library::find(const char* function) const {
  return handle_ != nullptr ? dlsym(handle_, function) : nullptr;
}

void Library::reject(const std::string& reason) {
  if (handle_ != nullptr) dlclose(handle_);
  handle_ = nullptr;
  reason_ = reason;
}

std::string describe(const LibraryName& name, const Library& library, int found, int compiled) {
  if (compiled == 0) {
    return text("left out: this program was built without ", name.name, "'s headers");
  }
  if (!library.loaded()) {
    return text("not loaded: ", library.reason(), " (built with ", version_text(compiled), "; set ",
                name.variable, " to its path)");
  }
  std::string words = text(version_text(found), " (built with ", version_text(compiled), ")");
  if (found / 10000 != compiled / 10000) {
    words += ", another major version";
  } else if (found < compiled) {
    words += ", older than the headers";
  }
  return words + ", " + library.path();
}

}  // namespace nram::vendor
