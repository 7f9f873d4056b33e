// The GPU devices: "cuda", the machine's first visible card, and "sim", the simulated one. Both run
// the same code over the driver API; only the library behind it differs.
#pragma once

#include <memory>

#include "engine/tensor.h"
#include "kernels/common/cuda_launcher.h"
#include "kernels/vendor/cuda_choices.h"

namespace nram {

class CudaDevice : public Device {
 public:
  // Throws a user error in words where the driver, a card or code for it is missing.
  CudaDevice(const Driver& driver, const std::string& name);
  ~CudaDevice() override;

  void* allocate(size_t bytes) override;
  void release(void* memory, size_t bytes) override;
  void copy_in(void* device_memory, const void* host, size_t bytes) override;
  void copy_out(void* host, const void* device_memory, size_t bytes) override;
  void fill(void* device_memory, uint8_t value, size_t bytes) override;
  void finish() override;
  Launcher* launcher() override { return launcher_.get(); }
  size_t choose(const Op& op, const Call& call, bool measure) override;
  void begin_range(const char* name) override;
  void end_range() override;
  std::unique_ptr<Staging> staging(void* device_memory, size_t bytes) override;
  std::unique_ptr<Recording> record(const std::function<void()>& enqueue) override;
  void time_each(size_t count, const std::function<void(size_t)>& body,
                 std::vector<StepTime>& times) override;
  std::optional<MemoryInfo> memory_info() override;
  std::vector<std::pair<std::string, std::string>> facts() override;

  const Driver& driver() const { return driver_; }
  CudaLauncher& cuda_launcher() { return *launcher_; }

 private:
  friend class CudaStaging;
  friend class CudaRecording;
  void make_choices();

  const Driver& driver_;
  CUdevice device_ = 0;
  CUcontext context_ = nullptr;
  CUstream compute_ = nullptr;
  CUstream copies_ = nullptr;
  std::unique_ptr<CudaLauncher> launcher_;
  std::unique_ptr<vendor::ChoiceCache> choice_cache_;
  std::unique_ptr<vendor::Choices> choices_;  // null on the simulated device
};

}  // namespace nram
