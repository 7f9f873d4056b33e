// What this machine has of NVIDIA's, for `nram info`.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace nram::vendor {

// Driver, cuDNN, cuBLASLt: version and place, or why there is none.
std::vector<std::pair<std::string, std::string>> cuda_facts();

}  // namespace nram::vendor
