// The driver's functions for modules, libraries and the kernels in them.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "kernels/simulator/driver_module.h"

namespace nram::simulator::driver {
namespace {

constexpr unsigned kUnsafe = kInContext | kUnsafeInCapture;

std::shared_ptr<LoadedModule> get_module(Driver& driver, CUmodule handle) {
  std::shared_ptr<LoadedModule> module = driver.modules.find(handle);
  if (module == nullptr) {
    refuse(CUDA_ERROR_INVALID_HANDLE,
           driver.modules.was(handle) ? "the module has been unloaded" : "this is no module");
  }
  return module;
}

std::shared_ptr<Library> get_library(Driver& driver, CUlibrary handle) {
  std::shared_ptr<Library> library = driver.libraries.find(handle);
  if (library == nullptr) {
    refuse(CUDA_ERROR_INVALID_HANDLE,
           driver.libraries.was(handle) ? "the library has been unloaded" : "this is no library");
  }
  return library;
}

void get_global(Driver&, const LoadedModule& module, const char* name, CUdeviceptr* address,
                size_t* bytes) {
  require(name != nullptr, "the name is null");
  const Module::Global* global = module.module->global(name);
  if (global == nullptr) {
    refuse(CUDA_ERROR_NOT_FOUND,
           "'" + module.module->name() + "' has no variable named '" + name + "'");
  }
  if (address != nullptr) *address = global->address;
  if (bytes != nullptr) *bytes = global->bytes;
}

// Options that take an error text get it when loading fails; the others concern a compiler that
// does not run here.
struct LogBuffer {
  char* text = nullptr;
  size_t bytes = 0;
  void** size_slot = nullptr;

  LogBuffer(unsigned count, const CUjit_option* options, void** values) {
    for (unsigned i = 0; i < count && options != nullptr && values != nullptr; ++i) {
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER) text = static_cast<char*>(values[i]);
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) {
        bytes = reinterpret_cast<size_t>(values[i]);
        size_slot = &values[i];
      }
    }
  }
  void fill(const std::string& why) {
    if (text == nullptr || bytes == 0) return;
    const size_t count = std::min(bytes - 1, why.size());
    std::memcpy(text, why.data(), count);
    text[count] = '\0';
    if (size_slot != nullptr) *size_slot = reinterpret_cast<void*>(count);
  }
};

void load(Driver& driver, Context& context, CUmodule* handle, const void* image, LogBuffer log) {
  require(handle != nullptr, "the module's output is null");
  try {
    *handle = load_module(driver, context, image)->handle;
  } catch (const Failure& failure) {
    log.fill(failure.why);
    throw;
  }
}

std::string file_content(const char* path) {
  require(path != nullptr, "the path is null");
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(CUDA_ERROR_FILE_NOT_FOUND, std::string(path) + " cannot be read");
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

int attribute_of(const Driver& driver, const Function& function, CUfunction_attribute attribute) {
  const Kernel& kernel = *function.kernel;
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      return most_threads_of(driver, kernel);
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
      return static_cast<int>(kernel.static_shared_bytes);
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
      return static_cast<int>(kernel.local_bytes);
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      return registers_of(driver, kernel);
    case CU_FUNC_ATTRIBUTE_PTX_VERSION:
      return function.module->module->target();
    case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
      return driver.settings.card->capability;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      return function.most_dynamic_shared;
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
      return function.carveout;
    default:
      require(attribute >= 0 && attribute < CU_FUNC_ATTRIBUTE_MAX, "there is no such attribute");
      return 0;  // constant memory of its own, cache mode, clusters
  }
}

void set_attribute(const Driver& driver, Function& function, CUfunction_attribute attribute,
                   int value) {
  switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: {
      const auto most = static_cast<int64_t>(driver.settings.card->shared_per_block_optin) -
                        static_cast<int64_t>(function.kernel->static_shared_bytes);
      if (value < 0 || value > most) {
        refuse(CUDA_ERROR_INVALID_VALUE,
               std::to_string(value) + " bytes of dynamic shared memory are asked for kernel '" +
                   function.kernel->name + "'; the card allows " + std::to_string(most));
      }
      function.most_dynamic_shared = value;
      return;
    }
    case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
      require(value >= -1 && value <= 100, "the share is -1 or 0 to 100 percent");
      function.carveout = value;
      return;
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
      refuse(CUDA_ERROR_NOT_SUPPORTED, "thread block clusters are not simulated");
    default:
      refuse(CUDA_ERROR_INVALID_VALUE, "this attribute cannot be set");
  }
}

CUfunction function_of(CUkernel kernel) { return reinterpret_cast<CUfunction>(kernel); }

CUresult parameter_info(Driver& driver, CUfunction handle, size_t index, size_t* offset,
                        size_t* bytes) {
  const auto function = get_function(driver, handle);
  const auto& parameters = function->kernel->parameters;
  require(offset != nullptr, "the offset's output is null");
  // No mistake of the program: this is how it counts them.
  if (index >= parameters.size()) return CUDA_ERROR_INVALID_VALUE;
  *offset = parameters[index].offset;
  if (bytes != nullptr) *bytes = parameters[index].bytes;
  return CUDA_SUCCESS;
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuModuleLoad(CUmodule* module, const char* path) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    const std::string content = file_content(path);
    load(driver, context, module, content.c_str(), LogBuffer(0, nullptr, nullptr));
  });
}
CUresult cuModuleLoadData(CUmodule* module, const void* image) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    load(driver, context, module, image, LogBuffer(0, nullptr, nullptr));
  });
}
CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count,
                            CUjit_option* options, void** values) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    load(driver, context, module, image, LogBuffer(count, options, values));
  });
}
CUresult cuModuleLoadFatBinary(CUmodule* module, const void* image) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    load(driver, context, module, image, LogBuffer(0, nullptr, nullptr));
  });
}

