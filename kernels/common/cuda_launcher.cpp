#include "kernels/common/cuda_launcher.h"

#include <set>

#include "kernels/common/cuda_image.h"

namespace nram {
namespace {

CUdeviceptr address(const void* memory) { return reinterpret_cast<CUdeviceptr>(memory); }

std::string built_architectures() {
  std::set<std::string> names;
  for (const CudaImage& image : cuda_images()) {
    if (image.kind == CudaImage::Kind::kCubin) names.insert(text("sm_", image.architecture));
    if (image.kind == CudaImage::Kind::kPtx) names.insert(text("compute_", image.architecture));
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none" : list;
}

const CudaImage* find_image(const std::string& module, CudaImage::Kind kind, int architecture) {
  for (const CudaImage& image : cuda_images()) {
    if (image.kind == kind && image.architecture == architecture && module == image.module) {
      return &image;
    }
  }
  return nullptr;
}

}  // namespace

CudaLauncher::CudaLauncher(const Driver& driver, CUdevice device, CUstream stream)
    : driver_(driver), stream_(stream) {
  const auto attribute = [&](CUdevice_attribute which) {
    int value = 0;
    NRAM_DRIVER_CHECK(driver_, cuDeviceGetAttribute(&value, which, device));
    return value;
  };
  device_capability_ = 10 * attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                       attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  multiprocessors_ = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  shared_bytes_per_block_ =
      static_cast<uint32_t>(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
  choose_code();
}

CudaLauncher::~CudaLauncher() { unload(); }

void CudaLauncher::unload() {
  functions_.clear();
  for (const auto& [name, module] : modules_) driver_.cuModuleUnload(module);
  modules_.clear();
}

// A cubin runs on its own major version from its minor version on; PTX on everything later. The
// simulated device takes PTX only.
void CudaLauncher::choose_code() {
  ptx_ = cubin_ = 0;
  for (const CudaImage& image : cuda_images()) {
    const int architecture = image.architecture;
    if (architecture > device_capability_) continue;
    if (image.kind == CudaImage::Kind::kPtx) ptx_ = std::max(ptx_, architecture);
    if (image.kind == CudaImage::Kind::kCubin && architecture / 10 == device_capability_ / 10 &&
        !driver_.simulated()) {
      cubin_ = std::max(cubin_, architecture);
    }
  }
  NRAM_USER_CHECK(ptx_ != 0 || cubin_ != 0, "this GPU has compute capability ",
                  device_capability_ / 10, ".", device_capability_ % 10,
                  ", and the program was built for ", built_architectures(),
                  ": build it with -DNRAM_CUDA_PTX=", device_capability_,
                  " or the preset cuda-all, which has every architecture");
  capability_ = cubin_ != 0 ? cubin_ : ptx_;
}

void CudaLauncher::force_ptx(int architecture) {
  if (architecture == forced_ptx_) return;
  forced_ptx_ = architecture;
  unload();
  if (architecture == 0) return choose_code();
  NRAM_USER_CHECK(architecture <= device_capability_, "PTX for compute_", architecture,
                  " does not run on a GPU of compute capability ", device_capability_);
  cubin_ = 0;
  capability_ = ptx_ = architecture;
}

std::string CudaLauncher::code_name() const {
  return cubin_ != 0 ? text("sm_", cubin_, " cubins") : text("compute_", ptx_, " PTX");
}

CUmodule CudaLauncher::module(const std::string& name) {
  const auto found = modules_.find(name);
  if (found != modules_.end()) return found->second;
  const CudaImage* image = cubin_ != 0 ? find_image(name, CudaImage::Kind::kCubin, cubin_)
                                       : find_image(name, CudaImage::Kind::kPtx, ptx_);
  NRAM_CHECK(image != nullptr, "the program carries no CUDA module ", name, " as ", code_name(),
             "; built for ", built_architectures());
  CUmodule loaded = nullptr;
  const CUresult result = driver_.cuModuleLoadData(&loaded, image->begin);
  NRAM_USER_CHECK(result != CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "the NVIDIA driver (CUDA ",
                  driver_.version() / 1000, ".", driver_.version() % 1000 / 10,
                  ") is older than the compiler that made this program's PTX: update the driver, "
                  "or build with NRAM_CUDA_ARCHITECTURES=",
                  device_capability_);
  driver_.check(result, text("cuModuleLoadData of ", name, " (", code_name(), ")").c_str());
  modules_[name] = loaded;
  return loaded;
}

CudaLauncher::Function& CudaLauncher::function(const CudaKernel& kernel, const size_t* sizes,
                                               size_t count) {
  const auto found = functions_.find(&kernel);
  if (found != functions_.end()) return found->second;
  Function function;
  driver_.check(driver_.cuModuleGetFunction(&function.handle, module(kernel.module), kernel.name),
                text("cuModuleGetFunction of ", kernel.module, "/", kernel.name).c_str());
  if (driver_.parameter_info != nullptr) {
    for (size_t i = 0; i <= count; ++i) {
      size_t offset = 0;
      size_t size = 0;
      const bool exists =
          driver_.parameter_info(function.handle, i, &offset, &size) == CUDA_SUCCESS;
      NRAM_CHECK(exists == (i < count), "kernel ", kernel.name, " is launched with ", count,
                 " arguments, but has ", exists ? "more" : "fewer", " parameters");
      NRAM_CHECK(!exists || size == sizes[i], "parameter ", i, " of kernel ", kernel.name, " has ",
                 size, " bytes, but is given ", sizes[i]);
    }
  }
  return functions_[&kernel] = function;
}

void CudaLauncher::submit(const CudaKernel& kernel, LaunchSize grid, LaunchSize block,
                          uint32_t dynamic_shared_bytes, void** arguments, const size_t* sizes,
                          size_t count) {
  Function& function = this->function(kernel, sizes, count);
  if (dynamic_shared_bytes > function.dynamic_shared_bytes) {
    driver_.check(
        driver_.cuFuncSetAttribute(function.handle, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                   static_cast<int>(dynamic_shared_bytes)),
        text("giving ", kernel.name, " ", dynamic_shared_bytes, " bytes of shared memory").c_str());
    function.dynamic_shared_bytes = dynamic_shared_bytes;
  }
  const CUresult result =
      driver_.cuLaunchKernel(function.handle, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                             dynamic_shared_bytes, stream_, arguments, nullptr);
  if (result != CUDA_SUCCESS) driver_.check(result, text("launch of ", kernel.name).c_str());
}

void CudaLauncher::fill(void* memory, uint8_t value, size_t bytes) {
  if (bytes == 0) return;
  NRAM_DRIVER_CHECK(driver_, cuMemsetD8Async(address(memory), value, bytes, stream_));
}

void CudaLauncher::copy(void* destination, const void* source, size_t bytes) {
  if (bytes == 0) return;
  NRAM_DRIVER_CHECK(driver_,
                    cuMemcpyDtoDAsync(address(destination), address(source), bytes, stream_));
}

}  // namespace nram
