// engine/ops/README.md says how to add an op. Its code is the code between the marks here, line by
// line, and the op that it makes passes every check of the op table.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

// [kernels/softsign/softsign.h]
#include "kernels/common/call.h"

namespace nram::kernels {
// inputs: x; outputs: y of the same shape, y = x / (1 + |x|).
void softsign_reference(const Call& call);
void softsign_cpu(const Call& call);
// inputs: dy, x; outputs: dx = dy / (1 + |x|)^2.
void softsign_gradient_reference(const Call& call);
void softsign_gradient_cpu(const Call& call);
}  // namespace nram::kernels
// [end]

#include "engine/graph.h"
#include "tests/engine/op_checks.h"

// [kernels/softsign/reference.cpp]
namespace nram::kernels {
void softsign_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        const double x = call.in(0).row<T>(r)[c];
        call.out(0).row<T>(r)[c] = static_cast<T>(x / (1 + std::abs(x)));
      }
    }
  });
}
void softsign_gradient_reference(const Call& call) {
  with_reference_type(call.in(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.in(0).rows(); ++r) {
      for (int64_t c = 0; c < call.in(0).channels(); ++c) {
        const double scale = 1 + std::abs(static_cast<double>(call.in(1).row<T>(r)[c]));
        call.out(0).row<T>(r)[c] = static_cast<T>(call.in(0).row<T>(r)[c] / (scale * scale));
      }
    }
  });
}
}  // namespace nram::kernels
// [end]

// [kernels/softsign/cpu.cpp]
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {
NRAM_MULTIVERSION
void forward(const float* x, float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] / (1 + std::abs(x[i]));
}
NRAM_MULTIVERSION
void backward(const float* dy, const float* x, float* dx, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float scale = 1 + std::abs(x[i]);
    dx[i] = dy[i] / (scale * scale);
  }
}
}  // namespace
void softsign_cpu(const Call& call) {
  for_each_span<float, 2>({&call.in(0), &call.out(0)},
                          [](auto p, int64_t count) { forward(p[0], p[1], count); });
}
void softsign_gradient_cpu(const Call& call) {
  for_each_span<float, 3>({&call.in(0), &call.in(1), &call.out(0)},
                          [](auto p, int64_t count) { backward(p[0], p[1], p[2], count); });
}
}  // namespace nram::kernels
// [end]

// [engine/ops/softsign.cpp]
namespace nram {
extern const Op kSoftsign;
extern const Op kSoftsignGradient;
namespace {
template <size_t kInputs>
std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == kInputs && inputs[0] == inputs[kInputs - 1],
             "softsign's tensors have one shape");
  return {inputs[0]};
}
void gradient(GradientContext& context) {
  context.set(
      0, context.graph().append(kSoftsignGradient, {context.output_gradient(), context.input(0)}));
}
Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 3);
}
std::vector<Sample> samples() {
  return {{"odd", {{2, 3, 5, 7}}, {}, {Fill::kAwayFromZero}},
          {"feature map", {{1, 64, 44, 256}}, {}, {}, {}, true}};
}
std::vector<Sample> gradient_samples() { return {{"odd", {{2, 3, 5, 7}, {2, 3, 5, 7}}}}; }
}  // namespace
const Op kSoftsign = {
    .name = "softsign",
    .summary = "y = x / (1 + |x|); any shape",
    .infer = infer<1>,
    .run = {kernels::softsign_reference, kernels::softsign_cpu},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .in_place_inputs = 0b1,
    .pitched = true,
};
const Op kSoftsignGradient = {
    .name = "softsign_gradient",
    .summary = "dx = dy / (1 + |x|)^2; any shape",
    .infer = infer<2>,
    .run = {kernels::softsign_gradient_reference, kernels::softsign_gradient_cpu},
    .cost = cost,
    .samples = gradient_samples,
    .tolerance = 1e-6,
    .in_place_inputs = 0b11,
    .pitched = true,
};
Variable softsign(Variable x) { return x.graph().append(kSoftsign, {x}); }
}  // namespace nram
// [end]

namespace nram {
namespace {

TEST(AddingAnOp, ThePageHasTheCodeOfThisFile) {
  const std::string root = NRAM_SOURCE_DIR;
  std::stringstream page;
  page << std::ifstream(root + "/engine/ops/README.md").rdbuf();
  std::ifstream source(root + "/tests/engine/adding_an_op_test.cpp");
  int blocks = 0;
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(source, line);) {
    if (line == "// [end]") {
      EXPECT_NE(page.str().find(block + "```"), std::string::npos) << "the page lacks\n" << block;
      ++blocks;
      inside = false;
    } else if (line.starts_with("// [")) {
      const std::string file = line.substr(4, line.size() - 5);
      EXPECT_NE(page.str().find("`" + file + "`"), std::string::npos) << file;
      inside = true;
      block = "```cpp\n";
    } else if (inside) {
      block += line + "\n";
    }
  }
  EXPECT_EQ(blocks, 4);
}

TEST(AddingAnOp, TheOpPassesEveryCheckOfTheTable) {
  for (const Op* op : {&kSoftsign, &kSoftsignGradient}) {
    EXPECT_EQ(harness::check_row(*op), harness::Failures{}) << op->name;
    for (const Sample& sample : op->samples()) {
      EXPECT_EQ(harness::check_forward(*op, sample), harness::Failures{}) << op->name;
      EXPECT_EQ(harness::check_pitched(*op, sample), harness::Failures{}) << op->name;
      EXPECT_EQ(harness::check_in_place(*op, sample), harness::Failures{}) << op->name;
      EXPECT_EQ(harness::check_determinism(*op, sample), harness::Failures{}) << op->name;
      EXPECT_EQ(harness::check_cost(*op, sample), harness::Failures{}) << op->name;
      if (op->gradient != nullptr) {
        EXPECT_EQ(harness::check_gradient(*op, sample), harness::Failures{}) << op->name;
      }
    }
  }
}

}  // namespace
}  // namespace nram
