// Bugs on purpose: each is a use of the device that is wrong, what must be found then, and a twin
// without the bug, with which nothing may be found.
#pragma once

#include <string>
#include <vector>

#include "tests/simulator_driver/sandbox.h"

namespace nram::planted {

struct Planted {
  const char* name;
  const char* expected;  // in the text of a finding
  void (*bug)(Sandbox&);
  void (*twin)(Sandbox&);
};

std::vector<Planted> planted_in_kernels();
std::vector<Planted> planted_between_streams();
std::vector<Planted> planted_in_host_code();

}  // namespace nram::planted
