// cuDNN takes the project's graphs: plans are made here for cards that are only described, which
// the library allows without a GPU. Nothing runs.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "kernels/vendor/cuda_cudnn.h"
#include "tests/vendor/card_descriptions.h"

namespace nram {
namespace {

using cudnn::Convolution;
using cudnn::Device;
using cudnn::Engine;
using cudnn::Plan;
using harness::CardFigures;
using kernels::ConvolutionGeometry;
using kernels::ConvolutionPass;

// A k x k convolution of the model.
Convolution problem_of(ConvolutionPass pass, int64_t height, int64_t width, int64_t channels,
                       int64_t output_channels, int64_t kernel, int64_t stride = 1) {
  Convolution problem;
  problem.pass = pass;
  ConvolutionGeometry& g = problem.geometry;
  g.batch = 8;
  g.height = height;
  g.width = width;
  g.channels = channels;
  g.output_channels = output_channels;
  g.kernel_height = g.kernel_width = kernel;
  g.stride = stride;
  g.padding = (kernel - 1) / 2;
  g.output_height = (height + 2 * g.padding - kernel) / stride + 1;
  g.output_width = (width + 2 * g.padding - kernel) / stride + 1;
  problem.x_pitch = channels;
  problem.y_pitch = output_channels;
  return problem;
}

constexpr ConvolutionPass kPasses[] = {ConvolutionPass::kForward, ConvolutionPass::kData,
                                       ConvolutionPass::kWeights};

class Cudnn : public ::testing::Test {
 protected:
  void SetUp() override {
    if (cudnn::loaded_version() == 0) GTEST_SKIP() << "cuDNN: " << cudnn::version();
  }

  static std::shared_ptr<const Device> card(const CardFigures& figures) {
    return Device::described(cudnn_description(figures));
  }

  // Every proposal that is not compiled at run time becomes a plan; at least one does.
  static void expect_plans(const std::shared_ptr<const Device>& device,
                           const Convolution& problem) {
    const cudnn::Proposals proposals = cudnn::propose(*device, problem);
    int made = 0;
    for (const Engine& engine : proposals.engines) {
      if (engine.compiled_at_run_time) continue;
      const Plan plan(device, problem, engine);
      EXPECT_LT(plan.workspace_bytes(), size_t{1} << 30) << engine.text();
      ++made;
    }
    EXPECT_GT(made, 0) << proposals.engines.size() << " proposed, " << proposals.rejected.size()
                       << " rejected";
  }
};

TEST_F(Cudnn, SaysWhichVersionsMeet) {
  const std::string words = cudnn::version();
  EXPECT_NE(words.find("(built with 9."), std::string::npos) << words;
  EXPECT_NE(words.find("libcudnn"), std::string::npos) << words;
}

TEST_F(Cudnn, KeepsACardsDescription) {
  EXPECT_NE(card(harness::kH100)->properties().find("NVIDIA H100"), std::string::npos);
}

TEST_F(Cudnn, RefusesADescriptionInWords) {
  try {
    Device::described("{}");
    FAIL() << "an empty description was taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("reading a card's description"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("CUDNN_STATUS_BAD_PARAM"), std::string::npos);
  }
}

TEST_F(Cudnn, PlansEveryPassInEveryTypeForSeveralCards) {
  for (const CardFigures& figures : {harness::kA100, harness::kH100, harness::kRtx4090}) {
    const auto device = card(figures);
    for (const ConvolutionPass pass : kPasses) {
      for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
        for (const bool tf32 : {false, true}) {
          if (dtype == DType::kBFloat16 && tf32) continue;
          SCOPED_TRACE(text(figures.name, ", pass ", static_cast<int>(pass), ", ", dtype,
                            tf32 ? ", TF32" : ""));
          Convolution problem = problem_of(pass, 64, 44, 256, 256, 3);
          problem.dtype = problem.weight_dtype = dtype;
          problem.tf32 = tf32;
          expect_plans(device, problem);
        }
      }
    }
  }
}

TEST_F(Cudnn, PlansStridesSizesLeftOverAndChannelSlices) {
  const auto device = card(harness::kA100);
  for (const ConvolutionPass pass : kPasses) {
    SCOPED_TRACE(static_cast<int>(pass));
    expect_plans(device, problem_of(pass, 128, 88, 128, 256, 3, 2));
    expect_plans(device, problem_of(pass, 33, 23, 64, 128, 4, 2));
    expect_plans(device, problem_of(pass, 9, 7, 5, 3, 1));
    Convolution slice = problem_of(pass, 64, 44, 64, 128, 3);
    slice.x_pitch = 192;
    slice.y_pitch = 256;
    slice.tf32 = true;
    expect_plans(device, slice);
  }
}

TEST_F(Cudnn, PlansBiasAndReluInOneGraph) {
  const auto device = card(harness::kH100);
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    for (const float slope : {1.0f, 0.0f}) {
      SCOPED_TRACE(text(dtype, ", slope ", slope));
      Convolution problem = problem_of(ConvolutionPass::kForward, 64, 44, 64, 64, 3);
      problem.dtype = problem.weight_dtype = dtype;
      problem.bias = true;
      problem.slope = slope;
      expect_plans(device, problem);
    }
  }
}

