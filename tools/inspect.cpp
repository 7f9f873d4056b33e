#include <cstdio>
#include <memory>

#include "engine/weights_file.h"
#include "model/config.h"
#include "tools/commands.h"

namespace nram::tools {
namespace {

struct InspectOptions {
  std::string path;
  bool json = false;
};

void inspect(const InspectOptions& options) {
  const WeightsFile file = WeightsFile::open(options.path);
  if (options.json) {
    std::printf("%s\n", describe_json(file).c_str());
    return;
  }
  std::printf("%s", describe(file).c_str());
  if (file.find("generator.appearance_encoder.conv0.weight") == nullptr) return;
  std::printf("\narchitecture\n");
  for (const auto& [key, value] : to_metadata(config_of(file))) {
    std::printf("  %-12s %s\n", key.c_str(), value.c_str());
  }
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "inspect", "Show what a weights file holds: tensors, shapes, architecture");
  const auto options = std::make_shared<InspectOptions>();
  command->add_option("FILE", options->path, "safetensors file")->required();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] { inspect(*options); });
}

}  // namespace nram::tools
