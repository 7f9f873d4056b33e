// Where a program's time goes: medians over several runs, per op or per layer, against the measured
// peak.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/program.h"
#include "kernels/common/peak.h"

namespace nram {

struct ProfileRow {
  std::string name;    // op, or layer
  int calls = 0;       // in one run
  double seconds = 0;  // in one run
  double flops = 0;
  double bytes = 0;  // if every tensor is read or written once
  // The time that flops at the peak rate or bytes at the peak bandwidth need, whichever is longer.
  double bound_seconds = 0;
};

class Profile {
 public:
  // Calls run(times) `runs` times after one warm-up; it must run `program` once with these times.
  Profile(const Program& program, int runs, const std::function<void(std::vector<StepTime>*)>& run);

  // Sorted by time, the longest first.
  std::vector<ProfileRow> by_op(const Peak& peak) const;
  std::vector<ProfileRow> by_layer(const Peak& peak) const;
  // Median over the runs of all steps' times together.
  double seconds() const;
  // One run as a Chrome trace (chrome://tracing, Perfetto): an event for each step.
  std::string chrome_trace() const;

 private:
  std::vector<ProfileRow> rows(const Peak& peak,
                               const std::function<std::string(const Program::Step&)>& name) const;
  const Program& program_;
  std::vector<std::vector<StepTime>> runs_;
  std::vector<double> medians_;  // of each step
};

// Time, share, GFLOP/s, GB/s and percent of the peak, a line for each of the first `most` rows and
// one for all.
std::string to_table(const std::vector<ProfileRow>& rows, const Peak& peak, size_t most);

}  // namespace nram
