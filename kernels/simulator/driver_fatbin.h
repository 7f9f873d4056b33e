// The container in which nvcc packs a program's device code: a header, then entries of PTX text or
// cubins for one architecture each, which may be compressed (LZ4 or Zstandard).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nram::simulator::driver {

struct FatbinEntry {
  bool is_ptx = false;     // else a cubin
  int architecture = 0;    // 80: sm_80
  std::string ptx;         // the text; empty for a cubin
  std::string unreadable;  // why the text could not be unpacked
};

// Whether the bytes begin a fat binary, or the record by which programs point to one.
bool is_fatbin(const void* image);
// Entries in file order. Throws std::runtime_error if the container is damaged.
std::vector<FatbinEntry> read_fatbin(const void* image);

// One LZ4 block (no frame). Throws std::runtime_error if it is damaged or does not give `bytes`.
std::string unpack_lz4(const uint8_t* source, size_t source_bytes, size_t bytes);

}  // namespace nram::simulator::driver
