// Single ops against an independent implementation in double precision (tests/golden/README.md,
// `units`).
#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/adam.h"
#include "engine/ops/losses.h"
#include "engine/ops/pose_maps.h"
#include "engine/ops/resize.h"
#include "engine/ops/ssim.h"
#include "engine/program.h"
#include "engine/weights_file.h"

namespace nram {
namespace {

const WeightsFile& units() {
  static const WeightsFile file =
      WeightsFile::open(std::string(NRAM_SOURCE_DIR) + "/tests/golden/units.safetensors");
  return file;
}

Shape shape_of(const std::string& name) {
  const std::vector<int64_t>& s = units().at(name).shape;
  switch (s.size()) {
    case 1:
      return {s[0]};
    case 2:
      return {s[0], s[1]};
    case 3:
      return {1, s[0], s[1], s[2]};
    default:
      return {s[0], s[1], s[2], s[3]};
  }
}

void expect_near(const std::vector<double>& ours, const std::vector<double>& theirs, double bound) {
  ASSERT_EQ(ours.size(), theirs.size());
  double scale = 0;
  for (const double value : theirs) scale = std::max(scale, std::abs(value));
  for (size_t i = 0; i < ours.size(); ++i) {
    ASSERT_NEAR(ours[i], theirs[i], bound * scale) << "element " << i;
  }
}

// A graph on inputs of the golden file, which bear their names there.
struct GoldenRun {
  Graph graph;
  Variable input(const std::string& name) { return graph.input(name, shape_of(name)); }
  std::vector<double> operator()(Variable result, const std::vector<Variable>& inputs) {
    Program program(graph, {result}, device(Target::kCpu));
    for (const Variable& variable : inputs) {
      const std::vector<double> values = units().read_double(graph.node(variable.node()).label);
      program.set(variable, std::span<const double>(values));
    }
    program.run();
    return program.fetch_doubles(result);
  }
};

TEST(OpGolden, Heatmaps) {
  GoldenRun run;
  const Variable points = run.graph.input("heatmap.keypoints", {1, 18, 2});
  expect_near(run(heatmaps(points, 32, 24, 0.75f), {points}), units().read_double("heatmap.maps"),
              2e-6);
}

TEST(OpGolden, Resize) {
  for (const auto& [height, width] :
       {std::pair(11, 7), std::pair(16, 3), std::pair(22, 14), std::pair(5, 4)}) {
    GoldenRun run;
    const Variable x = run.input("resize.input");
    expect_near(run(resize(x, height, width), {x}),
                units().read_double(text("resize.", height, "x", width)), 1e-6);
  }
}

TEST(OpGolden, GanLossesAndTheirGradients) {
  for (const bool real : {true, false}) {
    for (const std::string kind : {"bce", "lsgan"}) {
      GoldenRun run;
      const Variable logits = run.input("gan.logits");
      const float target = real ? 1.0f : 0.0f;
      const Variable loss =
          kind == "bce" ? binary_cross_entropy(logits, target) : least_squares(logits, target);
      const Variable gradient = run.graph.gradients(loss, {logits})[0];
      const std::string name = "gan." + kind + (real ? ".real" : ".fake");
      expect_near(run(loss, {logits}), units().read_double(name), 1e-6);
      expect_near(run(gradient, {logits}), units().read_double(name + "_gradient"), 2e-6);
    }
  }
}

TEST(OpGolden, SsimGradient) {
  for (const std::string pair : {"metrics.0.", "metrics.1."}) {
    GoldenRun run;
    const Variable truth = run.input(pair + "reference");
    const Variable generated = run.input(pair + "generated");
    const Variable range = run.graph.constant({1}, 255);
    const Variable similarity = ssim(generated, truth, range);
    const Variable gradient = run.graph.gradients(similarity, {generated})[0];
    const std::vector<Variable> inputs = {truth, generated};
    expect_near(run(similarity, inputs), units().read_double(pair + "ssim"), 1e-6);
    // The golden gradient is for an image on the [-1, 1] scale.
    std::vector<double> scaled = run(gradient, inputs);
    for (double& value : scaled) value *= 127.5;
    expect_near(scaled, units().read_double(pair + "ssim_gradient"), 1e-5);
  }
}

TEST(OpGolden, AdamsPath) {
  const std::vector<double> gradients = units().read_double("adam.gradients");
  const std::vector<double> path = units().read_double("adam.path");
  const size_t count = 8;
  Device& cpu = device(Target::kCpu);
  const Tensor parameters(cpu, {8});
  const Tensor first(cpu, {8});
  const Tensor second(cpu, {8});
  const std::vector<double> start = units().read_double("adam.start");
  const std::vector<double> zeros(count, 0.0);
  parameters.set(std::span<const double>(start));
  first.set(std::span<const double>(zeros));
  second.set(std::span<const double>(zeros));
  Graph graph;
  const Variable gradient = graph.input("gradient", {8});
  const Variable step = graph.input("step", {4});
  const Variable updated = adam(graph.external("p", parameters), gradient,
                                graph.external("m", first), graph.external("v", second), step)[0];
  Program program(graph, {updated}, cpu);
  for (size_t t = 1; t * count <= path.size(); ++t) {
    const std::vector<double> block = {2e-4, 1 - std::pow(0.5, t), 1 - std::pow(0.999, t), 0};
    program.set(step, std::span<const double>(block));
    program.set(gradient, std::span<const double>(&gradients[(t - 1) * count], count));
    program.run();
    expect_near(program.fetch_doubles(updated),
                {path.begin() + static_cast<std::ptrdiff_t>((t - 1) * count),
                 path.begin() + static_cast<std::ptrdiff_t>(t * count)},
                1e-6);
  }
}

}  // namespace
}  // namespace nram