CUresult cuModuleUnload(CUmodule handle) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context&) {
    const auto module = get_module(driver, handle);
    if (module->of_library) {
      refuse(CUDA_ERROR_NOT_PERMITTED, "the module belongs to a library: unload that");
    }
    unload_module(driver, module);
  });
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(function != nullptr && name != nullptr, "an argument is null");
    *function = find_function(driver, get_module(driver, module), name);
  });
}

CUresult cuModuleGetFunctionCount(unsigned* count, CUmodule module) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(count != nullptr, "count is null");
    *count = static_cast<unsigned>(get_module(driver, module)->module->kernels().size());
  });
}

CUresult cuModuleEnumerateFunctions(CUfunction* functions, unsigned count, CUmodule handle) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(functions != nullptr || count == 0, "the output is null");
    const auto module = get_module(driver, handle);
    unsigned i = 0;
    for (const auto& [name, kernel] : module->module->kernels()) {
      if (i < count) functions[i++] = find_function(driver, module, name);
    }
  });
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode* mode) {
  return call(__func__, kPlain, [&](Driver&, Context&) {
    require(mode != nullptr, "mode is null");
    *mode = CU_MODULE_EAGER_LOADING;
  });
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr* address, size_t* bytes, CUmodule module,
                              const char* name) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    get_global(driver, *get_module(driver, module), name, address, bytes);
  });
}

CUresult cuLibraryLoadData(CUlibrary* handle, const void* image, CUjit_option* options,
                           void** values, unsigned count, CUlibraryOption*, void**, unsigned) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context& context) {
    require(handle != nullptr, "the library's output is null");
    CUmodule module = nullptr;
    load(driver, context, &module, image, LogBuffer(count, options, values));
    auto library = std::make_shared<Library>();
    library->module = driver.modules.find(module);
    library->module->of_library = true;
    library->handle = driver.libraries.add(library);
    *handle = library->handle;
  });
}

CUresult cuLibraryUnload(CUlibrary handle) {
  return call(__func__, kUnsafe, [&](Driver& driver, Context&) {
    const auto library = get_library(driver, handle);
    unload_module(driver, library->module);
    driver.libraries.remove(handle);
  });
}

CUresult cuLibraryGetKernel(CUkernel* kernel, CUlibrary library, const char* name) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require(kernel != nullptr && name != nullptr, "an argument is null");
    *kernel = reinterpret_cast<CUkernel>(
        find_function(driver, get_library(driver, library)->module, name));
  });
}

CUresult cuLibraryGetModule(CUmodule* module, CUlibrary library) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(module != nullptr, "the module's output is null");
    *module = get_library(driver, library)->module->handle;
  });
}

CUresult cuLibraryGetGlobal(CUdeviceptr* address, size_t* bytes, CUlibrary library,
                            const char* name) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    get_global(driver, *get_library(driver, library)->module, name, address, bytes);
  });
}

CUresult cuKernelGetFunction(CUfunction* function, CUkernel kernel) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(function != nullptr, "the function's output is null");
    *function = get_function(driver, function_of(kernel))->handle;
  });
}

CUresult cuKernelGetAttribute(int* value, CUfunction_attribute attribute, CUkernel kernel,
                              CUdevice) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    require(value != nullptr, "value is null");
    *value = attribute_of(driver, *get_function(driver, function_of(kernel)), attribute);
  });
}
CUresult cuKernelSetAttribute(CUfunction_attribute attribute, int value, CUkernel kernel,
                              CUdevice) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    set_attribute(driver, *get_function(driver, function_of(kernel)), attribute, value);
  });
}
CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t* offset, size_t* bytes) {
  return call(__func__, kPlain, [&](Driver& driver, Context&) {
    return parameter_info(driver, function_of(kernel), index, offset, bytes);
  });
}

CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction function) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(value != nullptr, "value is null");
    *value = attribute_of(driver, *get_function(driver, function), attribute);
  });
}
CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    set_attribute(driver, *get_function(driver, function), attribute, value);
  });
}

// A preference of cards with a configurable split; later ones follow the carve-out attribute.
CUresult cuFuncSetCacheConfig(CUfunction function, CUfunc_cache) {
  return call(__func__, kInContext,
              [&](Driver& driver, Context&) { get_function(driver, function); });
}

CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t* offset, size_t* bytes) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    return parameter_info(driver, function, index, offset, bytes);
  });
}

CUresult cuFuncGetName(const char** name, CUfunction function) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(name != nullptr, "the name's output is null");
    *name = get_function(driver, function)->kernel->name.c_str();
  });
}

CUresult cuFuncGetModule(CUmodule* module, CUfunction function) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(module != nullptr, "the module's output is null");
    *module = get_function(driver, function)->module->handle;
  });
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState* state, CUfunction function) {
  return call(__func__, kInContext, [&](Driver& driver, Context&) {
    require(state != nullptr, "the state's output is null");
    get_function(driver, function);
    *state = CU_FUNCTION_LOADING_STATE_LOADED;
  });
}
CUresult cuFuncLoad(CUfunction function) {
  return call(__func__, kInContext,
              [&](Driver& driver, Context&) { get_function(driver, function); });
}

}  // extern "C"
