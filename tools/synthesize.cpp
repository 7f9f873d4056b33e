#include <chrono>
#include <cstdio>
#include <memory>

#include "data/synthetic_people.h"
#include "kernels/common/error.h"
#include "tools/commands.h"
#include "tools/progress.h"

namespace nram::tools {
namespace {

struct SynthesizeOptions {
  std::string directory;
  data::SyntheticOptions people;
};

void synthesize(const SynthesizeOptions& options) {
  ProgressBar bar;
  const auto start = std::chrono::steady_clock::now();
  data::synthesize(options.directory, options.people, [&](int done, int total) {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bar.update(done, total, text(duration_text(seconds * (total - done) / done), " left"));
  });
  bar.finish();
  const data::SyntheticOptions& people = options.people;
  std::printf("%s: %d people to train on and %d to test on, %d pictures of each, %d x %d\n",
              options.directory.c_str(), people.train_identities, people.test_identities,
              people.poses_per_identity, people.height, people.width);
}

}  // namespace

void add_synthesize(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "synthesize", "Draw a data set of synthetic people in the DeepFashion layout");
  const auto options = std::make_shared<SynthesizeOptions>();
  data::SyntheticOptions& people = options->people;
  command->add_option("DIR", options->directory, "Folder to make")->required();
  command->add_option("--people", people.train_identities, "People in the train part")
      ->capture_default_str();
  command->add_option("--test-people", people.test_identities, "Other people in the test part")
      ->capture_default_str();
  command->add_option("--poses", people.poses_per_identity, "Pictures of each")
      ->capture_default_str();
  command->add_option("--height", people.height, "Image rows")->capture_default_str();
  command->add_option("--width", people.width, "Image columns")->capture_default_str();
  command->add_option("--seed", people.seed, "Another seed draws other people")
      ->capture_default_str();
  add_threads_option(*command);
  command->callback([options] { synthesize(*options); });
}

}  // namespace nram::tools
