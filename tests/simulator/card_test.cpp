#include "kernels/simulator/card.h"

#include <gtest/gtest.h>

namespace nram::simulator {
namespace {

TEST(Card, IsFoundByItsNameHoweverItIsWritten) {
  for (const char* name : {"A100", "L40S", "H100", "H200", "B200", "RTX 4090", "rtx-4090"}) {
    ASSERT_NE(find_card(name), nullptr) << name;
  }
  EXPECT_EQ(find_card("RTX4090")->capability, 89);
  EXPECT_EQ(find_card("b200")->capability, 100);
  EXPECT_EQ(find_card("Voodoo"), nullptr);
  EXPECT_EQ(find_card(""), nullptr);
  EXPECT_EQ(card_names().find("A100, "), 0u);
}

// The data sheets' peaks follow from the figures beside them: 2 flops a clock of each fp32 lane.
TEST(Card, HasPeaksThatFitItsClock) {
  for (const Card& card : cards()) {
    const double lanes = card.capability == 80 || card.capability == 75 ? 64 : 128;
    const double peak = 2.0 * lanes * card.multiprocessors * card.clock_khz * 1e3;
    EXPECT_NEAR(card.peak_fp32 / peak, 1, 0.08) << card.name;
    // A double data rate: two bits a pin and memory clock; GDDR and HBM state it differently.
    const double bandwidth = 2.0 * card.memory_clock_khz * 1e3 * card.memory_bus_bits / 8;
    EXPECT_NEAR(card.memory_bandwidth / bandwidth, 1, 0.05) << card.name;
    EXPECT_LE(card.shared_per_block_optin + card.shared_reserved_per_block,
              card.shared_per_multiprocessor)
        << card.name;
    EXPECT_LE(card.peak_tf32, card.peak_bf16) << card.name;
    EXPECT_EQ(card.threads_per_multiprocessor % Card::kWarpSize, 0) << card.name;
  }
}

}  // namespace
}  // namespace nram::simulator
