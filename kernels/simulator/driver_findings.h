// What the simulated GPU found and counted since the last reset: findings of kernels and of host
// code, each printed once as it is found, and the counters of launches, summed by kernel name.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/simulator/simulator.h"

namespace nram::simulator::driver {

class Findings {
 public:
  void set_quiet(bool quiet) { quiet_ = quiet; }
  // The same finding again only raises its number of occurrences.
  void add(const Finding& finding);
  void add(Severity severity, const std::string& kind, const std::string& message);
  // Prints a line that is no finding, once.
  void note(const std::string& line);

  size_t count() const;
  size_t errors() const;
  std::string text(size_t index) const;  // empty: no such finding
  std::string json() const;
  void reset();

 private:
  static std::string key(const Finding& finding);
  mutable std::mutex mutex_;
  bool quiet_ = false;
  std::vector<Finding> findings_;
  std::map<std::string, size_t> index_;
  std::map<std::string, bool> notes_;
};

class KernelCounters {
 public:
  void add(const std::string& kernel, const LaunchReport& report);
  std::string json() const;
  void reset();

 private:
  struct Sum {
    uint64_t launches = 0;
    double seconds = 0;
    uint64_t distinct_load_bytes = 0, distinct_store_bytes = 0;
    Counters total;
    std::map<std::string, uint64_t> instructions;
    std::map<std::pair<std::string, int>, Counters> lines;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Sum> sums_;
};

// A string literal of JSON.
std::string json_string(const std::string& text);

}  // namespace nram::simulator::driver
