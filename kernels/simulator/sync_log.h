// What blocks of one launch tell each other through words of global memory: a fence and then an
// atomic operation or a strong store publish what the block has done so far; whoever reads the word
// by a strong load or an atomic operation learns of it, and of all that the publisher had learnt.
// (A missing fence on the reader's side goes unnoticed.)
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace nram::simulator {

class SyncLog {
 public:
  using PerWarp = std::array<uint32_t, 32>;  // a moment of each warp of a block
  struct Word;
  // Has read the first `entries` entries of a word's log.
  struct Acquired {
    const Word* word;
    size_t entries;
  };

  struct Entry {
    uint32_t block;
    PerWarp released;
    std::vector<Acquired> acquired;
  };
  struct Word {
    std::deque<Entry> entries;
  };

  void publish(uint64_t address, uint32_t block, const PerWarp& released,
               const std::vector<Acquired>& acquired);
  // Adds what the word tells at present.
  void acquire(uint64_t address, std::vector<Acquired>& acquired);
  // Whether the moment, of a warp of a block, was published to somebody who has acquired these.
  bool covers(const std::vector<Acquired>& acquired, uint32_t block, uint32_t warp,
              uint32_t moment);

 private:
  bool search(const Acquired& from, uint32_t block, uint32_t warp, uint32_t moment,
              std::unordered_map<const Word*, size_t>& seen) const;

  std::mutex mutex_;
  std::unordered_map<uint64_t, Word*> words_;
  std::deque<Word> storage_;
};

}  // namespace nram::simulator
