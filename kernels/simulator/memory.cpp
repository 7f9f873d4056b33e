#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernels/simulator/allocation.h"

namespace nram::simulator {

namespace {

constexpr size_t kAlignment = 256;

size_t rounded_up(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

void Allocation::make_race_shadow() {
  if (written) return;
  written = lazy_zeros<uint32_t>(words());
  read = lazy_zeros<uint32_t>(words());
  read_again = lazy_zeros<uint32_t>(words());
}

void Allocation::drop_race_shadow() {
  written.reset();
  read.reset();
  read_again.reset();
}

void Allocation::make_stamps() {
  if (load_stamp) return;
  load_stamp = lazy_zeros<uint32_t>(sectors());
  store_stamp = lazy_zeros<uint32_t>(sectors());
}

void Allocation::set_initialised(size_t offset, size_t count, bool value) {
  const size_t end = offset + count;
  while (offset < end) {
    const size_t word = offset / 4;
    if (offset % 4 == 0 && end - offset >= 4) {
      const size_t whole = (end - offset) / 4;
      std::memset(&initialised[word], value ? 0xF : 0, whole);
      offset += whole * 4;
    } else {
      const auto bit = static_cast<uint8_t>(1u << offset % 4);
      initialised[word] =
          static_cast<uint8_t>(value ? initialised[word] | bit : initialised[word] & ~bit);
      ++offset;
    }
  }
}

Memory::Implementation::Implementation(size_t limit)
    : limit_bytes(limit), slots(lazy_zeros<Allocation*>(kMostSlots)) {}
Memory::Implementation::~Implementation() = default;

Memory::Memory(size_t limit_bytes)
    : implementation_(std::make_unique<Implementation>(limit_bytes)) {}
Memory::~Memory() = default;

uint64_t Memory::allocate(size_t bytes, const std::string& name) {
  Implementation& in = *implementation_;
  std::lock_guard lock(in.mutex);
  if (bytes == 0 || bytes > in.limit_bytes ||
      rounded_up(bytes) > in.limit_bytes - std::min(in.limit_bytes, in.used_bytes)) {
    return 0;
  }
  const size_t needed = (bytes + 2 * Implementation::kLead) >> Implementation::kSlotBits;
  size_t slot = in.slot_count.load();
  const bool recycle = slot + needed + 1 > Implementation::kMostSlots;
  if (recycle) {
    if (needed > 0 || in.released_slots.empty()) return 0;
    slot = in.released_slots.front();
  }
  auto allocation = std::make_unique<Allocation>();
  allocation->address =
      ((Implementation::kFirstSlot + slot) << Implementation::kSlotBits) + Implementation::kLead;
  allocation->bytes = bytes;
  allocation->name = name;
  allocation->data.reset(
      static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded_up(bytes))));
  if (!allocation->data) return 0;
  std::memset(allocation->data.get(), 0xFF, rounded_up(bytes));
  allocation->initialised = lazy_zeros<uint8_t>(allocation->words());
  for (size_t i = 0; i <= needed; ++i) in.slots[slot + i] = allocation.get();
  if (recycle) {
    in.released_slots.pop_front();
  } else {
    in.slot_count.store(slot + needed + 1, std::memory_order_release);
  }
  in.used_bytes += rounded_up(bytes);
  in.allocations.push_back(std::move(allocation));
  return in.allocations.back()->address;
}

bool Memory::release(uint64_t address) {
  Implementation& in = *implementation_;
  std::lock_guard launch(in.launch_mutex);
  std::lock_guard lock(in.mutex);
  Allocation* found = in.nearest(address);
  if (found == nullptr || found->released || found->address != address) return false;
  found->released = true;
  found->data.reset();
  found->initialised.reset();
  found->drop_race_shadow();
  found->load_stamp.reset();
  found->store_stamp.reset();
  in.used_bytes -= rounded_up(found->bytes);
  const size_t slot = (address >> Implementation::kSlotBits) - Implementation::kFirstSlot;
  if (slot + 1 >= Implementation::kMostSlots || in.slots[slot + 1] != found) {
    in.released_slots.push_back(slot);
  }
  return true;
}

Memory::Range Memory::find(uint64_t address, size_t bytes) const {
  const Implementation& in = *implementation_;
  std::lock_guard lock(in.mutex);
  Range range;
  const Allocation* near = in.nearest(address);
  if (near == nullptr) return range;
  range.name = near->name;
  range.allocation_bytes = near->bytes;
  range.allocation_address = near->address;
  range.released = near->released;
  if (in.holding(address, bytes) != nullptr) {
    range.data = near->data.get() + (address - near->address);
  }
  return range;
}

bool Memory::write(uint64_t address, const void* source, size_t bytes) {
  if (bytes == 0) return true;
  Implementation& in = *implementation_;
  std::lock_guard lock(in.mutex);
  Allocation* found = in.holding(address, bytes);
  if (found == nullptr) return false;
  std::memcpy(found->data.get() + (address - found->address), source, bytes);
  found->set_initialised(address - found->address, bytes, true);
  return true;
}

bool Memory::fill(uint64_t address, uint8_t value, size_t bytes) {
  if (bytes == 0) return true;
  Implementation& in = *implementation_;
  std::lock_guard lock(in.mutex);
  Allocation* found = in.holding(address, bytes);
  if (found == nullptr) return false;
  std::memset(found->data.get() + (address - found->address), value, bytes);
  found->set_initialised(address - found->address, bytes, true);
  return true;
}

bool Memory::read(uint64_t address, void* destination, size_t bytes) const {
  if (bytes == 0) return true;
  const Implementation& in = *implementation_;
  std::lock_guard lock(in.mutex);
  const Allocation* found = in.holding(address, bytes);
  if (found == nullptr) return false;
  std::memcpy(destination, found->data.get() + (address - found->address), bytes);
  return true;
}

bool Memory::copy(uint64_t destination, uint64_t source, size_t bytes) {
  if (bytes == 0) return true;
  Implementation& in = *implementation_;
  std::lock_guard lock(in.mutex);
  Allocation* to = in.holding(destination, bytes);
  const Allocation* from = in.holding(source, bytes);
  if (to == nullptr || from == nullptr) return false;
  const size_t to_offset = destination - to->address, from_offset = source - from->address;
  std::memmove(to->data.get() + to_offset, from->data.get() + from_offset, bytes);
  if (to_offset % 4 == 0 && from_offset % 4 == 0 && bytes % 4 == 0) {
    std::memmove(&to->initialised[to_offset / 4], &from->initialised[from_offset / 4], bytes / 4);
    return true;
  }
  std::vector<bool> state(bytes);  // the ranges may overlap
  for (size_t i = 0; i < bytes; ++i) {
    state[i] = from->initialised[(from_offset + i) / 4] >> (from_offset + i) % 4 & 1;
  }
  for (size_t i = 0; i < bytes; ++i) to->set_initialised(to_offset + i, 1, state[i]);
  return true;
}

size_t Memory::first_uninitialised(uint64_t address, size_t bytes) const {
  const Implementation& in = *implementation_;
  std::lock_guard lock(in.mutex);
  const Allocation* found = in.holding(address, bytes);
  if (found == nullptr) return 0;
  const size_t start = address - found->address, end = start + bytes;
  for (size_t at = start; at < end;) {
    const uint8_t state = found->initialised[at / 4];
    if (at % 4 == 0 && end - at >= 4 && state == 0xF) {
      at += 4;
    } else if ((state >> at % 4 & 1) == 0) {
      return at - start;
    } else {
      ++at;
    }
  }
  return bytes;
}

void Memory::forget(uint64_t address, size_t bytes) {
  Implementation& in = *implementation_;
  std::lock_guard lock(in.mutex);
  Allocation* found = in.holding(address, bytes);
  if (found == nullptr || bytes == 0) return;
  std::memset(found->data.get() + (address - found->address), 0xFF, bytes);
  found->set_initialised(address - found->address, bytes, false);
}

size_t Memory::limit() const { return implementation_->limit_bytes; }

size_t Memory::used() const {
  std::lock_guard lock(implementation_->mutex);
  return implementation_->used_bytes;
}

std::vector<Memory::Live> Memory::live() const {
  std::lock_guard lock(implementation_->mutex);
  std::vector<Live> live;
  for (const auto& allocation : implementation_->allocations) {
    if (!allocation->released)
      live.push_back({allocation->address, allocation->bytes, allocation->name});
  }
  return live;
}

}  // namespace nram::simulator
