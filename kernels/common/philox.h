// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
// easy as 1, 2, 3"). The same key and counter give the same bits on every machine and thread count.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace nram {

// Ten rounds of Philox4x32 on one 128-bit counter with a 64-bit key.
inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                                      std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * counter[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

// A stream of random numbers named by (seed, stream); its position can be saved and restored.
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  uint32_t next() {
    const uint64_t block = position_ / 4;
    if (position_ % 4 == 0 || !filled_) {
      block_ = philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                       static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
                      {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)});
      filled_ = true;
    }
    return block_[position_++ % 4];
  }
  // Uniform in [0, 1) with 24 random bits.
  double uniform() { return (next() >> 8) * (1.0 / 16777216.0); }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // Uniform integer in [0, n), n > 0.
  uint32_t below(uint32_t n) { return static_cast<uint32_t>((uint64_t{next()} * n) >> 32); }
  // Standard normal by Box-Muller; uses two draws.
  double normal() {
    const double u = (next() + 0.5) * (1.0 / 4294967296.0);
    const double v = (next() + 0.5) * (1.0 / 4294967296.0);
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
  }
  uint64_t position() const { return position_; }
  void seek(uint64_t position) {
    position_ = position;
    filled_ = false;
  }

 private:
  uint64_t seed_;
  uint64_t stream_;
  uint64_t position_ = 0;
  std::array<uint32_t, 4> block_{};
  bool filled_ = false;
};

}  // namespace nram
