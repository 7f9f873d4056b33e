// The choice between implementations on a made-up card whose memory is the host's, with the
// reference kernels as the project's own and rivals that err in every way.
#include "kernels/vendor/cuda_choices.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "kernels/convolution/convolution.h"
#include "kernels/gram/gram.h"
#include "kernels/vendor/cuda_cublaslt.h"
#include "tests/vendor/problem_calls.h"

namespace nram::vendor {
namespace {

using harness::ProblemCall;
using kernels::ConvolutionPass;

constexpr Kernel kOwnKernels[] = {kernels::convolution_reference,
                                  kernels::transposed_convolution_reference,
                                  kernels::convolution_weight_gradient_reference};

// The reference, and then something wrong with its result.
class Rival : public Candidate {
 public:
  Rival(const std::string& name, Kernel kernel) : name_(name), kernel_(kernel) {}
  size_t workspace_bytes() const override { return name_ == "with workspace" ? 1000 : 0; }
  void run(const Call& call) override {
    ++runs;
    kernel_(call);
    const View& y = call.out(0);
    float* const last = y.row<float>(y.rows() - 1) + y.channels() - 1;
    if (name_ == "wrong") *last += 1;
    if (name_ == "not deterministic") *y.as<float>() += 1e-6f * static_cast<float>(runs);
    if (name_ == "leaves out the last") *last = std::nanf("");
    if (name_ == "writes too far" && !y.dense()) y.as<float>()[y.channels()] = 0;
    if (name_ == "loses NaN") {
      for (int64_t r = 0; r < y.rows(); ++r) {
        float* const row = y.row<float>(r);
        for (int64_t c = 0; c < y.channels(); ++c) row[c] = std::isnan(row[c]) ? 0 : row[c];
      }
    }
    if (name_ == "with workspace") std::memset(call.workspace, 0, 1000);
  }
  static inline int runs = 0;

 private:
  std::string name_;
  Kernel kernel_;
};

class RivalFamily : public Family {
 public:
  RivalFamily(Kernel kernel, std::vector<std::string> names)
      : kernel_(kernel), names_(std::move(names)) {}
  std::string name() const override { return "rival"; }
  std::vector<std::string> list() override { return names_; }
  std::unique_ptr<Candidate> make(const std::string& name) override {
    return std::make_unique<Rival>(name, kernel_);
  }

 private:
  Kernel kernel_;
  std::vector<std::string> names_;
};

Kernel kernel_of(const Problem& problem) {
  if (const auto* const convolution = std::get_if<cudnn::Convolution>(&problem)) {
    return kOwnKernels[static_cast<int>(convolution->pass)];
  }
  return std::get<GramProblem>(problem).gradient ? kernels::gram_gradient_reference
                                                 : kernels::gram_reference;
}

class ChoosingKernels : public ::testing::Test {
 protected:
  ChoosingKernels() {
    card_.launcher = &launcher_;
    card_.facts.add("card", "host");
    card_.allocate = [this](size_t bytes) {
      if (bytes > memory_) throw_user("no memory left");
      allocated_ += bytes;
      return std::malloc(bytes);
    };
    card_.release = [this](void* memory, size_t bytes) {
      allocated_ -= bytes;
      std::free(memory);
    };
    card_.copy_in = [](void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); };
    card_.copy_out = card_.copy_in;
    card_.fill = [](void* memory, uint8_t value, size_t bytes) {
      if (bytes < (size_t{1} << 24)) std::memset(memory, value, bytes);  // not the flush
    };
    card_.time = [this](const std::function<void()>& enqueue, const std::function<void()>& before,
                        int count) {
      before();
      enqueue();
      ++timings_;
      // The own kernels are timed first. One outlier does not decide.
      std::vector<double> times(static_cast<size_t>(count), timings_ == 1 ? 1.0 : rival_time_);
      times[0] = 100;
      return times;
    };
  }

  Choices choices(Preference preference = Preference::kAuto) {
    return Choices(
        card_,
        [this](const Problem& problem) {
          std::vector<std::unique_ptr<Family>> families;
          families.push_back(std::make_unique<RivalFamily>(kernel_of(problem), names_));
          return families;
        },
        cache_, preference, [this](const std::string& sentence) { said_.push_back(sentence); });
  }
  // What a call of the problem needs before it has memory.
  size_t prepare(Choices& choices, ProblemCall& call) {
    call.call.workspace_bytes = 64;
    call.call.launcher = &launcher_;
    return choices.prepare(*call.problem(), call.call, kernel_of(*call.problem()));
  }
  std::string failure_of(const Problem& problem, const std::string& name) {
    const std::string facts = text("problem ", describe(problem), ", on card host");
    for (const Attempt& attempt : cache_.find(facts, "rival").value_or(Attempts{})) {
      if (attempt.name == name) return attempt.failure;
    }
    return "not tried";
  }

