#include <cstdio>
#include <memory>

#include "tools/pair_options.h"

namespace nram::tools {
namespace {

struct AttentionOptions {
  PairOptions pair;
  std::string output;
};

void attention(const AttentionOptions& options) {
  Transferrer transferrer(options.pair.weights, device(options.pair.device));
  const TransferResult result = transferrer.run(read_pair(options.pair, transferrer.config()));
  data::write_image(options.output, attention_grid(result, transferrer.config()));
  std::printf("%s\n", options.output.c_str());
}

}  // namespace

void add_attention(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "attention", "Show where each module looks: its attention mask as a map and over the result");
  const auto options = std::make_shared<AttentionOptions>();
  add_pair_options(*command, options->pair);
  command->add_option("--output", options->output, "PNG to write")->required();
  command->callback([options] { attention(*options); });
}

}  // namespace nram::tools