// LeakyReLU has engines that are compiled at run time only. They want a driver's library, not a
// card: with the toolkit's stub of it they are proposed and compiled, and end where the code would
// be loaded.
TEST_F(Cudnn, CompilesLeakyReluUpToTheDriver) {
  void* const stub = dlopen(NRAM_CUDA_STUB, RTLD_NOW | RTLD_GLOBAL);
  if (stub == nullptr) GTEST_SKIP() << "no stub of the driver: " << dlerror();
  const auto device = card(harness::kH100);
  for (const ConvolutionPass pass : {ConvolutionPass::kForward, ConvolutionPass::kData}) {
    Convolution problem = problem_of(pass, 64, 44, 256, 256, 3);
    problem.dtype = problem.weight_dtype = DType::kBFloat16;
    problem.bias = true;
    problem.slope = 0.2f;
    const cudnn::Proposals proposals = cudnn::propose(*device, problem);
    ASSERT_FALSE(proposals.engines.empty());
    EXPECT_TRUE(proposals.engines[0].compiled_at_run_time);
    try {
      const Plan plan(device, problem, proposals.engines[0]);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("cuLibraryLoadData"), std::string::npos)
          << error.what();
    }
  }
}

TEST_F(Cudnn, NeverProposesTensorCoresForFloat32WithoutTf32) {
  const auto device = card(harness::kA100);
  Convolution problem = problem_of(ConvolutionPass::kForward, 64, 44, 256, 256, 3);
  const cudnn::Proposals exact = cudnn::propose(*device, problem);
  problem.tf32 = true;
  const cudnn::Proposals rounded = cudnn::propose(*device, problem);
  EXPECT_GT(rounded.engines.size(), exact.engines.size());
  EXPECT_LT(rounded.rejected.size(), exact.rejected.size());
  ASSERT_FALSE(exact.rejected.empty());
  EXPECT_NE(exact.rejected[0].find("TF32 is not allowed"), std::string::npos) << exact.rejected[0];
}

TEST_F(Cudnn, RejectsEnginesThatAreNotDeterministic) {
  size_t rejected = 0;
  for (const CardFigures& figures : {harness::kA100, harness::kH100}) {
    Convolution problem = problem_of(ConvolutionPass::kWeights, 64, 44, 256, 256, 3);
    problem.tf32 = true;
    for (const std::string& reason : cudnn::propose(*card(figures), problem).rejected) {
      rejected += reason.find("is not deterministic") != std::string::npos;
    }
  }
  EXPECT_GT(rejected, 0u);
}

TEST_F(Cudnn, AnEnginesNameMakesTheSamePlanAgain) {
  const auto device = card(harness::kA100);
  Convolution problem = problem_of(ConvolutionPass::kForward, 64, 44, 64, 64, 3);
  problem.tf32 = true;
  const cudnn::Proposals proposals = cudnn::propose(*device, problem);
  ASSERT_FALSE(proposals.engines.empty());
  for (const Engine& engine : proposals.engines) {
    if (engine.compiled_at_run_time) continue;
    EXPECT_EQ(Engine::parse(engine.text()), engine);
    EXPECT_EQ(Plan(device, problem, engine).workspace_bytes(),
              Plan(device, problem, Engine::parse(engine.text())).workspace_bytes());
  }
}

TEST_F(Cudnn, ParsesNamesStrictly) {
  const Engine engine = Engine::parse("38 2=1 14=-3");
  EXPECT_EQ(engine.index, 38);
  ASSERT_EQ(engine.knobs.size(), 2u);
  EXPECT_EQ(engine.knobs[1], std::make_pair(14, int64_t{-3}));
  for (const char* wrong : {"", "x", "38 ", "38 2", "38 2=", "38 2=1,", "38  2=1", "own"}) {
    EXPECT_THROW(Engine::parse(wrong), Error) << wrong;
  }
}

TEST_F(Cudnn, RefusesWhatItCannotDo) {
  const auto device = card(harness::kA100);
  Convolution reflect = problem_of(ConvolutionPass::kForward, 64, 44, 64, 64, 3);
  reflect.geometry.padding_mode = kernels::PaddingMode::kReflect;
  EXPECT_THROW(cudnn::propose(*device, reflect), Error);
  Convolution wide = problem_of(ConvolutionPass::kForward, 64, 44, 64, 64, 3);
  wide.dtype = DType::kFloat64;
  EXPECT_THROW(cudnn::propose(*device, wide), Error);
  Convolution misfit = problem_of(ConvolutionPass::kForward, 64, 44, 64, 64, 3);
  misfit.geometry.output_width += 1;
  EXPECT_THROW(cudnn::propose(*device, misfit), Error);
}

TEST_F(Cudnn, APlanForADescribedCardDoesNotRun) {
  const auto device = card(harness::kA100);
  const Convolution problem = problem_of(ConvolutionPass::kForward, 64, 44, 64, 64, 3);
  const cudnn::Proposals proposals = cudnn::propose(*device, problem);
  ASSERT_FALSE(proposals.engines.empty());
  EXPECT_THROW(Plan(device, problem, proposals.engines.back()).run({}), Error);
}

TEST_F(Cudnn, WithoutAGpuSaysWhy) {
  try {
    Device::of_stream(nullptr);
    GTEST_SKIP() << "this machine has a GPU";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("cudnnCreate"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace nram
