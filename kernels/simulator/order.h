// What happened before what inside one block, by moments (moments.h): the races' judge.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/simulator/moments.h"
#include "kernels/simulator/sync_log.h"

namespace nram::simulator {

class BlockOrder {
 public:
  // Gives every warp of a new block its first moment. False if the moments are used up.
  bool begin(Moments& moments, SyncLog& log, uint32_t launch_first, uint32_t block, uint32_t warps);
  void end();
  // A barrier completes: `waiting` warps go on together, after all that they and `arrivals` did.
  void meet(uint32_t waiting, uint32_t arrivals);
  // The warp signals a barrier without waiting: what it does from now on is not covered.
  void arrive(uint32_t warp);
  // The warp's lanes synchronise among themselves.
  void warp_sync(uint32_t warp);

  // A fence towards other blocks: what the warp knows of may be published from now on.
  void fence(uint32_t warp);
  // A strong access to a word of global memory.
  void publish(uint32_t warp, uint64_t address);
  void acquire(uint64_t address) { log_->acquire(address, acquired_); }

  uint32_t moment(uint32_t warp) const { return now_[warp]; }
  // Marks of this block's moments up to common() lie before everything that the warp does now.
  // Those from reservation_start() on are of no other block; none is below block_start().
  uint32_t block_start() const { return block_start_; }
  uint32_t reservation_start() const { return first_; }
  uint32_t common(uint32_t warp) const { return common_[warp]; }
  uint32_t launch_first() const { return launch_first_; }
  // Whether a moment lies before what the warp does now.
  bool before(uint32_t moment, uint32_t warp) const;
  uint32_t warp_of(uint32_t moment) const { return moments_->owners[moment].warp; }
  uint32_t block_of(uint32_t moment) const { return moments_->owners[moment].block; }

 private:
  using PerWarp = std::array<uint32_t, 32>;

  uint32_t next(uint32_t warp);

  Moments* moments_ = nullptr;
  SyncLog* log_ = nullptr;
  uint32_t launch_first_ = 0, block_ = 0, warps_ = 0;
  uint32_t block_start_ = 0, first_ = 0;
  uint32_t unused_ = 0, end_ = 0;  // what is left of the present reservation
  // The launch is short of moments: warps keep theirs, and what a block does counts as ordered.
  bool coarse_ = false;
  PerWarp now_{}, common_{};
  std::array<PerWarp, 32> known_{};  // of each warp: the last moment of each that lies before it
  PerWarp fenced_{};                 // the last moment of each that a fence has covered
  bool any_fence_ = false;
  std::vector<SyncLog::Acquired> acquired_;
};

}  // namespace nram::simulator
