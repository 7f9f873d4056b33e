#include <gtest/gtest.h>

#include <cstring>

#include "kernels/simulator/simulator.h"

namespace nram::simulator {
namespace {

TEST(Memory, IsPoisonedAndUninitialisedAtFirst) {
  Memory memory(1 << 20);
  const uint64_t address = memory.allocate(100, "fresh");
  ASSERT_NE(address, 0u);
  EXPECT_EQ(address % 256, 0u);
  std::vector<uint8_t> bytes(100, 0);
  ASSERT_TRUE(memory.read(address, bytes.data(), 100));
  for (const uint8_t byte : bytes) EXPECT_EQ(byte, 0xFF);
  EXPECT_EQ(memory.first_uninitialised(address, 100), 0u);
}

TEST(Memory, KnowsWhichBytesWereWritten) {
  Memory memory(1 << 20);
  const uint64_t address = memory.allocate(64, "parts");
  const std::vector<uint8_t> values(64, 7);
  ASSERT_TRUE(memory.write(address, values.data(), 13));
  EXPECT_EQ(memory.first_uninitialised(address, 64), 13u);
  ASSERT_TRUE(memory.fill(address + 14, 1, 50));
  EXPECT_EQ(memory.first_uninitialised(address, 64), 13u);
  EXPECT_EQ(memory.first_uninitialised(address + 14, 50), 50u);
  const uint64_t copy = memory.allocate(64, "copy");
  ASSERT_TRUE(memory.copy(copy, address, 64));
  EXPECT_EQ(memory.first_uninitialised(copy, 64), 13u);
  ASSERT_TRUE(memory.copy(copy + 1, address + 2, 20));  // unaligned: bit by bit
  EXPECT_EQ(memory.first_uninitialised(copy, 64), 12u);
  memory.forget(address + 3, 2);
  EXPECT_EQ(memory.first_uninitialised(address, 64), 3u);
  uint8_t poisoned = 0;
  ASSERT_TRUE(memory.read(address + 3, &poisoned, 1));
  EXPECT_EQ(poisoned, 0xFF);
}

TEST(Memory, RefusesWhatLiesOutside) {
  Memory memory(1 << 20);
  const uint64_t address = memory.allocate(64, "small");
  uint32_t value = 0;
  EXPECT_FALSE(memory.write(address + 62, &value, 4));
  EXPECT_FALSE(memory.read(address - 4, &value, 4));
  EXPECT_FALSE(memory.fill(address, 0, 65));
  EXPECT_FALSE(memory.copy(address, address + 1, 64));
  EXPECT_EQ(memory.find(address + 62, 4).data, nullptr);
  EXPECT_EQ(memory.find(address + 62, 4).name, "small");
  EXPECT_NE(memory.find(address + 60, 4).data, nullptr);
  EXPECT_EQ(memory.find(12345, 4).name, "");
  EXPECT_EQ(memory.find(~uint64_t{0}, 1).name, "");
}

TEST(Memory, KeepsItsLimitAndRemembersTheReleased) {
  Memory memory(1024);
  EXPECT_EQ(memory.allocate(0, "nothing"), 0u);
  EXPECT_EQ(memory.allocate(2000, "much"), 0u);
  const uint64_t first = memory.allocate(600, "first");
  EXPECT_EQ(memory.used(), 768u);
  EXPECT_EQ(memory.allocate(512, "second"), 0u);
  EXPECT_FALSE(memory.release(first + 256));
  EXPECT_TRUE(memory.release(first));
  EXPECT_FALSE(memory.release(first));
  EXPECT_EQ(memory.used(), 0u);
  EXPECT_TRUE(memory.find(first, 4).released);
  EXPECT_EQ(memory.find(first, 4).name, "first");
  const uint64_t second = memory.allocate(512, "second");
  EXPECT_NE(second, first);
  ASSERT_EQ(memory.live().size(), 1u);
  EXPECT_EQ(memory.live()[0].name, "second");
}

}  // namespace
}  // namespace nram::simulator
