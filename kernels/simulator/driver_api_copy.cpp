// The driver's functions that copy and fill memory. Each stands beside its version for the
// per-thread default stream (..._ptds, ..._ptsz).
#include "kernels/simulator/driver_capture.h"
#include "kernels/simulator/driver_copy.h"

namespace nram::simulator::driver {
namespace {

CUstream per_thread(CUstream stream) { return stream == nullptr ? CU_STREAM_PER_THREAD : stream; }
uint64_t host(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

enum class Kind { kToDevice, kToHost, kInDevice, kAny };

void check_kind(uint64_t destination, uint64_t source, Kind kind) {
  const bool to = Driver::is_device(destination), from = Driver::is_device(source);
  if (kind == Kind::kAny) return;
  if ((kind != Kind::kToHost) != to) {
    refuse(CUDA_ERROR_INVALID_VALUE,
           std::string("the destination is ") + (to ? "device memory" : "no device memory"));
  }
  if ((kind != Kind::kToDevice) != from) {
    refuse(CUDA_ERROR_INVALID_VALUE,
           std::string("the source is ") + (from ? "device memory" : "no device memory"));
  }
}

// Without a stream: the legacy one, or the thread's.
CUresult copy_linear(const char* function, uint64_t destination, uint64_t source, size_t bytes,
                     Kind kind, CUstream handle) {
  return call(function, kInContext | kUnsafeInCapture, [&](Driver& driver, Context& context) {
    if (bytes > 0) check_kind(destination, source, kind);
    copy_now(driver, driver.stream(handle, context),
             linear_copy(driver, destination, source, bytes));
  });
}

CUresult copy_linear_async(const char* function, uint64_t destination, uint64_t source,
                           size_t bytes, Kind kind, CUstream handle) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    const auto stream = driver.stream(handle, context);
    if (bytes > 0) check_kind(destination, source, kind);
    copy_in_stream(driver, stream, linear_copy(driver, destination, source, bytes));
  });
}

template <class Parameters>
CUresult copy_shaped(const char* function, const Parameters* parameters, CUstream handle) {
  return call(function, kInContext | kUnsafeInCapture, [&](Driver& driver, Context& context) {
    require(parameters != nullptr, "the parameters are null");
    copy_now(driver, driver.stream(handle, context), copy_of(driver, *parameters));
  });
}

template <class Parameters>
CUresult copy_shaped_async(const char* function, const Parameters* parameters, CUstream handle) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    require(parameters != nullptr, "the parameters are null");
    copy_in_stream(driver, driver.stream(handle, context), copy_of(driver, *parameters));
  });
}

// Memsets do not wait, with a stream or without.
CUresult fill(const char* function, const Fill& what, CUstream handle) {
  return call(function, kInContext, [&](Driver& driver, Context& context) {
    const auto stream = driver.stream(handle, context);
    const auto work = make_fill(driver, what);
    if (work != nullptr) give(driver, stream, work);
  });
}

}  // namespace
}  // namespace nram::simulator::driver

using namespace nram::simulator::driver;  // NOLINT: this file only defines exported functions

