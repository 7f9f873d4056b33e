#include "kernels/simulator/driver_work.h"

#include <cstring>

#include "kernels/simulator/driver_state.h"

namespace nram::simulator::driver {
namespace {

std::byte* host(uint64_t address) { return reinterpret_cast<std::byte*>(address); }

// FNV over words; tells a changed source from an unchanged one.
uint64_t mix(uint64_t sum, const std::byte* bytes, uint64_t count) {
  uint64_t at = 0;
  for (; at + 8 <= count; at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + at, 8);
    sum = (sum ^ word) * 0x100000001B3ULL;
    sum ^= sum >> 29;
  }
  for (; at < count; ++at) sum = (sum ^ static_cast<uint64_t>(bytes[at])) * 0x100000001B3ULL;
  return sum;
}

void lost(Execution& execution, const std::string& what, uint64_t address) {
  execution.driver.findings.add(
      Severity::kError, "use after release",
      what + " runs when " + execution.driver.place(address) + " is no longer there");
  execution.fault = CUDA_ERROR_ILLEGAL_ADDRESS;
}

std::string direction(const Copy& copy) {
  return std::string(copy.from.device ? "from the device" : "from the host") +
         (copy.to.device ? " to the device" : " to the host");
}

}  // namespace

CopyWork::CopyWork(const Copy& copy, std::vector<std::byte> staged)
    : copy_(copy), staged_(std::move(staged)) {}

std::string CopyWork::describe() const {
  return "copy of " + std::to_string(copy_.bytes()) + " bytes " + direction(copy_);
}

bool CopyWork::uses_host(Interval range) const {
  const auto meets = [&](const CopySide& side) {
    return !side.device && side.address < range.end &&
           range.begin < side.address + copy_.extent(side);
  };
  return (staged_.empty() && meets(copy_.from)) || meets(copy_.to);
}

uint64_t CopyWork::source_checksum() const {
  uint64_t sum = 0xCBF29CE484222325ULL;
  copy_.for_each_piece(
      [&](uint64_t source, uint64_t, uint64_t bytes) { sum = mix(sum, host(source), bytes); });
  return sum;
}

void CopyWork::watch_source() {
  watched_ = true;
  checksum_ = source_checksum();
}

// Pinned memory that was there when the copy was made must be there when it runs.
bool CopyWork::host_is_there(Execution& execution) const {
  for (const CopySide* side : {&copy_.from, &copy_.to}) {
    const bool needed = side == &copy_.to || staged_.empty();
    if (side->device || !side->pinned || !needed) continue;
    if (execution.driver.pinned(side->address) == nullptr) {
      lost(execution, describe(), side->address);
      return false;
    }
  }
  return true;
}

void CopyWork::check_initialised(Execution& execution) const {
  if (!copy_.from.device || copy_.to.device) return;
  bool found = false;
  copy_.for_each_piece([&](uint64_t source, uint64_t, uint64_t bytes) {
    if (found) return;
    const size_t first = execution.driver.memory->first_uninitialised(source, bytes);
    if (first == bytes) return;
    found = true;
    execution.driver.findings.add(Severity::kError, "uninitialised",
                                  describe() + " reads " + execution.driver.place(source + first) +
                                      ", which nothing has written");
  });
}

bool CopyWork::copy_piece(Execution& execution, uint64_t source, uint64_t destination,
                          uint64_t bytes) const {
  Memory& memory = *execution.driver.memory;
  if (copy_.from.device && copy_.to.device) return memory.copy(destination, source, bytes);
  if (copy_.from.device) return memory.read(source, host(destination), bytes);
  if (copy_.to.device) return memory.write(destination, host(source), bytes);
  std::memmove(host(destination), host(source), bytes);
  return true;
}

void CopyWork::run(Execution& execution) const {
  if (!host_is_there(execution)) return;
  const bool checked = execution.driver.settings.check;
  if (watched_ && checked && source_checksum() != checksum_) {
    execution.driver.findings.add(
        Severity::kError, "host memory changed",
        describe() +
            " takes bytes that the host has changed since it asked for the copy: wait "
            "for the copy before writing to " +
            execution.driver.place(copy_.from.address));
  }
  if (checked) check_initialised(execution);
  const auto* staged = staged_.data();
  copy_.for_each_piece([&](uint64_t source, uint64_t destination, uint64_t bytes) {
    if (execution.fault != CUDA_SUCCESS) return;
    const uint64_t from = staged_.empty() ? source : reinterpret_cast<uint64_t>(staged);
    staged += staged_.empty() ? 0 : bytes;
    if (!copy_piece(execution, from, destination, bytes)) {
      const bool source_lost =
          copy_.from.device && execution.driver.memory->find(source, bytes).data == nullptr;
      lost(execution, describe(), source_lost ? source : destination);
      return;
    }
    if (!checked) return;
    if (staged_.empty()) execution.accesses.read(source, bytes);
    execution.accesses.write(destination, bytes);
  });
}

std::string FillWork::describe() const {
  return "memset of " + std::to_string(width_ * height_ * value_bytes_) + " bytes";
}

void FillWork::run(Execution& execution) const {
  Memory& memory = *execution.driver.memory;
  const uint64_t row_bytes = width_ * value_bytes_;
  const uint32_t low = value_ & 0xFF;
  const bool one_byte =
      value_bytes_ == 1 || value_ == low * (value_bytes_ == 2 ? 0x101u : 0x1010101u);
  std::vector<std::byte> row;
  if (!one_byte) {
    row.resize(row_bytes);
    for (uint64_t at = 0; at < row_bytes; at += value_bytes_) {
      std::memcpy(row.data() + at, &value_, value_bytes_);
    }
  }
  for (uint64_t y = 0; y < height_; ++y) {
    const uint64_t address = address_ + y * pitch_;
    const bool there = one_byte ? memory.fill(address, static_cast<uint8_t>(low), row_bytes)
                                : memory.write(address, row.data(), row_bytes);
    if (!there) {
      lost(execution, describe(), address);
      return;
    }
    if (execution.driver.settings.check) execution.accesses.write(address, row_bytes);
  }
}

void HostWork::run(Execution& execution) const {
  execution.driver.queue.unlocked([&] {
    this_thread().in_host_function = true;
    function_(data_);
    this_thread().in_host_function = false;
  });
}

std::string PoolWork::describe() const {
  return (release_ ? "stream-ordered release of " : "stream-ordered allocation of ") +
         std::to_string(bytes_) + " bytes";
}

void PoolWork::run(Execution& execution) const {
  Driver& driver = execution.driver;
  if (driver.settings.check) execution.accesses.write(address_, bytes_);
  if (!release_) return;
  driver.memory->release(address_);
  driver.allocations.erase(address_);
}

}  // namespace nram::simulator::driver
