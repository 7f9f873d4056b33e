#include "kernels/simulator/order.h"

#include <algorithm>
#include <bit>

namespace nram::simulator {

namespace {

// Moments that a block takes at once, for each of its warps.
constexpr uint32_t kFirstShare = 8, kNextShare = 64;

}  // namespace

bool BlockOrder::begin(Moments& moments, SyncLog& log, uint32_t launch_first, uint32_t block,
                       uint32_t warps) {
  moments_ = &moments;
  log_ = &log;
  fenced_.fill(0);
  any_fence_ = false;
  acquired_.clear();
  launch_first_ = launch_first;
  block_ = block;
  warps_ = warps;
  coarse_ = moments.scarce();
  const uint32_t share = warps * (coarse_ ? 1 : kFirstShare);
  block_start_ = first_ = moments.take(share);
  if (first_ == 0) return false;
  unused_ = first_;
  end_ = first_ + share;
  for (uint32_t warp = 0; warp < warps; ++warp) {
    moments_->owners[unused_] = {block_, warp};
    now_[warp] = unused_++;
  }
  for (uint32_t warp = 0; warp < warps; ++warp) {
    known_[warp].fill(0);
    common_[warp] = coarse_ ? unused_ - 1 : first_ - 1;
  }
  return true;
}

void BlockOrder::end() {
  moments_->give_back(unused_, end_);
  end_ = unused_;
}

uint32_t BlockOrder::next(uint32_t warp) {
  if (unused_ == end_ && !coarse_) {
    const uint32_t count = warps_ * kNextShare;
    const uint32_t start = moments_->scarce() ? 0 : moments_->take(count);
    coarse_ = start == 0;
    // Where a block on a second thread has come between, a new reservation begins.
    if (!coarse_ && start != end_) first_ = unused_ = start;
    if (!coarse_) end_ = start + count;
  }
  if (coarse_) return now_[warp];
  moments_->owners[unused_] = {block_, warp};
  return unused_++;
}

void BlockOrder::meet(uint32_t waiting, uint32_t arrivals) {
  PerWarp joined{};
  for (uint32_t rest = waiting | arrivals; rest != 0; rest &= rest - 1) {
    const auto warp = static_cast<uint32_t>(std::countr_zero(rest));
    for (uint32_t other = 0; other < warps_; ++other) {
      joined[other] = std::max(joined[other], known_[warp][other]);
    }
    if ((waiting >> warp & 1) != 0) joined[warp] = std::max(joined[warp], now_[warp]);
  }
  // With every warp here, all the block's moments so far lie before what comes.
  const bool whole = static_cast<uint32_t>(std::popcount(waiting)) == warps_;
  const uint32_t latest = unused_ - 1;
  for (uint32_t rest = waiting; rest != 0; rest &= rest - 1) {
    const auto warp = static_cast<uint32_t>(std::countr_zero(rest));
    known_[warp] = joined;
    now_[warp] = next(warp);
    if (whole) common_[warp] = latest;
  }
}

void BlockOrder::arrive(uint32_t warp) {
  // Those who sync there will learn of this moment, not of the next one.
  known_[warp][warp] = now_[warp];
  now_[warp] = next(warp);
}

void BlockOrder::warp_sync(uint32_t warp) {
  known_[warp][warp] = now_[warp];
  now_[warp] = next(warp);
}

void BlockOrder::fence(uint32_t warp) {
  warp_sync(warp);  // what the warp does from now on is not covered
  for (uint32_t other = 0; other < warps_; ++other) {
    fenced_[other] = std::max(fenced_[other], known_[warp][other]);
  }
  any_fence_ = true;
}

void BlockOrder::publish(uint32_t warp, uint64_t address) {
  if (!any_fence_) return;
  PerWarp released{};
  for (uint32_t other = 0; other < warps_; ++other) {
    released[other] = std::min(fenced_[other], known_[warp][other]);
  }
  log_->publish(address, block_, released, acquired_);
}

bool BlockOrder::before(uint32_t moment, uint32_t warp) const {
  if (moment < launch_first_) return true;
  const Moments::Owner& owner = moments_->owners[moment];
  if (owner.block == block_) return coarse_ || moment <= known_[warp][owner.warp];
  return !acquired_.empty() && log_->covers(acquired_, owner.block, owner.warp, moment);
}

}  // namespace nram::simulator