extern "C" {

CUresult cuMemcpyHtoD_v2(CUdeviceptr destination, const void* source, size_t bytes) {
  return copy_linear(__func__, destination, host(source), bytes, Kind::kToDevice, CU_STREAM_LEGACY);
}
CUresult cuMemcpyHtoD_v2_ptds(CUdeviceptr destination, const void* source, size_t bytes) {
  return copy_linear(__func__, destination, host(source), bytes, Kind::kToDevice,
                     CU_STREAM_PER_THREAD);
}
CUresult cuMemcpyDtoH_v2(void* destination, CUdeviceptr source, size_t bytes) {
  return copy_linear(__func__, host(destination), source, bytes, Kind::kToHost, CU_STREAM_LEGACY);
}
CUresult cuMemcpyDtoH_v2_ptds(void* destination, CUdeviceptr source, size_t bytes) {
  return copy_linear(__func__, host(destination), source, bytes, Kind::kToHost,
                     CU_STREAM_PER_THREAD);
}
CUresult cuMemcpyDtoD_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
  return copy_linear(__func__, destination, source, bytes, Kind::kInDevice, CU_STREAM_LEGACY);
}
CUresult cuMemcpyDtoD_v2_ptds(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
  return copy_linear(__func__, destination, source, bytes, Kind::kInDevice, CU_STREAM_PER_THREAD);
}
CUresult cuMemcpy(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
  return copy_linear(__func__, destination, source, bytes, Kind::kAny, CU_STREAM_LEGACY);
}
CUresult cuMemcpy_ptds(CUdeviceptr destination, CUdeviceptr source, size_t bytes) {
  return copy_linear(__func__, destination, source, bytes, Kind::kAny, CU_STREAM_PER_THREAD);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr destination, const void* source, size_t bytes,
                              CUstream stream) {
  return copy_linear_async(__func__, destination, host(source), bytes, Kind::kToDevice, stream);
}
CUresult cuMemcpyHtoDAsync_v2_ptsz(CUdeviceptr destination, const void* source, size_t bytes,
                                   CUstream stream) {
  return copy_linear_async(__func__, destination, host(source), bytes, Kind::kToDevice,
                           per_thread(stream));
}
CUresult cuMemcpyDtoHAsync_v2(void* destination, CUdeviceptr source, size_t bytes,
                              CUstream stream) {
  return copy_linear_async(__func__, host(destination), source, bytes, Kind::kToHost, stream);
}
CUresult cuMemcpyDtoHAsync_v2_ptsz(void* destination, CUdeviceptr source, size_t bytes,
                                   CUstream stream) {
  return copy_linear_async(__func__, host(destination), source, bytes, Kind::kToHost,
                           per_thread(stream));
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                              CUstream stream) {
  return copy_linear_async(__func__, destination, source, bytes, Kind::kInDevice, stream);
}
CUresult cuMemcpyDtoDAsync_v2_ptsz(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                                   CUstream stream) {
  return copy_linear_async(__func__, destination, source, bytes, Kind::kInDevice,
                           per_thread(stream));
}
CUresult cuMemcpyAsync(CUdeviceptr destination, CUdeviceptr source, size_t bytes, CUstream stream) {
  return copy_linear_async(__func__, destination, source, bytes, Kind::kAny, stream);
}
CUresult cuMemcpyAsync_ptsz(CUdeviceptr destination, CUdeviceptr source, size_t bytes,
                            CUstream stream) {
  return copy_linear_async(__func__, destination, source, bytes, Kind::kAny, per_thread(stream));
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D* parameters) {
  return copy_shaped(__func__, parameters, CU_STREAM_LEGACY);
}
CUresult cuMemcpy2D_v2_ptds(const CUDA_MEMCPY2D* parameters) {
  return copy_shaped(__func__, parameters, CU_STREAM_PER_THREAD);
}
CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D* parameters) {
  return copy_shaped(__func__, parameters, CU_STREAM_LEGACY);
}
CUresult cuMemcpy2DUnaligned_v2_ptds(const CUDA_MEMCPY2D* parameters) {
  return copy_shaped(__func__, parameters, CU_STREAM_PER_THREAD);
}
CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D* parameters) {
  return copy_shaped(__func__, parameters, CU_STREAM_LEGACY);
}
CUresult cuMemcpy3D_v2_ptds(const CUDA_MEMCPY3D* parameters) {
  return copy_shaped(__func__, parameters, CU_STREAM_PER_THREAD);
}
CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D* parameters, CUstream stream) {
  return copy_shaped_async(__func__, parameters, stream);
}
CUresult cuMemcpy2DAsync_v2_ptsz(const CUDA_MEMCPY2D* parameters, CUstream stream) {
  return copy_shaped_async(__func__, parameters, per_thread(stream));
}
CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D* parameters, CUstream stream) {
  return copy_shaped_async(__func__, parameters, stream);
}
CUresult cuMemcpy3DAsync_v2_ptsz(const CUDA_MEMCPY3D* parameters, CUstream stream) {
  return copy_shaped_async(__func__, parameters, per_thread(stream));
}

