// The compiler and its programs: results do not depend on fusion, reuse of memory or views; plans
// are checked; nothing is allocated while a program runs.
#include "engine/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/add.h"
#include "engine/ops/attention.h"
#include "engine/ops/concatenate.h"
#include "engine/ops/convolution.h"
#include "engine/ops/leaky_relu.h"
#include "engine/ops/losses.h"
#include "engine/ops/normalization.h"
#include "engine/ops/tanh.h"
#include "engine/rewrite.h"
#include "kernels/common/philox.h"

namespace nram {
namespace {

std::vector<float> random_values(int64_t count, uint64_t stream) {
  Random random(7, stream);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

// A small network with every structure that the compiler knows: fusible chains, a concatenation
// that feeds two users, slices in its gradient, a residual, an attention with instance norm.
struct Net {
  Graph graph;
  std::vector<Variable> inputs;
  std::vector<Variable> weights;
  Variable loss;
  Variable output;
  std::vector<Variable> gradients;

  Net() {
    const Variable x = add_input({2, 6, 5, 8});
    const Variable y = add_input({2, 6, 5, 8});
    Variable a = block(x, 8, 8);
    Variable p = block(y, 8, 8);
    for (int t = 0; t < 2; ++t) {
      p = block(p, p.shape().channels(), 8);
      const Variable logits = raw(p, 8, 1, 1);
      const Variable residual =
          normalization(raw(block(a, 8, 8), 8, 8, 3), NormalizationScope::kInstance, 1e-5f, 1).y;
      a = attention(a, residual, logits, true).output;
      p = concatenate({p, a});
    }
    output = tanh(raw(leaky_relu(raw(concatenate({a, p, x}), 32, 8, 3), 0.01f), 8, 3, 3));
    loss = l1_loss(output, graph.constant(output.shape(), 0.25));
    gradients = graph.gradients(loss, weights);
  }

  Variable add_input(const Shape& shape) {
    inputs.push_back(graph.input(text("input", inputs.size()), shape));
    return inputs.back();
  }
  Variable raw(Variable x, int64_t in, int64_t out, int64_t kernel) {
    weights.push_back(add_input({out, kernel, kernel, in}));
    ConvolutionAttributes attributes{};
    attributes.padding = static_cast<int32_t>(kernel / 2);
    return convolution(x, weights.back(), std::nullopt, attributes);
  }
  Variable block(Variable x, int64_t in, int64_t out) {
    const Variable y = raw(x, in, out, 3);
    return leaky_relu(normalization(y, NormalizationScope::kInstance, 1e-5f, 1).y, 0.01f);
  }
  std::vector<Variable> fetches() const {
    std::vector<Variable> all = gradients;
    all.push_back(loss);
    all.push_back(output);
    return all;
  }
  void set_inputs(const Program& program) const {
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::vector<float> values = random_values(inputs[i].shape().count(), i);
      if (i >= 2) {
        for (float& value : values) value *= 0.2f;
      }
      program.set(inputs[i], std::span<const float>(values));
    }
  }
  std::vector<std::vector<float>> run(Program& program) const {
    set_inputs(program);
    program.run();
    std::vector<std::vector<float>> results;
    for (const Variable& fetch : fetches()) results.push_back(program.fetch(fetch));
    return results;
  }
};

double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * static_cast<double>(a[i] - b[i]);
    norm += b[i] * static_cast<double>(b[i]);
  }
  return std::sqrt(difference) / (std::sqrt(norm) + 1e-30);
}

TEST(Program, AgreesWithTheReferenceTarget) {
  const Net net;
  Program cpu(net.graph, net.fetches(), device(Target::kCpu));
  Program reference(net.graph, net.fetches(), device(Target::kReference));
  const auto a = net.run(cpu);
  const auto b = net.run(reference);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_LT(relative_error(a[i], b[i]), 1e-4) << i;
}

TEST(Program, FusionChangesNothingBeyondRounding) {
  const Net net;
  CompileOptions plain;
  plain.fuse = false;
  for (const Target target : {Target::kCpu, Target::kReference}) {
    Program fused(net.graph, net.fetches(), device(target));
    Program unfused(net.graph, net.fetches(), device(target), plain);
    EXPECT_LT(fused.steps().size(), unfused.steps().size());
    const auto a = net.run(fused);
    const auto b = net.run(unfused);
    for (size_t i = 0; i < a.size(); ++i) EXPECT_LT(relative_error(a[i], b[i]), 1e-4) << i;
  }
}

TEST(Program, EveryRuleIsUsedAndKeepsTheResults) {
  const Net net;
  CompileOptions plain;
  plain.fuse = false;
  Program unfused(net.graph, net.fetches(), device(Target::kReference), plain);
  const auto expected = net.run(unfused);
  Rewriter rewriter(net.graph, net.fetches());
  const std::vector<int> used = apply_rules(rewriter, rewrite_rules());
  for (size_t r = 0; r < used.size(); ++r) EXPECT_GT(used[r], 0) << rewrite_rules()[r].name;
}

TEST(Program, MemoryReuseChangesNoBit) {
  const Net net;
  CompileOptions generous;
  generous.in_place = false;
  generous.concatenate_views = false;
  CompileOptions poisoned;
  poisoned.poison_freed = true;
  Program lean(net.graph, net.fetches(), device(Target::kCpu));
  Program wide(net.graph, net.fetches(), device(Target::kCpu), generous);
  Program poison(net.graph, net.fetches(), device(Target::kCpu), poisoned);
  const auto expected = net.run(wide);
  EXPECT_EQ(net.run(lean), expected);
  EXPECT_EQ(net.run(poison), expected);
  EXPECT_EQ(net.run(poison), expected);
  // Placement is greedy and a concatenation lives as long as its parts, so a few percent may go
  // either way in a net this small.
  EXPECT_LE(lean.arena_bytes(), wide.arena_bytes() + wide.arena_bytes() / 20);
  EXPECT_LT(lean.steps().size(), wide.steps().size());
}

