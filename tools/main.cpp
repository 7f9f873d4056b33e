#include <omp.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <new>

#include "kernels/common/error.h"
#include "tools/commands.h"

namespace nram::tools {
namespace {

constexpr int kFailed = 1;
constexpr int kUserMistake = 2;

std::atomic<bool> interrupted{false};

void on_signal(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);
}

int run(int argc, char** argv) {
  CLI::App app{
      "Pose transfer with nested residual attention (NRAM): a photo of a person and a target pose "
      "in, the same person in that pose out."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "nram " NRAM_VERSION);
  app.get_formatter()->column_width(34);
  add_synthesize(app);
  add_train(app);
  add_transfer(app);
  add_evaluate(app);
  add_attention(app);
  add_profile(app);
  add_inspect(app);
  add_parity(app);
  add_info(app);
  app.footer(
      "Start with 'nram synthesize people' and 'nram train --data people --output run'.\n"
      "'nram COMMAND --help' describes a command. Exit code: 0, 1 for a failed run, 2 for a "
      "mistake in the input.");
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "nram: " << error.what() << " ('nram --help' lists commands and options)\n";
    return kUserMistake;
  } catch (const Error& error) {
    std::cerr << "nram: " << error.what() << '\n';
    return error.is_user_mistake() ? kUserMistake : kFailed;
  } catch (const std::bad_alloc&) {
    std::cerr << "nram: out of memory; use a smaller batch, image or ngf\n";
    return kFailed;
  } catch (const std::exception& error) {
    std::cerr << "nram: " << error.what() << '\n';
    return kFailed;
  }
}

}  // namespace

const std::atomic<bool>& watch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  return interrupted;
}

void add_device_option(CLI::App& command, DeviceOptions& device) {
  command
      .add_option("--device", device.name,
                  "Where to compute: cpu, cuda (an NVIDIA GPU), sim (a simulated one: slow, checks "
                  "every access), or reference (slow, for checks)")
      ->capture_default_str();
  command.add_option("--precision", device.precision,
                     "float32 (default); on GPUs also tf32, or bfloat16 with float32 weights and "
                     "sums");
}

void add_threads_option(CLI::App& command) {
  command
      .add_option_function<int>(
          "--threads",
          [](int threads) {
            NRAM_USER_CHECK(threads >= 1 && threads <= 1024, "--threads is ", threads,
                            "; it must lie between 1 and 1024");
            omp_set_num_threads(threads);
          },
          "OpenMP threads (default: one for each core)")
      ->type_name("INT");
}

}  // namespace nram::tools

int main(int argc, char** argv) { return nram::tools::run(argc, argv); }