CUresult cuMemsetD8_v2(CUdeviceptr address, unsigned char value, size_t count) {
  return fill(__func__, {address, value, 1, count}, CU_STREAM_LEGACY);
}
CUresult cuMemsetD8_v2_ptds(CUdeviceptr address, unsigned char value, size_t count) {
  return fill(__func__, {address, value, 1, count}, CU_STREAM_PER_THREAD);
}
CUresult cuMemsetD8Async(CUdeviceptr address, unsigned char value, size_t count, CUstream stream) {
  return fill(__func__, {address, value, 1, count}, stream);
}
CUresult cuMemsetD8Async_ptsz(CUdeviceptr address, unsigned char value, size_t count,
                              CUstream stream) {
  return fill(__func__, {address, value, 1, count}, per_thread(stream));
}
CUresult cuMemsetD2D8_v2(CUdeviceptr address, size_t pitch, unsigned char value, size_t width,
                         size_t height) {
  return fill(__func__, {address, value, 1, width, height, pitch}, CU_STREAM_LEGACY);
}
CUresult cuMemsetD2D8_v2_ptds(CUdeviceptr address, size_t pitch, unsigned char value, size_t width,
                              size_t height) {
  return fill(__func__, {address, value, 1, width, height, pitch}, CU_STREAM_PER_THREAD);
}
CUresult cuMemsetD2D8Async(CUdeviceptr address, size_t pitch, unsigned char value, size_t width,
                           size_t height, CUstream stream) {
  return fill(__func__, {address, value, 1, width, height, pitch}, stream);
}
CUresult cuMemsetD2D8Async_ptsz(CUdeviceptr address, size_t pitch, unsigned char value,
                                size_t width, size_t height, CUstream stream) {
  return fill(__func__, {address, value, 1, width, height, pitch}, per_thread(stream));
}
CUresult cuMemsetD16_v2(CUdeviceptr address, unsigned short value, size_t count) {
  return fill(__func__, {address, value, 2, count}, CU_STREAM_LEGACY);
}
CUresult cuMemsetD16_v2_ptds(CUdeviceptr address, unsigned short value, size_t count) {
  return fill(__func__, {address, value, 2, count}, CU_STREAM_PER_THREAD);
}
CUresult cuMemsetD16Async(CUdeviceptr address, unsigned short value, size_t count,
                          CUstream stream) {
  return fill(__func__, {address, value, 2, count}, stream);
}
CUresult cuMemsetD16Async_ptsz(CUdeviceptr address, unsigned short value, size_t count,
                               CUstream stream) {
  return fill(__func__, {address, value, 2, count}, per_thread(stream));
}
CUresult cuMemsetD2D16_v2(CUdeviceptr address, size_t pitch, unsigned short value, size_t width,
                          size_t height) {
  return fill(__func__, {address, value, 2, width, height, pitch}, CU_STREAM_LEGACY);
}
CUresult cuMemsetD2D16_v2_ptds(CUdeviceptr address, size_t pitch, unsigned short value,
                               size_t width, size_t height) {
  return fill(__func__, {address, value, 2, width, height, pitch}, CU_STREAM_PER_THREAD);
}
CUresult cuMemsetD2D16Async(CUdeviceptr address, size_t pitch, unsigned short value, size_t width,
                            size_t height, CUstream stream) {
  return fill(__func__, {address, value, 2, width, height, pitch}, stream);
}
CUresult cuMemsetD2D16Async_ptsz(CUdeviceptr address, size_t pitch, unsigned short value,
                                 size_t width, size_t height, CUstream stream) {
  return fill(__func__, {address, value, 2, width, height, pitch}, per_thread(stream));
}
CUresult cuMemsetD32_v2(CUdeviceptr address, unsigned value, size_t count) {
  return fill(__func__, {address, value, 4, count}, CU_STREAM_LEGACY);
}
CUresult cuMemsetD32_v2_ptds(CUdeviceptr address, unsigned value, size_t count) {
  return fill(__func__, {address, value, 4, count}, CU_STREAM_PER_THREAD);
}
CUresult cuMemsetD32Async(CUdeviceptr address, unsigned value, size_t count, CUstream stream) {
  return fill(__func__, {address, value, 4, count}, stream);
}
CUresult cuMemsetD32Async_ptsz(CUdeviceptr address, unsigned value, size_t count, CUstream stream) {
  return fill(__func__, {address, value, 4, count}, per_thread(stream));
}
CUresult cuMemsetD2D32_v2(CUdeviceptr address, size_t pitch, unsigned value, size_t width,
                          size_t height) {
  return fill(__func__, {address, value, 4, width, height, pitch}, CU_STREAM_LEGACY);
}
CUresult cuMemsetD2D32_v2_ptds(CUdeviceptr address, size_t pitch, unsigned value, size_t width,
                               size_t height) {
  return fill(__func__, {address, value, 4, width, height, pitch}, CU_STREAM_PER_THREAD);
}
CUresult cuMemsetD2D32Async(CUdeviceptr address, size_t pitch, unsigned value, size_t width,
                            size_t height, CUstream stream) {
  return fill(__func__, {address, value, 4, width, height, pitch}, stream);
}
CUresult cuMemsetD2D32Async_ptsz(CUdeviceptr address, size_t pitch, unsigned value, size_t width,
                                 size_t height, CUstream stream) {
  return fill(__func__, {address, value, 4, width, height, pitch}, per_thread(stream));
}

}  // extern "C"
