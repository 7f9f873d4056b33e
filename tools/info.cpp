#include <omp.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/build_info.h"
#include "tools/commands.h"

namespace nram::tools {

void add_info(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "info", "Show the build, the devices, the libraries and the instruction set");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print JSON");
  command->callback([json] {
    const std::vector<std::pair<std::string, std::string>> facts = build_facts();
    if (*json) {
      nlohmann::ordered_json object;
      for (const auto& [name, value] : facts) object[name] = value;
      std::printf("%s\n", object.dump(2).c_str());
      return;
    }
    for (const auto& [name, value] : facts) {
      std::printf("%-22s %s\n", name.c_str(), value.c_str());
    }
  });
}

}  // namespace nram::tools
