#include "training/transfer.h"

#include <cstdio>
#include <memory>

#include "data/draw.h"
#include "tools/pair_options.h"

namespace nram::tools {
namespace {

struct TransferOptions {
  PairOptions pair;
  std::string output;
  std::string grid;
};

void transfer(const TransferOptions& options) {
  Transferrer transferrer(options.pair.weights, device(options.pair.device));
  const TransferResult result = transferrer.run(read_pair(options.pair, transferrer.config()));
  data::write_image(options.output, result.generated);
  if (!options.grid.empty()) {
    data::GridOptions grid;
    grid.columns = {"source", "target pose", "generated"};
    data::write_image(options.grid,
                      data::compose_grid({{result.source, result.pose, result.generated}}, grid));
  }
  std::printf("%s\n", options.output.c_str());
}

}  // namespace

void add_transfer(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "transfer", "Put the person of a photo, or of a data set's image, into another pose");
  const auto options = std::make_shared<TransferOptions>();
  add_pair_options(*command, options->pair);
  command->add_option("--output", options->output, "PNG or JPEG to write")->required();
  command->add_option("--grid", options->grid,
                      "Also write source, target pose and result side by side");
  command->callback([options] { transfer(*options); });
}

}  // namespace nram::tools
