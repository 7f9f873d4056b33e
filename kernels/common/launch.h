// What a kernel's launcher (kernels/<op>/cuda.cpp) sees of a GPU: launch a kernel by name on the
// stream of the call, fill, copy, and the facts that a launcher decides by. No CUDA type shows
// here; cuda_launcher.h implements it over the driver API.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/common/call.h"

namespace nram::vendor {
class Choices;
}

namespace nram {

// A kernel of kernels/<module>/cuda.cu, extern "C" there. Make one a static constant: launchers are
// found by its address.
struct CudaKernel {
  const char* module;
  const char* name;
};

struct LaunchSize {
  uint32_t x = 1, y = 1, z = 1;
};

class Launcher {
 public:
  virtual ~Launcher() = default;

  // Enqueues kernel<<<grid, block, dynamic_shared_bytes>>>(arguments...). The arguments are the
  // kernel's parameters by value: their sizes are checked against the kernel when it is first used.
  template <class... Arguments>
  void launch(const CudaKernel& kernel, LaunchSize grid, LaunchSize block,
              uint32_t dynamic_shared_bytes, const Arguments&... arguments) {
    static_assert((std::is_trivially_copyable_v<Arguments> && ...));
    std::array<void*, sizeof...(Arguments)> pointers = {
        const_cast<void*>(static_cast<const void*>(&arguments))...};
    static constexpr std::array<size_t, sizeof...(Arguments)> kSizes = {sizeof(Arguments)...};
    submit(kernel, grid, block, dynamic_shared_bytes, pointers.data(), kSizes.data(),
           sizeof...(Arguments));
  }
  // Enqueue: bytes set to a value, bytes copied between device addresses that do not overlap.
  virtual void fill(void* memory, uint8_t value, size_t bytes) = 0;
  virtual void copy(void* destination, const void* source, size_t bytes) = 0;

  // Compute capability, 80 for 8.0: of the code that is loaded, so that a launcher may rely on it.
  int capability() const { return capability_; }
  int multiprocessors() const { return multiprocessors_; }
  // Largest dynamic shared memory of a block, in bytes.
  uint32_t shared_bytes_per_block() const { return shared_bytes_per_block_; }
  // Whether float32 convolutions and matrix products may round their operands to TF32.
  bool tf32() const { return tf32_; }
  void allow_tf32(bool allowed) { tf32_ = allowed; }
  // Which calls libraries run (vendor/cuda_choices.h); null on the simulated device.
  const vendor::Choices* choices() const { return choices_; }
  void set_choices(const vendor::Choices* choices) { choices_ = choices; }

 protected:
  virtual void submit(const CudaKernel& kernel, LaunchSize grid, LaunchSize block,
                      uint32_t dynamic_shared_bytes, void** arguments, const size_t* sizes,
                      size_t count) = 0;
  int capability_ = 0;
  int multiprocessors_ = 0;
  uint32_t shared_bytes_per_block_ = 0;
  bool tf32_ = false;
  const vendor::Choices* choices_ = nullptr;
};

// Blocks of `size` that cover `count` elements.
constexpr uint32_t blocks_for(int64_t count, int64_t size) {
  return static_cast<uint32_t>((count + size - 1) / size);
}

}  // namespace nram
