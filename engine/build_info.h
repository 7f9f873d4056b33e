// What this program is and runs on, in words.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace nram {

// Name and value of each fact: compiler, build, devices, libraries compiled against and loaded,
// instruction sets, cores.
std::vector<std::pair<std::string, std::string>> build_facts();

}  // namespace nram
