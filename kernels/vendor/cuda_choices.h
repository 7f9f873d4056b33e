// Chooses, for every convolution and Gram matrix of a program, between the project's own kernels
// and cuDNN's or cuBLASLt's, by measurement on the card.
//
// When: while the program is compiled. Its workspaces are planned then, and the memory that a
// measurement takes is free again before the arena is allocated; running a step, and recording it,
// only looks the choice up. A choice is made for tensors as they lie (pitches, alignment); a call
// that none was made for runs the project's own kernels.
//
// How: see CallBench and Selector. The card's device owns the choices, and the launcher knows them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/common/launch.h"
#include "kernels/vendor/cuda_bench.h"
#include "kernels/vendor/cuda_problem.h"

namespace nram::vendor {

// What a user may force by NRAM_KERNELS.
struct KernelOption {
  Preference preference = Preference::kAuto;  // "auto", "own", "vendor"
  bool compiled = false;  // "compile": auto, with engines that cuDNN compiles at every start
};
// auto where it is not set. Throws a user error on other words.
KernelOption kernel_option_from_environment();

class Choices {
 public:
  // Makes the families beside the project's own; none where nothing is to be asked.
  using Rivals = std::function<std::vector<std::unique_ptr<Family>>(const Problem&)>;

  // `say` gets a sentence before what takes long, and about what was not possible.
  Choices(Card card, Rivals rivals, ChoiceCache& cache, Preference preference,
          ChoiceCache::Say say = ChoiceCache::say_on_stderr);
  ~Choices();

  // Chooses for a call, whose views need no memory, and whose workspace is that of `own`, the
  // project's kernel. The workspace of the chosen one in bytes; 0 if it is the project's own.
  size_t prepare(const Problem& problem, const Call& call, Kernel own);
  // The same from what has been measured before; 0 where nothing has been.
  size_t foresee(const Problem& problem);
  // Runs the call if another than the project's own kernel was chosen for it.
  bool run(const Problem& problem, const Call& call) const;

  // What was chosen, for reports.
  struct Row {
    Problem problem;
    std::string family;  // "own", "cudnn"
    std::string name;    // "fused 38 2=1"
    double milliseconds = 0;
    bool measured_now = false;
  };
  std::vector<Row> rows() const;
  // "12 of 31 problems run by cuDNN or cuBLASLt, kept in ...".
  std::string summary() const;

 private:
  std::vector<std::unique_ptr<Family>> families(const Problem& problem, const Call& call,
                                                Kernel own) const;
  Facts facts(const Problem& problem) const;

  Card card_;
  Rivals rivals_;
  ChoiceCache& cache_;
  Preference preference_;
  Selector selector_;
  ChoiceCache::Say say_;
  bool announced_ = false;
  std::map<Problem, Choice> choices_;
};

// cuDNN's convolutions, in one graph or with the LeakyReLU as the project's own pass after it, and
// cuBLASLt's matrix products, on `stream` (a CUstream); of the libraries that are there.
Choices::Rivals library_rivals(void* stream, bool compiled);

// For a launcher: whether another implementation was chosen for the call; it has been enqueued
// then.
bool run_chosen_convolution(const Call& call, kernels::ConvolutionPass pass);
bool run_chosen_gram(const Call& call, bool gradient);

}  // namespace nram::vendor
