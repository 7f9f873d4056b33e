// A stream of one GPU, the modules that are loaded for it, and launching by name: Launcher over the
// driver API. Owned by the engine's CUDA device.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "kernels/common/cuda_driver.h"
#include "kernels/common/launch.h"

namespace nram {

class CudaLauncher : public Launcher {
 public:
  // The current context must be that of `device`.
  CudaLauncher(const Driver& driver, CUdevice device, CUstream stream);
  ~CudaLauncher() override;
  CudaLauncher(const CudaLauncher&) = delete;
  CudaLauncher& operator=(const CudaLauncher&) = delete;

  void fill(void* memory, uint8_t value, size_t bytes) override;
  void copy(void* destination, const void* source, size_t bytes) override;
  CUstream stream() const { return stream_; }
  int device_capability() const { return device_capability_; }
  // "sm_80 cubins", "compute_90 PTX": what runs here, for reports.
  std::string code_name() const;
  // Uses PTX of this architecture alone (tests run every family that is shipped); 0: the best.
  void force_ptx(int architecture);

 protected:
  void submit(const CudaKernel& kernel, LaunchSize grid, LaunchSize block,
              uint32_t dynamic_shared_bytes, void** arguments, const size_t* sizes,
              size_t count) override;

 private:
  struct Function {
    CUfunction handle = nullptr;
    // Allowed so far: 48 KiB less what the kernel has statically need no permission, but it does no
    // harm.
    uint32_t dynamic_shared_bytes = 0;
  };
  void choose_code();
  CUmodule module(const std::string& name);
  Function& function(const CudaKernel& kernel, const size_t* sizes, size_t count);
  void unload();

  const Driver& driver_;
  CUstream stream_;
  int device_capability_ = 0;
  int ptx_ = 0;  // architecture of the PTX to load, 0: none
  int forced_ptx_ = 0;
  int cubin_ = 0;  // architecture of the cubins to load, 0: none
  std::map<std::string, CUmodule> modules_;
  std::unordered_map<const CudaKernel*, Function> functions_;
};

}  // namespace nram
