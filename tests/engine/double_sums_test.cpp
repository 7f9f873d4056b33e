// The cpu's convolutions with sums in double: every sample as the reference has it, and a sum that
// float32 cannot form.
#include <gtest/gtest.h>

#include "kernels/convolution/convolution.h"
#include "tests/engine/op_execution.h"

namespace nram::harness {
namespace {

using namespace kernels;

// Of the rms. Both round the same double, but a reflected border is folded in float32.
constexpr double kTolerance = 1e-6;

class DoubleSums : public ::testing::Test {
 protected:
  void SetUp() override { use_double_sums(true); }
  void TearDown() override { use_double_sums(false); }
};

HostTensor tensor(const Shape& shape, const std::vector<double>& values) {
  HostTensor result(TensorSpec{shape, DType::kFloat32});
  for (size_t i = 0; i < values.size(); ++i) result.set(static_cast<int64_t>(i), values[i]);
  return result;
}

double only_value(const char* op, const std::vector<HostTensor>& inputs,
                  const Attributes& attributes) {
  const Outcome outcome = execute(*find_op(op), Target::kCpu, inputs, attributes);
  EXPECT_TRUE(outcome.failures.empty()) << op << ": " << outcome.failures.front();
  EXPECT_EQ(outcome.outputs.at(0).count(), 1);
  return outcome.outputs.at(0).get(0);
}

TEST_F(DoubleSums, AgreeWithTheReference) {
  for (const char* name :
       {"convolution", "transposed_convolution", "convolution_weight_gradient"}) {
    const Op& op = *find_op(name);
    int compared = 0;
    for (const Sample& sample : op.samples()) {
      if (sample.benchmark) continue;
      SCOPED_TRACE(text(name, ", sample \"", sample.name, "\""));
      const std::vector<HostTensor> inputs = input_values(sample, DType::kFloat32);
      const Outcome expected = execute(op, Target::kReference, inputs, sample.attributes);
      const Outcome found = execute(op, Target::kCpu, inputs, sample.attributes);
      for (const std::string& failure : found.failures) ADD_FAILURE() << failure;
      const Distance apart = distance(found.outputs.at(0), expected.outputs.at(0));
      EXPECT_LE(apart.error, kTolerance) << describe_element(found.outputs[0], apart.at);
      ++compared;
    }
    EXPECT_GT(compared, 3) << name;
  }
}

TEST_F(DoubleSums, HoldWhatFloatLoses) {
  const std::vector<double> large = {3e8, 1, -3e8, 1}, ones = {1, 1, 1, 1};
  const ConvolutionAttributes plain;
  EXPECT_EQ(
      only_value("convolution", {tensor({1, 1, 1, 4}, large), tensor({1, 1, 1, 4}, ones)}, plain),
      2);
  EXPECT_EQ(only_value("transposed_convolution",
                       {tensor({1, 1, 1, 4}, large), tensor({4, 1, 1, 1}, ones)},
                       TransposedConvolutionAttributes{plain, 1, 1}),
            2);
  EXPECT_EQ(only_value("convolution_weight_gradient",
                       {tensor({1, 1, 4, 1}, large), tensor({1, 1, 4, 1}, ones)},
                       ConvolutionWeightGradientAttributes{plain, 1, 1}),
            2);
}

TEST_F(DoubleSums, AreReported) {
  const ConvolutionGeometry geometry =
      geometry_of({1, 8, 8, 64}, {1, 8, 8, 64}, 3, 3, {.stride = 1, .padding = 1});
  EXPECT_EQ(convolution_cpu_implementation(ConvolutionPass::kForward, geometry, false, 1),
            "double sums");
  use_double_sums(false);
  EXPECT_NE(convolution_cpu_implementation(ConvolutionPass::kForward, geometry, false, 1),
            "double sums");
}

}  // namespace
}  // namespace nram::harness
