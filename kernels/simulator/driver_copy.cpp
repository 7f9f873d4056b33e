#include "kernels/simulator/driver_copy.h"

#include <cstring>

#include "kernels/simulator/driver_capture.h"

namespace nram::simulator::driver {
namespace {

void check_side(const Driver& driver, const Copy& copy, const CopySide& side, const char* role) {
  const uint64_t extent = copy.extent(side);
  if (side.device) {
    require_device_range(driver, side.address, extent, role);
    return;
  }
  if (side.address == 0) refuse(CUDA_ERROR_INVALID_VALUE, std::string("the ") + role + " is null");
  const auto* known = driver.pinned(side.address);
  if (known == nullptr) return;
  const uint64_t left = known->second.bytes - (side.address - known->first);
  if (extent > left) {
    refuse(CUDA_ERROR_INVALID_VALUE, std::string("the ") + role + ", " + std::to_string(extent) +
                                         " bytes from " + driver.place(side.address) +
                                         ", passes its end");
  }
}

uint64_t address_of(CUmemorytype type, const void* host, CUdeviceptr device) {
  switch (type) {
    case CU_MEMORYTYPE_HOST:
      return reinterpret_cast<uint64_t>(host);
    case CU_MEMORYTYPE_DEVICE:
      if (!Driver::is_device(device)) {
        refuse(CUDA_ERROR_INVALID_VALUE, "a side that should be the device's is not");
      }
      return device;
    case CU_MEMORYTYPE_UNIFIED:
      return device;
    default:
      refuse(CUDA_ERROR_NOT_SUPPORTED, "CUDA arrays are not simulated");
  }
}

std::vector<std::byte> staged(const Copy& copy) {
  std::vector<std::byte> bytes(copy.bytes());
  std::byte* to = bytes.data();
  copy.for_each_piece([&](uint64_t source, uint64_t, uint64_t count) {
    std::memcpy(to, reinterpret_cast<const void*>(source), count);
    to += count;
  });
  return bytes;
}

// What an early reader would take for the result becomes recognisable, and a source that changes
// before it is read is found: both only while nothing that is queued may write there.
void make_haste_visible(Driver& driver, const Copy& copy, CopyWork& work) {
  const CopySide& side = copy.from.device ? copy.to : copy.from;
  const Interval range{side.address, side.address + copy.extent(side)};
  const auto others = driver.queue.queued([&](const Work& other) {
    return other.uses_host(range) || other.type() == CU_GRAPH_NODE_TYPE_HOST ||
           other.type() == CU_GRAPH_NODE_TYPE_GRAPH;
  });
  if (!others.empty()) return;
  if (copy.from.device) {
    copy.for_each_piece([&](uint64_t, uint64_t destination, uint64_t bytes) {
      std::memset(reinterpret_cast<void*>(destination), 0xFF, bytes);
    });
  } else {
    work.watch_source();
  }
}

}  // namespace

CopySide side_at(const Driver& driver, uint64_t address, uint64_t pitch, uint64_t slice) {
  CopySide side;
  side.address = address;
  side.device = Driver::is_device(address);
  side.pinned = !side.device && driver.pinned(address) != nullptr;
  side.pitch = pitch;
  side.slice = slice;
  return side;
}

Copy linear_copy(const Driver& driver, uint64_t destination, uint64_t source, uint64_t bytes) {
  Copy copy;
  copy.from = side_at(driver, source, bytes, bytes);
  copy.to = side_at(driver, destination, bytes, bytes);
  copy.row_bytes = bytes;
  return copy;
}

Copy copy_of(const Driver& driver, const CUDA_MEMCPY2D& p) {
  const uint64_t from_pitch = p.srcPitch == 0 ? p.WidthInBytes : p.srcPitch;
  const uint64_t to_pitch = p.dstPitch == 0 ? p.WidthInBytes : p.dstPitch;
  require(p.WidthInBytes <= from_pitch && p.WidthInBytes <= to_pitch,
          "a pitch is less than the width");
  Copy copy;
  copy.row_bytes = p.WidthInBytes;
  copy.rows = p.Height;
  copy.from = side_at(
      driver,
      address_of(p.srcMemoryType, p.srcHost, p.srcDevice) + p.srcY * from_pitch + p.srcXInBytes,
      from_pitch, from_pitch * p.Height);
  copy.to = side_at(
      driver,
      address_of(p.dstMemoryType, p.dstHost, p.dstDevice) + p.dstY * to_pitch + p.dstXInBytes,
      to_pitch, to_pitch * p.Height);
  return copy;
}

Copy copy_of(const Driver& driver, const CUDA_MEMCPY3D& p) {
  const uint64_t from_pitch = p.srcPitch == 0 ? p.WidthInBytes : p.srcPitch;
  const uint64_t to_pitch = p.dstPitch == 0 ? p.WidthInBytes : p.dstPitch;
  const uint64_t from_slice = from_pitch * (p.srcHeight == 0 ? p.Height : p.srcHeight);
  const uint64_t to_slice = to_pitch * (p.dstHeight == 0 ? p.Height : p.dstHeight);
  require(p.WidthInBytes <= from_pitch && p.WidthInBytes <= to_pitch,
          "a pitch is less than the width");
  require(p.Depth <= 1 || (p.Height * from_pitch <= from_slice && p.Height * to_pitch <= to_slice),
          "a slice is less than the height");
  Copy copy;
  copy.row_bytes = p.WidthInBytes;
  copy.rows = p.Height;
  copy.slices = p.Depth;
  copy.from = side_at(driver,
                      address_of(p.srcMemoryType, p.srcHost, p.srcDevice) + p.srcZ * from_slice +
                          p.srcY * from_pitch + p.srcXInBytes,
                      from_pitch, from_slice);
  copy.to = side_at(driver,
                    address_of(p.dstMemoryType, p.dstHost, p.dstDevice) + p.dstZ * to_slice +
                        p.dstY * to_pitch + p.dstXInBytes,
                    to_pitch, to_slice);
  return copy;
}

void check_copy(const Driver& driver, const Copy& copy) {
  if (copy.bytes() == 0) return;
  check_side(driver, copy, copy.from, "source");
  check_side(driver, copy, copy.to, "destination");
}

void copy_in_stream(Driver& driver, const std::shared_ptr<Stream>& stream, const Copy& copy) {
  check_copy(driver, copy);
  if (copy.bytes() == 0) return;
  if (stream->capture != nullptr) {
    give(driver, stream, std::make_shared<CopyWork>(copy));
    return;
  }
  if (!copy.from.device && !copy.to.device) {
    driver.queue.finish(give(driver, stream, std::make_shared<CopyWork>(copy)));
    return;
  }
  if (!copy.from.device && !copy.from.pinned) {
    give(driver, stream, std::make_shared<CopyWork>(copy, staged(copy)));
    return;
  }
  auto work = std::make_shared<CopyWork>(copy);
  const bool pinned = copy.from.pinned || copy.to.pinned;
  if (pinned && driver.settings.check) make_haste_visible(driver, copy, *work);
  const auto operation = give(driver, stream, std::move(work));
  if (!copy.to.device && !copy.to.pinned) driver.queue.finish(operation);
}

void copy_now(Driver& driver, const std::shared_ptr<Stream>& stream, const Copy& copy) {
  check_copy(driver, copy);
  if (copy.bytes() == 0) return;
  forbid_capturing(driver, *stream, "a copy waits for");
  const auto operation = give(driver, stream, std::make_shared<CopyWork>(copy));
  if (!copy.from.device || !copy.to.device) driver.queue.finish(operation);
}

std::shared_ptr<const Work> make_fill(const Driver& driver, const Fill& fill) {
  if (fill.width == 0 || fill.height == 0) return nullptr;
  require(fill.address % fill.value_bytes == 0, "the address is not aligned to the value");
  const uint64_t row = fill.width * fill.value_bytes;
  const uint64_t pitch = fill.height == 1 ? row : fill.pitch;
  require(pitch >= row && pitch % fill.value_bytes == 0,
          "the pitch is less than the width or not aligned to the value");
  const uint64_t extent = (fill.height - 1) * pitch + row;
  require_device_range(driver, fill.address, extent, "destination");
  return std::make_shared<FillWork>(fill.address, fill.value, fill.value_bytes, fill.width,
                                    fill.height, pitch);
}

}  // namespace nram::simulator::driver
