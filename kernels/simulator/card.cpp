#include "kernels/simulator/card.h"

#include <cctype>

namespace nram::simulator {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = kKiB * 1024;
constexpr uint64_t kGiB = kMiB * 1024;

std::string plain(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return result;
}

std::vector<Card> table() {
  return {
      {.name = "A100",
       .product = "NVIDIA A100-SXM4-80GB",
       .capability = 80,
       .multiprocessors = 108,
       .clock_khz = 1410000,
       .memory_clock_khz = 1593000,
       .memory_bus_bits = 5120,
       .memory_bytes = 80 * kGiB,
       .l2_bytes = 40 * kMiB,
       .shared_per_multiprocessor = 164 * kKiB,
       .shared_per_block_optin = 163 * kKiB,
       .shared_reserved_per_block = 1 * kKiB,
       .threads_per_multiprocessor = 2048,
       .blocks_per_multiprocessor = 32,
       .double_ratio = 2,
       .peak_fp32 = 19.5e12,
       .peak_tf32 = 156e12,
       .peak_bf16 = 312e12,
       .memory_bandwidth = 2039e9},
      {.name = "L40S",
       .product = "NVIDIA L40S",
       .capability = 89,
       .multiprocessors = 142,
       .clock_khz = 2520000,
       .memory_clock_khz = 9001000,
       .memory_bus_bits = 384,
       .memory_bytes = 48 * kGiB,
       .l2_bytes = 96 * kMiB,
       .shared_per_multiprocessor = 100 * kKiB,
       .shared_per_block_optin = 99 * kKiB,
       .shared_reserved_per_block = 1 * kKiB,
       .threads_per_multiprocessor = 1536,
       .blocks_per_multiprocessor = 24,
       .double_ratio = 64,
       .peak_fp32 = 91.6e12,
       .peak_tf32 = 183e12,
       .peak_bf16 = 362e12,
       .memory_bandwidth = 864e9},
      {.name = "H100",
       .product = "NVIDIA H100 80GB HBM3",
       .capability = 90,
       .multiprocessors = 132,
       .clock_khz = 1980000,
       .memory_clock_khz = 2619000,
       .memory_bus_bits = 5120,
       .memory_bytes = 80 * kGiB,
       .l2_bytes = 50 * kMiB,
       .shared_per_multiprocessor = 228 * kKiB,
       .shared_per_block_optin = 227 * kKiB,
       .shared_reserved_per_block = 1 * kKiB,
       .threads_per_multiprocessor = 2048,
       .blocks_per_multiprocessor = 32,
       .double_ratio = 2,
       .peak_fp32 = 66.9e12,
       .peak_tf32 = 494.7e12,
       .peak_bf16 = 989.4e12,
       .memory_bandwidth = 3352e9},
      {.name = "H200",
       .product = "NVIDIA H200",
       .capability = 90,
       .multiprocessors = 132,
       .clock_khz = 1980000,
       .memory_clock_khz = 3201000,
       .memory_bus_bits = 6144,
       .memory_bytes = 141 * kGiB,
       .l2_bytes = 50 * kMiB,
       .shared_per_multiprocessor = 228 * kKiB,
       .shared_per_block_optin = 227 * kKiB,
       .shared_reserved_per_block = 1 * kKiB,
       .threads_per_multiprocessor = 2048,
       .blocks_per_multiprocessor = 32,
       .double_ratio = 2,
       .peak_fp32 = 66.9e12,
       .peak_tf32 = 494.7e12,
       .peak_bf16 = 989.4e12,
       .memory_bandwidth = 4800e9},
      {.name = "B200",
       .product = "NVIDIA B200",
       .capability = 100,
       .multiprocessors = 148,
       .clock_khz = 1965000,
       .memory_clock_khz = 3996000,
       .memory_bus_bits = 8192,
       .memory_bytes = 180 * kGiB,
       .l2_bytes = 126 * kMiB,
       .shared_per_multiprocessor = 228 * kKiB,
       .shared_per_block_optin = 227 * kKiB,
       .shared_reserved_per_block = 1 * kKiB,
       .threads_per_multiprocessor = 2048,
       .blocks_per_multiprocessor = 32,
       .double_ratio = 2,
       .peak_fp32 = 74.4e12,
       .peak_tf32 = 1100e12,
       .peak_bf16 = 2250e12,
       .memory_bandwidth = 8000e9},
      {.name = "RTX4090",
       .product = "NVIDIA GeForce RTX 4090",
       .capability = 89,
       .multiprocessors = 128,
       .clock_khz = 2520000,
       .memory_clock_khz = 10501000,
       .memory_bus_bits = 384,
       .memory_bytes = 24 * kGiB,
       .l2_bytes = 72 * kMiB,
       .shared_per_multiprocessor = 100 * kKiB,
       .shared_per_block_optin = 99 * kKiB,
       .shared_reserved_per_block = 1 * kKiB,
       .threads_per_multiprocessor = 1536,
       .blocks_per_multiprocessor = 24,
       .double_ratio = 64,
       .peak_fp32 = 82.6e12,
       .peak_tf32 = 82.6e12,
       .peak_bf16 = 165.2e12,
       .memory_bandwidth = 1008e9},
      {.name = "RTX5090",
       .product = "NVIDIA GeForce RTX 5090",
       .capability = 120,
       .multiprocessors = 170,
       .clock_khz = 2407000,
       .memory_clock_khz = 14001000,
       .memory_bus_bits = 512,
       .memory_bytes = 32 * kGiB,
       .l2_bytes = 96 * kMiB,
       .shared_per_multiprocessor = 100 * kKiB,
       .shared_per_block_optin = 99 * kKiB,
       .shared_reserved_per_block = 1 * kKiB,
       .threads_per_multiprocessor = 1536,
       .blocks_per_multiprocessor = 24,
       .double_ratio = 64,
       .peak_fp32 = 104.8e12,
       .peak_tf32 = 104.8e12,
       .peak_bf16 = 209.5e12,
       .memory_bandwidth = 1792e9},
      {.name = "T4",
       .product = "Tesla T4",
       .capability = 75,
       .multiprocessors = 40,
       .clock_khz = 1590000,
       .memory_clock_khz = 5001000,
       .memory_bus_bits = 256,
       .memory_bytes = 16 * kGiB,
       .l2_bytes = 4 * kMiB,
       .shared_per_multiprocessor = 64 * kKiB,
       .shared_per_block_optin = 64 * kKiB,
       .shared_reserved_per_block = 0,
       .threads_per_multiprocessor = 1024,
       .blocks_per_multiprocessor = 16,
       .double_ratio = 32,
       .peak_fp32 = 8.1e12,
       .memory_bandwidth = 320e9},
  };
}

}  // namespace

const std::vector<Card>& cards() {
  static const std::vector<Card> all = table();
  return all;
}

const Card* find_card(std::string_view name) {
  for (const Card& card : cards()) {
    if (plain(card.name) == plain(name)) return &card;
  }
  return nullptr;
}

std::string card_names() {
  std::string names;
  for (const Card& card : cards()) {
    if (!names.empty()) names += ", ";
    names += card.name;
  }
  return names;
}

}  // namespace nram::simulator
