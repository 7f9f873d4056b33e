#include "kernels/simulator/sync_log.h"

#include <algorithm>

namespace nram::simulator {

void SyncLog::publish(uint64_t address, uint32_t block, const PerWarp& released,
                      const std::vector<Acquired>& acquired) {
  std::lock_guard lock(mutex_);
  Word*& word = words_[address];
  if (word == nullptr) word = &storage_.emplace_back();
  word->entries.push_back({block, released, acquired});
}

void SyncLog::acquire(uint64_t address, std::vector<Acquired>& acquired) {
  std::lock_guard lock(mutex_);
  const auto found = words_.find(address);
  if (found == words_.end()) return;
  const Acquired now{found->second, found->second->entries.size()};
  for (Acquired& known : acquired) {
    if (known.word != now.word) continue;
    known.entries = std::max(known.entries, now.entries);
    return;
  }
  acquired.push_back(now);
}

bool SyncLog::covers(const std::vector<Acquired>& acquired, uint32_t block, uint32_t warp,
                     uint32_t moment) {
  std::lock_guard lock(mutex_);
  std::unordered_map<const Word*, size_t> seen;
  return std::any_of(acquired.begin(), acquired.end(),
                     [&](const Acquired& from) { return search(from, block, warp, moment, seen); });
}

bool SyncLog::search(const Acquired& from, uint32_t block, uint32_t warp, uint32_t moment,
                     std::unordered_map<const Word*, size_t>& seen) const {
  size_t& done = seen[from.word];  // entries of that word already searched
  const size_t start = done;
  done = std::max(done, from.entries);
  for (size_t i = start; i < from.entries; ++i) {
    const Entry& entry = from.word->entries[i];
    if (entry.block == block && moment <= entry.released[warp]) return true;
    for (const Acquired& further : entry.acquired) {
      if (search(further, block, warp, moment, seen)) return true;
    }
  }
  return false;
}

}  // namespace nram::simulator
