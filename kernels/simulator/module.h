// The inside of a parsed PTX file.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simulator/code.h"
#include "kernels/simulator/simulator.h"

namespace nram::simulator {

struct Module::Implementation {
  std::map<int, std::string> files;
  std::deque<Variable> variables;         // global and constant ones
  std::map<std::string, Global> globals;  // after load
  std::vector<std::shared_ptr<Code>> codes;
  bool loaded = false;
};

}  // namespace nram::simulator
