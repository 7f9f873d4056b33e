// Each fused op against the composition of simple ops that defines it, forward and backward: in
// double precision on the reference target, and in float32 as compiled for the cpu.
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "engine/ops/add.h"
#include "engine/ops/attention.h"
#include "engine/ops/leaky_relu.h"
#include "engine/ops/mask_multiply.h"
#include "engine/ops/normalization.h"
#include "engine/ops/normalized_attention.h"
#include "engine/ops/sigmoid.h"
#include "engine/program.h"
#include "tests/engine/graph_evaluator.h"

namespace nram::harness {
namespace {

constexpr float kEpsilon = 1e-5f;
constexpr float kSlope = 0.01f;

using Values = std::vector<Variable>;
// Builds the values to compare from the inputs.
using Builder = std::function<Values(const Values& inputs)>;

// One way to compute: its values, then the gradients of sum_i <values[i], seeds[i]> with respect to
// the inputs.
struct Way {
  Graph graph;
  Values inputs;
  Values seeds;
  Values results;

  Way(const Builder& build, const std::vector<Shape>& shapes, DType dtype) {
    for (const Shape& shape : shapes) {
      inputs.push_back(graph.input(text("input", inputs.size()), shape, dtype));
    }
    results = build(inputs);
    for (const Variable& value : results) {
      seeds.push_back(graph.input(text("seed", seeds.size()), value.shape(), dtype));
    }
    const Values gradients = graph.vector_jacobian(results, seeds, inputs);
    results.insert(results.end(), gradients.begin(), gradients.end());
  }

  // Everything that the host gives, with its values.
  std::vector<std::pair<Variable, HostTensor>> given() const {
    std::vector<std::pair<Variable, HostTensor>> all;
    for (const Values& values : {inputs, seeds}) {
      for (const Variable& value : values) {
        all.emplace_back(value, filled(value.spec(), Fill::kNormal, all.size()));
      }
    }
    return all;
  }

  bool has(const char* op) const {
    for (const Node& node : graph.nodes()) {
      if (node.op != nullptr && node.op == find_op(op)) return true;
    }
    return false;
  }
};

std::vector<HostTensor> on_reference(const Way& way) {
  GraphEvaluator evaluator(way.graph);
  for (const auto& [variable, value] : way.given()) evaluator.set(variable, value);
  std::vector<HostTensor> results;
  for (const Variable& result : way.results) results.push_back(evaluator.value(result));
  EXPECT_TRUE(evaluator.failures().empty());
  return results;
}

std::vector<HostTensor> on_cpu(const Way& way) {
  CompileOptions options;
  options.fuse = false;  // the composition stays one
  Program program(way.graph, way.results, device(Target::kCpu), options);
  for (const auto& [variable, value] : way.given()) {
    std::vector<float> floats(static_cast<size_t>(value.count()));
    for (size_t i = 0; i < floats.size(); ++i) {
      floats[i] = static_cast<float>(value.get(static_cast<int64_t>(i)));
    }
    program.set(variable, std::span<const float>(floats));
  }
  program.run();
  std::vector<HostTensor> results;
  for (const Variable& result : way.results) {
    const std::vector<float> floats = program.fetch(result);
    results.emplace_back(result.spec());
    for (size_t i = 0; i < floats.size(); ++i) {
      results.back().set(static_cast<int64_t>(i), floats[i]);
    }
  }
  return results;
}

void expect_close(const std::vector<HostTensor>& fused, const std::vector<HostTensor>& composed,
                  double bound, const std::string& what) {
  ASSERT_EQ(fused.size(), composed.size());
  for (size_t i = 0; i < fused.size(); ++i) {
    const Distance found = distance(fused[i], composed[i]);
    EXPECT_LE(found.error, bound) << what << ", result " << i << ": fused "
                                  << describe_element(fused[i], found.at) << ", composed "
                                  << describe_element(composed[i], found.at);
  }
}

void compare(const char* fused_op, const Builder& fused, const Builder& composed,
             const std::vector<Shape>& shapes) {
  const std::string where = text("shape ", shapes[0]);
  for (const DType dtype : {DType::kFloat64, DType::kFloat32}) {
    const Way one(fused, shapes, dtype), other(composed, shapes, dtype);
    ASSERT_TRUE(one.has(fused_op));
    ASSERT_TRUE(one.has(text(fused_op, "_gradient").c_str()));
    if (dtype == DType::kFloat64) {
      expect_close(on_reference(one), on_reference(other), 1e-11, where + ", reference");
    } else {
      expect_close(on_cpu(one), on_cpu(other), 2e-5, where + ", cpu");
    }
  }
}

const std::array kMaps = {Shape{2, 5, 7, 9}, Shape{3, 2, 1, 33}, Shape{2, 16, 11, 64}};

std::vector<Shape> attention_shapes(const Shape& map) {
  return {map, map, {map[0], map[1], map[2], 1}};
}

// The definition of the attention combination, of simple ops.
Values composed_attention(Variable a, Variable b, Variable logits, bool inner_skip) {
  const Variable mask = sigmoid(logits);
  const Variable residual = inner_skip ? add({b, a}) : b;
  return {add({a, mask_multiply(residual, mask)}), mask};
}

TEST(FusedComposition, Attention) {
  for (const bool inner_skip : {true, false}) {
    for (const Shape& map : kMaps) {
      compare(
          "attention",
          [&](const Values& in) -> Values {
            const Attended attended = attention(in[0], in[1], in[2], inner_skip);
            return {attended.output, attended.mask};
          },
          [&](const Values& in) { return composed_attention(in[0], in[1], in[2], inner_skip); },
          attention_shapes(map));
    }
  }
}

TEST(FusedComposition, NormalizedAttention) {
  for (const bool inner_skip : {true, false}) {
    for (const Shape& map : kMaps) {
      compare(
          "normalized_attention",
          [&](const Values& in) -> Values {
            const Attended attended =
                normalized_attention(in[0], in[1], in[2], inner_skip, kEpsilon);
            return {attended.output, attended.mask};
          },
          [&](const Values& in) {
            const Normalized b = normalization(in[1], NormalizationScope::kInstance, kEpsilon, 1);
            return composed_attention(in[0], b.y, in[2], inner_skip);
          },
          attention_shapes(map));
    }
  }
}

TEST(FusedComposition, NormalizationWithSlope) {
  for (const auto scope : {NormalizationScope::kInstance, NormalizationScope::kBatch}) {
    for (const Shape& map : kMaps) {
      compare(
          "normalization",
          [&](const Values& in) -> Values {
            return {normalization(in[0], scope, kEpsilon, kSlope).y};
          },
          [&](const Values& in) -> Values {
            return {leaky_relu(normalization(in[0], scope, kEpsilon, 1).y, kSlope)};
          },
          {map});
    }
  }
}

// The mask alone also carries a gradient to its logits, as when a loss looks only at the masks.
TEST(FusedComposition, GradientOfTheMaskAlone) {
  const Shape map = {2, 5, 7, 9};
  const Way fused(
      [](const Values& in) -> Values { return {attention(in[0], in[1], in[2], true).mask}; },
      attention_shapes(map), DType::kFloat64);
  const Way composed([](const Values& in) -> Values { return {sigmoid(in[2])}; },
                     attention_shapes(map), DType::kFloat64);
  const std::vector<HostTensor> one = on_reference(fused), other = on_reference(composed);
  for (const size_t result : {size_t{0}, size_t{3}}) {  // the mask and the gradient of its logits
    EXPECT_LE(distance(one[result], other[result]).error, 1e-12);
  }
}

}  // namespace
}  // namespace nram::harness
