// The graphics cards that the simulated GPU can stand for: the figures that launches are checked
// against, that occupancy follows from, and that rooflines are drawn with. From the makers' public
// data sheets and from what the driver reports on such cards; no toolkit is needed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nram::simulator {

struct Card {
  std::string_view name;     // as in NRAM_SIMULATOR_CARD
  std::string_view product;  // as the driver names it
  int capability = 0;        // 80: sm_80
  int multiprocessors = 0;
  int clock_khz = 0;  // boost
  int memory_clock_khz = 0;
  int memory_bus_bits = 0;
  uint64_t memory_bytes = 0;
  uint64_t l2_bytes = 0;
  uint32_t shared_per_multiprocessor = 0;
  uint32_t shared_per_block_optin = 0;     // with the function attribute
  uint32_t shared_reserved_per_block = 0;  // taken by the driver
  int threads_per_multiprocessor = 0;
  int blocks_per_multiprocessor = 0;
  int double_ratio = 0;  // fp32 rate over fp64 rate

  // Dense peaks in FLOP/s with fp32 accumulation; 0: the card has no such unit.
  double peak_fp32 = 0;
  double peak_tf32 = 0;
  double peak_bf16 = 0;
  double memory_bandwidth = 0;  // bytes a second

  // The same on every card of the table.
  static constexpr uint32_t kSharedPerBlock = 48 << 10;  // without the function attribute
  static constexpr int kRegistersPerMultiprocessor = 65536;
  static constexpr int kRegistersPerBlock = 65536;
  static constexpr int kThreadsPerBlock = 1024;
  static constexpr int kWarpSize = 32;

  int major() const { return capability / 10; }
  int minor() const { return capability % 10; }
};

const std::vector<Card>& cards();
// Case, spaces, dashes and underscores don't matter: "RTX 4090" is "rtx4090". Null: no such card.
const Card* find_card(std::string_view name);
// "A100, L40S, ..." for messages.
std::string card_names();

}  // namespace nram::simulator
