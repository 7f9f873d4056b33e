#include "tests/simulator_driver/sandbox.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace nram::planted {
namespace {

std::string library_path() {
  const char* named = std::getenv("NRAM_LIBCUDA");
  return named != nullptr ? named : NRAM_BINARY_DIR "/simulator/libcuda.so.1";
}

template <class Function>
void load(void* library, const char* name, Function& function) {
  void* found = dlsym(library, name);
  if (found == nullptr) throw std::runtime_error(std::string("the library has no ") + name);
  function = reinterpret_cast<Function>(found);
}

#define NRAM_SANDBOX_TEXT(name) #name
#define NRAM_SANDBOX_NAME(name) NRAM_SANDBOX_TEXT(name)

Api load_api() {
  Api api;
  api.library = dlopen(library_path().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (api.library == nullptr) throw std::runtime_error(dlerror());
#define NRAM_SANDBOX_LOAD(name) load(api.library, NRAM_SANDBOX_NAME(name), api.name);
  NRAM_SANDBOX_FUNCTIONS(NRAM_SANDBOX_LOAD)
#undef NRAM_SANDBOX_LOAD
  load(api.library, "cuCtxSynchronize", api.cuCtxSynchronize);
  load(api.library, "cuEventElapsedTime", api.cuEventElapsedTime);
  load(api.library, "cuGetProcAddress", api.cuGetProcAddress_v1);
  load(api.library, "nramSimulatorFindingCount", api.finding_count);
  load(api.library, "nramSimulatorErrorCount", api.error_count);
  load(api.library, "nramSimulatorFindingText", api.finding_text);
  load(api.library, "nramSimulatorFindingsJson", api.findings_json);
  load(api.library, "nramSimulatorCountersJson", api.counters_json);
  load(api.library, "nramSimulatorReset", api.reset);
  load(api.library, "nramSimulatorSetSeed", api.set_seed);
  load(api.library, "nramSimulatorSetOption", api.set_option);
  load(api.library, "nramSimulatorNameNextAllocation", api.name_next_allocation);
  load(api.library, "nramSimulatorLastError", api.last_error);
  api.set_option("quiet", "1");
  return api;
}

template <class T>
void forget(std::vector<T>& all, T one) {
  all.erase(std::remove(all.begin(), all.end(), one), all.end());
}

}  // namespace

const Api& api() {
  static const Api loaded = load_api();
  return loaded;
}

void require(CUresult result, const char* what) {
  if (result == CUDA_SUCCESS) return;
  const char* name = nullptr;
  api().cuGetErrorName(result, &name);
  throw std::runtime_error(std::string(what) + ": " + (name == nullptr ? "?" : name));
}

std::string planted_image(const std::string& kind) {
  const std::string path = NRAM_PLANTED_IMAGE + kind;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (content.str().empty()) throw std::runtime_error("nothing at " + path);
  return content.str();
}

Sandbox::Sandbox() {
  require(api().cuInit(0), "cuInit");
  CUcontext context = nullptr;
  require(api().cuDevicePrimaryCtxRetain(&context, 0), "cuDevicePrimaryCtxRetain");
  require(api().cuCtxSetCurrent(context), "cuCtxSetCurrent");
  api().set_option("leaks", "0");
  api().set_seed(0);
  api().reset();
}

Sandbox::~Sandbox() {
  api().cuDevicePrimaryCtxRelease(0);
  api().reset();
}

CUmodule Sandbox::module() {
  static const std::string ptx = planted_image("ptx");
  if (module_ == nullptr) require(api().cuModuleLoadData(&module_, ptx.c_str()), "load");
  return module_;
}

CUfunction Sandbox::kernel(const char* name) {
  CUfunction function = nullptr;
  require(api().cuModuleGetFunction(&function, module(), name), name);
  return function;
}

CUdeviceptr Sandbox::allocate(const char* name, size_t floats) {
  CUdeviceptr address = 0;
  api().name_next_allocation(name);
  require(api().cuMemAlloc(&address, floats * sizeof(float)), "cuMemAlloc");
  memory_.push_back(address);
  return address;
}

CUdeviceptr Sandbox::filled(const char* name, size_t floats, float value) {
  const CUdeviceptr address = allocate(name, floats);
  const std::vector<float> values(floats, value);
  require(api().cuMemcpyHtoD(address, values.data(), floats * sizeof(float)), "cuMemcpyHtoD");
  return address;
}

void Sandbox::free(CUdeviceptr address) {
  require(api().cuMemFree(address), "cuMemFree");
  forget(memory_, address);
}

CUstream Sandbox::stream() {
  CUstream stream = nullptr;
  require(api().cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
  streams_.push_back(stream);
  return stream;
}

CUevent Sandbox::event() {
  CUevent event = nullptr;
  require(api().cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate");
  events_.push_back(event);
  return event;
}

float* Sandbox::pinned(size_t floats) {
  void* pointer = nullptr;
  require(api().cuMemHostAlloc(&pointer, floats * sizeof(float), 0), "cuMemHostAlloc");
  pinned_.push_back(pointer);
  return static_cast<float*>(pointer);
}

CUresult Sandbox::launch(const char* name, CUdeviceptr y, CUdeviceptr x, int n, Size size,
                         CUstream stream) {
  void* parameters[] = {&y, &x, &n};
  return api().cuLaunchKernel(kernel(name), size.grid, 1, 1, size.block, 1, 1, size.dynamic, stream,
                              parameters, nullptr);
}

CUresult Sandbox::finish() { return api().cuCtxSynchronize(); }

std::vector<std::string> Sandbox::findings() {
  std::vector<std::string> texts;
  for (int i = 0; i < api().finding_count(); ++i) texts.emplace_back(api().finding_text(i));
  return texts;
}

}  // namespace nram::planted
