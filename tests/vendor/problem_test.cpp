// What a call asks of a library, and that no fact of it is missing from its name.
#include "kernels/vendor/cuda_problem.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <set>

#include "kernels/vendor/cuda_bench.h"
#include "tests/vendor/problem_calls.h"

namespace nram::vendor {
namespace {

using harness::ProblemCall;
using kernels::ConvolutionPass;

class Asking : public ::testing::Test {
 protected:
  cudnn::Convolution convolution(ConvolutionPass pass) {
    ProblemCall call = harness::convolution_call(pass, &launcher_);
    return std::get<cudnn::Convolution>(*call.problem());
  }
  harness::HostLauncher launcher_;
};

TEST_F(Asking, NamesSizesFromTheForwardPass) {
  for (const ConvolutionPass pass :
       {ConvolutionPass::kForward, ConvolutionPass::kData, ConvolutionPass::kWeights}) {
    const cudnn::Convolution problem = convolution(pass);
    EXPECT_EQ(problem.geometry.channels, 5);
    EXPECT_EQ(problem.geometry.output_channels, 4);
    EXPECT_EQ(problem.geometry.height, 7);
    EXPECT_EQ(problem.geometry.output_width, 6);
    EXPECT_EQ(problem.geometry.kernel_width, 3);
    EXPECT_EQ(problem.x_pitch, 5);
    EXPECT_EQ(problem.y_pitch, 4);
    EXPECT_EQ(problem.bias, pass != ConvolutionPass::kWeights);
    EXPECT_EQ(problem.slope, pass != ConvolutionPass::kWeights ? 0.2f : 1.0f);
  }
}

TEST_F(Asking, PitchesFollowTheTensors) {
  for (const ConvolutionPass pass :
       {ConvolutionPass::kForward, ConvolutionPass::kData, ConvolutionPass::kWeights}) {
    ProblemCall call = harness::convolution_call(pass, &launcher_);
    const bool weights = pass == ConvolutionPass::kWeights;
    View& x = pass == ConvolutionPass::kData ? call.outputs[0] : call.inputs[0];
    View& y = weights                             ? call.inputs[1]
              : pass == ConvolutionPass::kForward ? call.outputs[0]
                                                  : call.inputs[0];
    x.pitch = 9;
    y.pitch = 12;
    const auto problem = std::get<cudnn::Convolution>(*call.problem());
    EXPECT_EQ(problem.x_pitch, 9);
    EXPECT_EQ(problem.y_pitch, 12);
  }
}

TEST_F(Asking, Tf32IsAFactOfFloat32) {
  launcher_.allow_tf32(true);
  EXPECT_TRUE(convolution(ConvolutionPass::kForward).tf32);
  ProblemCall call = harness::convolution_call(ConvolutionPass::kForward, &launcher_);
  for (View& view : call.inputs) view.dtype = DType::kBFloat16;
  call.outputs[0].dtype = DType::kBFloat16;
  EXPECT_FALSE(std::get<cudnn::Convolution>(*call.problem()).tf32);
}

TEST_F(Asking, NobodyIsAskedForWhatLibrariesDoNotTake) {
  for (const ProblemCall& original : harness::calls_of_every_op(&launcher_)) {
    ProblemCall call = original;
    ASSERT_TRUE(call.problem().has_value());
    call.inputs[0].data = reinterpret_cast<void*>(uintptr_t{4});
    EXPECT_FALSE(call.problem().has_value()) << "an address that is not aligned";
    call.inputs[0].data = reinterpret_cast<void*>(uintptr_t{16});
    EXPECT_TRUE(call.problem().has_value());
  }
  ProblemCall reflect = harness::convolution_call(ConvolutionPass::kForward, &launcher_);
  auto attributes = reflect.attributes.as<kernels::ConvolutionAttributes>();
  attributes.padding_mode = kernels::PaddingMode::kReflect;
  reflect.attributes = attributes;
  EXPECT_FALSE(reflect.problem().has_value());
  ProblemCall mixed = harness::convolution_call(ConvolutionPass::kForward, &launcher_);
  mixed.inputs[2].dtype = DType::kBFloat16;
  EXPECT_FALSE(mixed.problem().has_value()) << "a bias of another type";
  ProblemCall gradient = harness::gram_call(true, &launcher_);
  gradient.inputs[1].dtype = gradient.outputs[0].dtype = DType::kBFloat16;
  EXPECT_FALSE(gradient.problem().has_value()) << "matrices of another type";
  ProblemCall odd = harness::gram_call(false, &launcher_);
  odd.inputs[0].pitch = 9;
  EXPECT_FALSE(odd.problem().has_value()) << "rows that are not aligned";
}

// Each change of one fact gives another name.
template <class P>
void expect_names_differ(const P& base, const std::vector<std::function<void(P&)>>& changes) {
  std::set<std::string> names = {describe(base)};
  for (const auto& change : changes) {
    P changed = base;
    change(changed);
    EXPECT_NE(changed, base);
    EXPECT_TRUE(names.insert(describe(changed)).second) << describe(changed);
  }
}

TEST_F(Asking, EveryFactOfAConvolutionIsInItsName) {
  using C = cudnn::Convolution;
  expect_names_differ<C>(convolution(ConvolutionPass::kForward),
                         {[](C& p) { p.pass = ConvolutionPass::kData; },
                          [](C& p) { p.geometry.batch = 3; },
                          [](C& p) { p.geometry.height = 8; },
                          [](C& p) { p.geometry.width = 8; },
                          [](C& p) { p.geometry.channels = 8; },
                          [](C& p) { p.geometry.output_height = 8; },
                          [](C& p) { p.geometry.output_width = 8; },
                          [](C& p) { p.geometry.output_channels = 8; },
                          [](C& p) { p.geometry.kernel_height = 5; },
                          [](C& p) { p.geometry.kernel_width = 5; },
                          [](C& p) { p.geometry.stride = 2; },
                          [](C& p) { p.geometry.padding = 2; },
                          [](C& p) { p.geometry.padding_mode = kernels::PaddingMode::kReflect; },
                          [](C& p) { p.dtype = DType::kBFloat16; },
                          [](C& p) { p.weight_dtype = DType::kBFloat16; },
                          [](C& p) { p.tf32 = true; },
                          [](C& p) { p.bias = false; },
                          [](C& p) { p.slope = 0.25f; },
                          [](C& p) { p.x_pitch = 8; },
                          [](C& p) { p.y_pitch = 8; },
                          [](C& p) { p.alignment = 32; }});
}

TEST_F(Asking, EveryFactOfAGramMatrixIsInItsName) {
  using G = GramProblem;
  ProblemCall call = harness::gram_call(false, &launcher_);
  expect_names_differ<G>(
      std::get<G>(*call.problem()),
      {[](G& p) { p.gradient = true; }, [](G& p) { p.batch = 3; }, [](G& p) { p.rows = 4; },
       [](G& p) { p.channels = 16; }, [](G& p) { p.dtype = DType::kBFloat16; },
       [](G& p) { p.matrix_dtype = DType::kBFloat16; }, [](G& p) { p.tf32 = true; },
       [](G& p) { p.feature_pitch = 32; }, [](G& p) { p.result_pitch = 32; },
       [](G& p) { p.alignment = 32; }});
}

TEST(CardFacts, EveryFactOfACardIsInItsText) {
  std::set<std::string> facts;
  facts.insert(card_facts("a card", 80, 108, 13000).text());
  facts.insert(card_facts("another", 80, 108, 13000).text());
  facts.insert(card_facts("a card", 90, 108, 13000).text());
  facts.insert(card_facts("a card", 80, 132, 13000).text());
  facts.insert(card_facts("a card", 80, 108, 12040).text());
  setenv("NVIDIA_TF32_OVERRIDE", "0", 1);
  facts.insert(card_facts("a card", 80, 108, 13000).text());
  unsetenv("NVIDIA_TF32_OVERRIDE");
  EXPECT_EQ(facts.size(), 6u);
  for (const char* name : {"cudnn ", "cublaslt ", "own kernels "}) {
    EXPECT_NE(facts.begin()->find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace nram::vendor
