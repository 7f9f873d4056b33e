#include "training/evaluate.h"

#include <cstdio>
#include <memory>

#include "data/file.h"
#include "tools/commands.h"
#include "tools/progress.h"

namespace nram::tools {
namespace {

struct EvaluateCommand {
  EvaluateOptions options;
  std::string json;
};

void run_evaluate(const EvaluateCommand& command) {
  ProgressBar bar;
  const Evaluation evaluation =
      evaluate(command.options, [&](int done, int total) { bar.update(done, total, "pairs"); });
  bar.finish();
  for (const std::string& warning : evaluation.warnings) bar.message(warning);
  const std::string json = to_json(evaluation);
  if (command.json == "-") {
    std::fputs(json.c_str(), stdout);
    return;
  }
  if (!command.json.empty()) data::write_atomically(command.json, json.data(), json.size());
  std::fputs(to_table(evaluation).c_str(), stdout);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "evaluate",
      "Score a model on a data set's test part, beside 'copy the source' and 'plain "
      "background'");
  const auto options = std::make_shared<EvaluateCommand>();
  EvaluateOptions& evaluate = options->options;
  command->add_option("--weights", evaluate.weights, "generator.safetensors, or a checkpoint")
      ->required();
  command->add_option("--data", evaluate.data, "Data set in the DeepFashion layout")->required();
  command->add_option("--split", evaluate.split, "test or train")->capture_default_str();
  command->add_option("--json", options->json,
                      "Also write every pair's metrics and the means to this file (-: print them "
                      "instead of the table)");
  command->add_option("--pictures", evaluate.pictures,
                      "Also write every generated image and a grid to this folder");
  command->add_option("--limit", evaluate.limit, "Only so many pairs, evenly spread");
  command->add_flag("--skip-missing", evaluate.skip_missing,
                    "Leave out pairs whose images are missing");
  add_device_option(*command, evaluate.device);
  add_threads_option(*command);
  command->callback([options] { run_evaluate(*options); });
}

}  // namespace nram::tools
