// Collects findings from all worker threads: one for each kind and source line, with a count.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "kernels/simulator/code.h"
#include "kernels/simulator/simulator.h"

namespace nram::simulator {

class FindingLog {
 public:
  FindingLog(const Kernel& kernel, const std::map<int, std::string>& files, int most)
      : kernel_(kernel), files_(files), most_(most) {}

  // `instruction` is an index into the code, or -1.
  void add(Severity severity, const std::string& kind, const std::string& message, Dim3 block,
           Dim3 thread, int instruction, uint64_t occurrences);
  // In the order of the source lines.
  std::vector<Finding> take();
  void set_faulted() { faulted_ = true; }
  bool faulted() const { return faulted_; }

 private:
  const Kernel& kernel_;
  const std::map<int, std::string>& files_;
  const int most_;
  std::mutex mutex_;
  // By file, line and kind; the PTX line where there is no source line.
  std::map<std::tuple<int, int, std::string>, Finding> findings_;
  std::atomic<bool> faulted_{false};
};

}  // namespace nram::simulator
