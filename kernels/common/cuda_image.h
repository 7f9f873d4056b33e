// The compiled CUDA kernels that the program carries: PTX, cubins and ptxas' reports, one module
// for each kernels/<op>/cuda.cu. Made by kernels/cuda_images.cmake.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace nram {

struct CudaImage {
  enum class Kind : uint8_t { kPtx, kCubin, kReport };
  const char* module;  // the op's folder: "gram"
  int architecture;    // 80: compute_80 for PTX, sm_80 for a cubin and its report
  Kind kind;
  const char* begin;  // a zero byte follows the end
  const char* end;
  std::string_view content() const { return {begin, static_cast<size_t>(end - begin)}; }
};

std::span<const CudaImage> cuda_images();

}  // namespace nram
