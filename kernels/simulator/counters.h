// Adds up what the workers counted.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simulator/runtime.h"

namespace nram::simulator {

void fill_counters(const LaunchState& state, const std::vector<std::unique_ptr<Worker>>& workers,
                   const std::map<int, std::string>& files, LaunchReport& report);

}  // namespace nram::simulator
