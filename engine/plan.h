// Memory planning: blocks with lifetimes placed in one arena, and an independent checker of the
// result.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nram {

// Memory that must exist from step `first` to step `last`, both included.
struct Block {
  int64_t bytes = 0;
  int first = 0;
  int last = 0;
  int64_t offset = 0;  // the planner's answer, a multiple of 64
};

// Places blocks so that no two that live at one time overlap, largest first, each at the lowest
// free offset. Sets the offsets and returns the arena's size in bytes.
int64_t plan_memory(std::vector<Block>& blocks);

// What one step touches, for the checker: rows of `row_bytes` at `offset`, `pitch_bytes` apart.
struct Access {
  int value;  // which tensor these bytes hold
  int64_t offset;
  int64_t rows;
  int64_t row_bytes;
  int64_t pitch_bytes;
};

struct StepAccess {
  std::string name;
  std::vector<Access> reads;
  std::vector<Access> writes;
};

// Replays a program's steps on a map of which value each 4-byte word of the arena holds, and
// returns a sentence for each read that would not find the value it wants (at most ten). It knows
// nothing of blocks and lifetimes, so that it cannot repeat the planner's mistakes. `kept` are read
// once more at the end.
std::vector<std::string> check_plan(const std::vector<StepAccess>& steps,
                                    const std::vector<Access>& kept, int64_t arena_bytes);

}  // namespace nram