TEST(Program, PlanPassesTheIndependentChecker) {
  const Net net;
  for (const bool fuse : {true, false}) {
    CompileOptions options;
    options.fuse = fuse;
    const Program program(net.graph, net.fetches(), device(Target::kCpu), options);
    EXPECT_TRUE(check_plan(program.accesses(), program.kept(), program.arena_bytes()).empty());
  }
}

TEST(Program, CheckerCatchesAPlantedOverlap) {
  const Net net;
  const Program program(net.graph, net.fetches(), device(Target::kCpu));
  int caught = 0;
  int planted = 0;
  // Moves one output of each step onto the place of another value that is read later.
  for (size_t s = 0; s + 1 < program.accesses().size(); ++s) {
    std::vector<StepAccess> steps = program.accesses();
    const std::vector<Access>& later = steps[s + 1].reads;
    for (const Access& victim : later) {
      const bool own = std::any_of(steps[s].writes.begin(), steps[s].writes.end(),
                                   [&](const Access& w) { return w.value == victim.value; });
      if (own || steps[s].writes.empty()) continue;
      Access& moved = steps[s].writes.back();
      if (moved.value < 0) continue;
      moved.offset = victim.offset;
      ++planted;
      if (!check_plan(steps, program.kept(), program.arena_bytes()).empty()) ++caught;
      break;
    }
  }
  EXPECT_GT(planted, 5);
  EXPECT_EQ(caught, planted);
}

TEST(Plan, BlocksThatLiveTogetherDoNotOverlap) {
  Random random(3);
  std::vector<Block> blocks;
  for (int i = 0; i < 300; ++i) {
    const int first = static_cast<int>(random.below(100));
    blocks.push_back({1 + random.below(5000), first, first + static_cast<int>(random.below(20))});
  }
  const int64_t arena = plan_memory(blocks);
  int64_t most = 0;
  for (int t = 0; t < 120; ++t) {
    int64_t live = 0;
    for (const Block& block : blocks) {
      if (block.first <= t && t <= block.last) live += block.bytes;
    }
    most = std::max(most, live);
  }
  EXPECT_GE(arena, most);
  EXPECT_LT(arena, 2 * most);
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(blocks[i].offset % 64, 0);
    for (size_t j = 0; j < i; ++j) {
      const Block& a = blocks[i];
      const Block& b = blocks[j];
      const bool together = a.first <= b.last && b.first <= a.last;
      const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      EXPECT_FALSE(together && overlap);
    }
  }
}

TEST(Program, AllocatesNothingAfterCompile) {
  const Net net;
  Program program(net.graph, net.fetches(), device(Target::kCpu));
  net.set_inputs(program);
  program.run();
  const int64_t before = device(Target::kCpu).allocations();
  for (int i = 0; i < 100; ++i) program.run();
  EXPECT_EQ(device(Target::kCpu).allocations(), before);
}

TEST(Program, NamesTheFirstOpThatIsNotFinite) {
  const Net net;
  Program program(net.graph, net.fetches(), device(Target::kCpu));
  net.set_inputs(program);
  EXPECT_FALSE(program.run_until_not_finite().has_value());
  std::vector<float> weights(static_cast<size_t>(net.weights[3].shape().count()), 1e30f);
  weights[0] = std::numeric_limits<float>::infinity();
  program.set(net.weights[3], std::span<const float>(weights));
  const std::optional<size_t> found = program.run_until_not_finite();
  ASSERT_TRUE(found.has_value());
  EXPECT_STREQ(program.steps()[*found].op->name, "convolution");
}

TEST(Program, AssignsValuesToOutsideMemory) {
  Graph graph;
  const Variable x = graph.input("x", {2, 3});
  const Tensor once(device(Target::kCpu), {2, 3});
  const Tensor twice(device(Target::kCpu), {2, 3});
  const Tensor of_input(device(Target::kCpu), {2, 3});
  const Variable y = add({x, x});
  graph.assign(once, y);
  graph.assign(twice, y);
  graph.assign(of_input, x);
  Program program(graph, {}, device(Target::kCpu));
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  const std::vector<float> doubled = {2, 4, 6, 8, 10, 12};
  program.set(x, std::span<const float>(values));
  program.run();
  EXPECT_EQ(once.to_floats(), doubled);
  EXPECT_EQ(twice.to_floats(), doubled);
  EXPECT_EQ(of_input.to_floats(), values);
}

TEST(Graph, GradientOfWhatDoesNotMatterIsZero) {
  Graph graph;
  const Variable x = graph.input("x", {4});
  const Variable unused = graph.input("unused", {3});
  const Variable loss = l1_loss(x, graph.constant({4}, 0.0));
  const std::vector<Variable> gradients = graph.gradients(loss, {x, unused});
  Program program(graph, gradients, device(Target::kReference));
  program.set(x, std::span<const float>(std::vector<float>{1, -2, 3, -4}));
  program.run();
  EXPECT_EQ(program.fetch(gradients[0]), (std::vector<float>{0.25f, -0.25f, 0.25f, -0.25f}));
  EXPECT_EQ(program.fetch(gradients[1]), (std::vector<float>{0, 0, 0}));
}

}  // namespace
}  // namespace nram
