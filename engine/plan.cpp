#include "engine/plan.h"

#include <algorithm>
#include <numeric>

#include "kernels/common/error.h"

namespace nram {

int64_t plan_memory(std::vector<Block>& blocks) {
  constexpr int64_t kAlignment = 64;
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::vector<size_t> placed;  // sorted by offset
  int64_t arena = 0;
  for (const size_t index : order) {
    Block& block = blocks[index];
    const int64_t bytes = (block.bytes + kAlignment - 1) / kAlignment * kAlignment;
    int64_t offset = 0;
    for (const size_t other_index : placed) {
      const Block& other = blocks[other_index];
      if (other.last < block.first || other.first > block.last) continue;
      if (other.offset >= offset + bytes) break;
      offset =
          std::max(offset, (other.offset + other.bytes + kAlignment - 1) / kAlignment * kAlignment);
    }
    block.offset = offset;
    arena = std::max(arena, offset + bytes);
    const auto at = std::upper_bound(placed.begin(), placed.end(), index, [&](size_t a, size_t b) {
      return blocks[a].offset < blocks[b].offset;
    });
    placed.insert(at, index);
  }
  return arena;
}

std::vector<std::string> check_plan(const std::vector<StepAccess>& steps,
                                    const std::vector<Access>& kept, int64_t arena_bytes) {
  constexpr int64_t kWord = 4;
  constexpr size_t kMostFindings = 10;
  std::vector<int32_t> holds(static_cast<size_t>((arena_bytes + kWord - 1) / kWord), -1);
  std::vector<std::string> findings;
  const auto check = [&](const Access& access, const std::string& reader) {
    for (int64_t r = 0; r < access.rows; ++r) {
      const int64_t begin = access.offset + r * access.pitch_bytes;
      for (int64_t word = begin / kWord; word * kWord < begin + access.row_bytes; ++word) {
        if (word < 0 || word >= static_cast<int64_t>(holds.size())) {
          findings.push_back(text(reader, " reads value ", access.value, " outside of the arena"));
          return;
        }
        if (holds[static_cast<size_t>(word)] != access.value) {
          findings.push_back(text(reader, " reads value ", access.value, " at byte ", word * kWord,
                                  ", which holds value ", holds[static_cast<size_t>(word)]));
          return;
        }
      }
    }
  };
  for (const StepAccess& step : steps) {
    for (const Access& access : step.reads) check(access, step.name);
    for (const Access& access : step.writes) {
      for (int64_t r = 0; r < access.rows; ++r) {
        const int64_t begin = access.offset + r * access.pitch_bytes;
        for (int64_t word = begin / kWord; word * kWord < begin + access.row_bytes; ++word) {
          if (word < 0 || word >= static_cast<int64_t>(holds.size())) {
            findings.push_back(
                text(step.name, " writes value ", access.value, " outside of the arena"));
            return findings;
          }
          holds[static_cast<size_t>(word)] = access.value;
        }
      }
    }
    if (findings.size() >= kMostFindings) return findings;
  }
  for (const Access& access : kept) check(access, "the host");
  return findings;
}

}  // namespace nram
