#include "kernels/simulator/driver_fatbin.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace nram::simulator::driver {
namespace {

constexpr uint32_t kContainerMagic = 0xBA55ED50;
constexpr uint32_t kRecordMagic = 0x466243B1;  // {magic, version, pointer to the container, ...}
constexpr uint16_t kPtx = 1;
constexpr uint64_t kLz4 = 0x2000, kZstandard = 0x8000;

template <class T>
T load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Offsets in an entry's header.
struct EntryHeader {
  uint16_t kind;
  uint32_t header_bytes;
  uint64_t payload_bytes;
  uint32_t packed_bytes;  // without padding; 0: not packed
  uint32_t architecture;
  uint64_t flags;
  uint64_t unpacked_bytes;

  explicit EntryHeader(const uint8_t* at)
      : kind(load<uint16_t>(at)),
        header_bytes(load<uint32_t>(at + 4)),
        payload_bytes(load<uint64_t>(at + 8)),
        packed_bytes(load<uint32_t>(at + 16)),
        architecture(load<uint32_t>(at + 28)),
        flags(load<uint64_t>(at + 40)),
        unpacked_bytes(load<uint64_t>(at + 56)) {}
};
constexpr size_t kLeastEntryBytes = 64;
constexpr uint64_t kMostUnpackedBytes = uint64_t{1} << 30;

// Zstandard's own library, if this machine has it; few don't.
std::string unpack_zstandard(const uint8_t* source, size_t source_bytes, size_t bytes) {
  using Decompress = size_t (*)(void*, size_t, const void*, size_t);
  static const auto decompress = [] {
    void* library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    return reinterpret_cast<Decompress>(library == nullptr ? nullptr
                                                           : dlsym(library, "ZSTD_decompress"));
  }();
  if (decompress == nullptr) {
    throw std::runtime_error(
        "it is packed with Zstandard, and libzstd.so.1 is not on this machine: compile with nvcc "
        "--no-compress");
  }
  std::string result(bytes, '\0');
  if (decompress(result.data(), bytes, source, source_bytes) != bytes) {
    throw std::runtime_error("its Zstandard data are damaged");
  }
  return result;
}

std::string text_of(const EntryHeader& header, const uint8_t* payload) {
  std::string text;
  if ((header.flags & (kLz4 | kZstandard)) == 0) {
    text.assign(reinterpret_cast<const char*>(payload), header.payload_bytes);
  } else {
    if (header.packed_bytes > header.payload_bytes || header.unpacked_bytes > kMostUnpackedBytes) {
      throw std::runtime_error("its sizes contradict each other");
    }
    text = (header.flags & kLz4) != 0
               ? unpack_lz4(payload, header.packed_bytes, header.unpacked_bytes)
               : unpack_zstandard(payload, header.packed_bytes, header.unpacked_bytes);
  }
  return text.substr(0, text.find('\0'));  // padded to eight bytes
}

// A length whose nibble of 15 goes on in further bytes.
size_t lz4_length(size_t nibble, const uint8_t*& at, const uint8_t* end) {
  size_t length = nibble;
  if (nibble != 15) return length;
  for (;;) {
    if (at == end) throw std::runtime_error("its LZ4 data end early");
    length += *at;
    if (*at++ != 255) return length;
  }
}

}  // namespace

std::string unpack_lz4(const uint8_t* source, size_t source_bytes, size_t bytes) {
  std::string result;
  result.reserve(bytes);
  const uint8_t* at = source;
  const uint8_t* const end = source + source_bytes;
  while (at < end) {
    const uint8_t token = *at++;
    const size_t literals = lz4_length(token >> 4, at, end);
    if (literals > static_cast<size_t>(end - at))
      throw std::runtime_error("its LZ4 data end early");
    result.append(reinterpret_cast<const char*>(at), literals);
    at += literals;
    if (at == end) break;  // the last sequence has literals only
    if (end - at < 2) throw std::runtime_error("its LZ4 data end early");
    const size_t distance = load<uint16_t>(at);
    at += 2;
    const size_t length = lz4_length(token & 15, at, end) + 4;
    if (distance == 0 || distance > result.size() || result.size() + length > bytes) {
      throw std::runtime_error("its LZ4 data are damaged");
    }
    for (size_t i = 0; i < length; ++i) result += result[result.size() - distance];
  }
  if (result.size() != bytes) throw std::runtime_error("its LZ4 data are damaged");
  return result;
}

bool is_fatbin(const void* image) {
  const auto magic = load<uint32_t>(static_cast<const uint8_t*>(image));
  return magic == kContainerMagic || magic == kRecordMagic;
}

std::vector<FatbinEntry> read_fatbin(const void* image) {
  const auto* at = static_cast<const uint8_t*>(image);
  if (load<uint32_t>(at) == kRecordMagic) at = load<const uint8_t*>(at + 8);
  if (at == nullptr || load<uint32_t>(at) != kContainerMagic) {
    throw std::runtime_error("the fat binary has no header");
  }
  const uint64_t bytes = load<uint64_t>(at + 8);
  at += load<uint16_t>(at + 6);
  const uint8_t* const end = at + bytes;
  std::vector<FatbinEntry> entries;
  while (static_cast<size_t>(end - at) >= kLeastEntryBytes) {
    const EntryHeader header(at);
    const auto left = static_cast<uint64_t>(end - at);
    if (header.header_bytes < kLeastEntryBytes || header.header_bytes > left ||
        header.payload_bytes > left - header.header_bytes) {
      throw std::runtime_error("the fat binary is damaged");
    }
    FatbinEntry entry;
    entry.is_ptx = header.kind == kPtx;
    entry.architecture = static_cast<int>(header.architecture);
    if (entry.is_ptx) {
      try {
        entry.ptx = text_of(header, at + header.header_bytes);
      } catch (const std::runtime_error& error) {
        entry.unreadable = error.what();
      }
    }
    entries.push_back(std::move(entry));
    at += header.header_bytes + header.payload_bytes;
  }
  return entries;
}

}  // namespace nram::simulator::driver
