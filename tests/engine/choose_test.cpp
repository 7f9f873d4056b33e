// What a device that chooses implementations is told while a program is compiled, and the ranges
// that it is given while one runs.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "engine/ops/convolution.h"
#include "engine/program.h"
#include "kernels/common/launch.h"

namespace nram {
namespace {

class NoLauncher : public Launcher {
 public:
  void fill(void* memory, uint8_t value, size_t bytes) override {
    std::memset(memory, value, bytes);
  }
  void copy(void* destination, const void* source, size_t bytes) override {
    std::memcpy(destination, source, bytes);
  }

 protected:
  void submit(const CudaKernel&, LaunchSize, LaunchSize, uint32_t, void**, const size_t*,
              size_t) override {
    throw_internal("nothing launches here", __FILE__, __LINE__);
  }
};

// The reference, with a taste for workspace.
class ChoosyDevice : public Device {
 public:
  ChoosyDevice() : Device(Target::kReference, "choosy") {}
  void* allocate(size_t bytes) override { return std::aligned_alloc(64, (bytes + 64) / 64 * 64); }
  void release(void* memory, size_t) override { std::free(memory); }
  void copy_in(void* device_memory, const void* host, size_t bytes) override {
    std::memcpy(device_memory, host, bytes);
  }
  void copy_out(void* host, const void* device_memory, size_t bytes) override {
    std::memcpy(host, device_memory, bytes);
  }
  void fill(void* device_memory, uint8_t value, size_t bytes) override {
    std::memset(device_memory, value, bytes);
  }
  Launcher* launcher() override { return &launcher_; }
  size_t choose(const Op& op, const Call& call, bool measure) override {
    asked.push_back({&op, {call.inputs, call.inputs + call.input_count}, call.out(0), measure});
    return &op == &kConvolution ? 4096 : 0;
  }
  void begin_range(const char* name) override { ranges.push_back(std::string("begin ") + name); }
  void end_range() override { ranges.push_back("end"); }

  struct Asked {
    const Op* op;
    std::vector<View> inputs;
    View output;
    bool measure;
  };
  std::vector<Asked> asked;
  std::vector<std::string> ranges;

 private:
  NoLauncher launcher_;
};

class Choosing : public ::testing::Test {
 protected:
  Choosing() {
    const Variable x = graph_.input("x", {1, 5, 4, 3});
    const Variable w = graph_.input("w", {7, 3, 3, 3});
    kernels::ConvolutionAttributes attributes;
    attributes.padding = 1;
    result_ = convolution(x, w, {}, attributes);
  }
  Program program(bool plan_only) {
    CompileOptions options;
    options.record = false;
    options.plan_only = plan_only;
    return Program(graph_, {result_}, device_, options);
  }

  ChoosyDevice device_;
  Graph graph_;
  Variable result_;
};

TEST_F(Choosing, TheChoiceGetsItsWorkspace) {
  Program with = program(false);
  ASSERT_EQ(with.steps().size(), 1u);
  EXPECT_EQ(with.steps()[0].workspace_bytes, 4096u);
  EXPECT_NE(with.steps()[0].workspace, nullptr);
}

TEST_F(Choosing, TheDeviceSeesTensorsAsTheyWillLie) {
  Program with = program(false);
  ASSERT_EQ(device_.asked.size(), 1u);
  const ChoosyDevice::Asked& asked = device_.asked[0];
  EXPECT_EQ(asked.op, &kConvolution);
  EXPECT_TRUE(asked.measure);
  const Program::Step& step = with.steps()[0];
  const auto expect_same = [](const View& before, const View& after) {
    EXPECT_EQ(before.shape, after.shape);
    EXPECT_EQ(before.pitch, after.pitch);
    EXPECT_EQ(before.dtype, after.dtype);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(before.data) % 64,
              reinterpret_cast<uintptr_t>(after.data) % 64);
  };
  ASSERT_EQ(asked.inputs.size(), step.inputs.size());
  for (size_t i = 0; i < step.inputs.size(); ++i) expect_same(asked.inputs[i], step.inputs[i]);
  expect_same(asked.output, step.outputs[0]);
}

TEST_F(Choosing, PlanningMeasuresNothing) {
  EXPECT_GE(program(true).arena_bytes(), 4096);
  ASSERT_EQ(device_.asked.size(), 1u);
  EXPECT_FALSE(device_.asked[0].measure);
}

TEST_F(Choosing, EveryStepIsARangeOnTimelines) {
  Program with = program(false);
  with.run();
  EXPECT_EQ(device_.ranges, (std::vector<std::string>{"begin convolution", "end"}));
}

}  // namespace
}  // namespace nram