  harness::HostLauncher launcher_;
  Card card_;
  ChoiceCache cache_{""};
  std::vector<std::string> names_ = {"good"};
  std::vector<std::string> said_;
  double rival_time_ = 0.5;
  int timings_ = 0;
  size_t allocated_ = 0, memory_ = size_t{1} << 30;
};

TEST_F(ChoosingKernels, TakesAFasterRivalOfEveryOp) {
  for (ProblemCall& call : harness::calls_of_every_op(&launcher_)) {
    SCOPED_TRACE(describe(*call.problem()));
    timings_ = 0;
    Choices chosen = choices();
    EXPECT_EQ(prepare(chosen, call), 0u);
    ASSERT_EQ(chosen.rows().size(), 1u);
    EXPECT_EQ(chosen.rows()[0].family, "rival");
    EXPECT_EQ(chosen.rows()[0].name, "good");
    EXPECT_EQ(chosen.rows()[0].milliseconds, 0.5);
    EXPECT_TRUE(chosen.rows()[0].measured_now);
    EXPECT_EQ(allocated_, 0u);
  }
}

TEST_F(ChoosingKernels, ASlowerRivalLoses) {
  rival_time_ = 2;
  Choices chosen = choices();
  ProblemCall call = harness::convolution_call(ConvolutionPass::kForward, &launcher_);
  EXPECT_EQ(prepare(chosen, call), 0u);
  EXPECT_EQ(chosen.rows()[0].family, "own");
  EXPECT_FALSE(chosen.run(*call.problem(), call.call));
}

TEST_F(ChoosingKernels, RefusesEveryRivalThatErrs) {
  names_ = {"wrong", "not deterministic", "leaves out the last", "loses NaN", "writes too far"};
  for (ProblemCall& call : harness::calls_of_every_op(&launcher_)) {
    SCOPED_TRACE(describe(*call.problem()));
    // The gradient of features may lie in a slice.
    if (call.gradient) call.outputs[0].pitch += 4;
    Choices chosen = choices();
    prepare(chosen, call);
    const Problem problem = *call.problem();
    EXPECT_NE(failure_of(problem, "wrong").find("differs from the own kernels by"),
              std::string::npos);
    EXPECT_EQ(failure_of(problem, "not deterministic"), "does not give the same bits twice");
    EXPECT_EQ(failure_of(problem, "leaves out the last"),
              "has a NaN where the own kernels have none");
    EXPECT_EQ(failure_of(problem, "loses NaN"), "loses a NaN");
    if (call.outputs[0].dense()) continue;
    EXPECT_EQ(chosen.rows()[0].family, "own");
    EXPECT_EQ(failure_of(problem, "writes too far"), "writes between the rows");
  }
}

TEST_F(ChoosingKernels, GivesTheChosenOneItsWorkspace) {
  names_ = {"with workspace"};
  Choices chosen = choices();
  ProblemCall call = harness::convolution_call(ConvolutionPass::kForward, &launcher_);
  EXPECT_EQ(chosen.foresee(*call.problem()), 0u);
  EXPECT_EQ(prepare(chosen, call), 1000u);
  EXPECT_EQ(prepare(chosen, call), 1000u);
  EXPECT_EQ(timings_, 2);
  Choices later = choices();
  EXPECT_EQ(later.foresee(*call.problem()), 1000u);
  EXPECT_TRUE(later.rows().empty());
  EXPECT_EQ(prepare(later, call), 1000u);
  EXPECT_FALSE(later.rows()[0].measured_now);
  EXPECT_EQ(timings_, 2);
  EXPECT_EQ(said_.size(), 1u);  // before the first measurement
}

// A call on tensors that no choice was made for is left to the own kernels.
TEST_F(ChoosingKernels, RunsOnlyWhatWasChosen) {
  Choices chosen = choices();
  ProblemCall call = harness::convolution_call(ConvolutionPass::kForward, &launcher_);
  call.give_memory();
  EXPECT_FALSE(run_chosen_convolution(call.call, ConvolutionPass::kForward));
  launcher_.set_choices(&chosen);
  EXPECT_FALSE(run_chosen_convolution(call.call, ConvolutionPass::kForward));
  prepare(chosen, call);
  const int runs = Rival::runs;
  EXPECT_TRUE(run_chosen_convolution(call.call, ConvolutionPass::kForward));
  EXPECT_EQ(Rival::runs, runs + 1);
  ProblemCall gram = harness::gram_call(false, &launcher_);
  gram.give_memory();
  EXPECT_FALSE(run_chosen_gram(gram.call, false));
  timings_ = 0;
  prepare(chosen, gram);
  EXPECT_TRUE(run_chosen_gram(gram.call, false));
  call.outputs[0].pitch += 4;
  EXPECT_FALSE(run_chosen_convolution(call.call, ConvolutionPass::kForward));
  EXPECT_EQ(chosen.summary(), "2 of 2 problems run by cuDNN or cuBLASLt, kept for this process");
}

// The launchers of the cuda column ask first: here, where nothing can be launched, the rival runs.
TEST_F(ChoosingKernels, EveryLauncherAsksFirst) {
  const Kernel launchers[] = {kernels::convolution_cuda, kernels::transposed_convolution_cuda,
                              kernels::convolution_weight_gradient_cuda, kernels::gram_cuda,
                              kernels::gram_gradient_cuda};
  std::vector<ProblemCall> calls = harness::calls_of_every_op(&launcher_);
  ASSERT_EQ(calls.size(), std::size(launchers));
  Choices chosen = choices();
  launcher_.set_choices(&chosen);
  for (size_t i = 0; i < calls.size(); ++i) {
    SCOPED_TRACE(describe(*calls[i].problem()));
    timings_ = 0;
    calls[i].give_memory();
    EXPECT_THROW(launchers[i](calls[i].call), Error);
    prepare(chosen, calls[i]);
    const int runs = Rival::runs;
    launchers[i](calls[i].call);
    EXPECT_EQ(Rival::runs, runs + 1);
  }
}

TEST_F(ChoosingKernels, ForcedOwnAsksNobody) {
  Choices chosen = choices(Preference::kOwn);
  ProblemCall call = harness::convolution_call(ConvolutionPass::kForward, &launcher_);
  EXPECT_EQ(prepare(chosen, call), 0u);
  EXPECT_EQ(timings_, 0);
  EXPECT_TRUE(said_.empty());
  EXPECT_FALSE(chosen.run(*call.problem(), call.call));
}

TEST_F(ChoosingKernels, WithoutMemoryToMeasureInRunsTheOwnForNow) {
  memory_ = 100;
  Choices chosen = choices();
  ProblemCall call = harness::convolution_call(ConvolutionPass::kForward, &launcher_);
  EXPECT_EQ(prepare(chosen, call), 0u);
  EXPECT_EQ(chosen.rows()[0].family, "own");
  ASSERT_EQ(said_.size(), 2u);
  EXPECT_NE(said_[1].find("no memory left"), std::string::npos) << said_[1];
  EXPECT_EQ(failure_of(*call.problem(), "good"), "not tried");
  EXPECT_EQ(allocated_, 0u);
}

TEST(KernelOption, IsReadFromTheEnvironment) {
  const auto with = [](const char* value) {
    setenv("NRAM_KERNELS", value, 1);
    return kernel_option_from_environment();
  };
  EXPECT_EQ(with("own").preference, Preference::kOwn);
  EXPECT_EQ(with("vendor").preference, Preference::kVendor);
  EXPECT_EQ(with("auto").preference, Preference::kAuto);
  EXPECT_EQ(with("").preference, Preference::kAuto);
  EXPECT_FALSE(with("auto").compiled);
  EXPECT_TRUE(with("compile").compiled);
  EXPECT_THROW(with("cuda"), Error);
  unsetenv("NRAM_KERNELS");
  EXPECT_EQ(kernel_option_from_environment().preference, Preference::kAuto);
}

TEST(LibraryRivals, AreThoseOfTheLibrariesThatAreThere) {
  harness::HostLauncher launcher;
  for (ProblemCall& call : harness::calls_of_every_op(&launcher)) {
    const Problem problem = *call.problem();
    const bool convolution = std::holds_alternative<cudnn::Convolution>(problem);
    const int version = convolution ? cudnn::loaded_version() : cublaslt::loaded_version();
    const size_t there = version != 0 ? 1 : 0;
    EXPECT_EQ(library_rivals(nullptr, false)(problem).size(), there);
    EXPECT_EQ(library_rivals(nullptr, true)(problem).size(), convolution ? 2 * there : there);
  }
}

}  // namespace
}  // namespace nram::vendor
