// Profiles add up, name every op, and are bounded by a plausible peak.
#include "engine/profiler.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "engine/ops/convolution.h"
#include "engine/ops/leaky_relu.h"
#include "engine/ops/tanh.h"

namespace nram {
namespace {

TEST(Profiler, CountsEveryStepOnce) {
  Graph graph;
  const Variable x = graph.input("x", {1, 16, 16, 16});
  const Variable w = graph.input("w", {16, 3, 3, 16});
  ConvolutionAttributes attributes{};
  attributes.padding = 1;
  Variable y = x;
  for (int i = 0; i < 3; ++i) {
    const Graph::Scope scope(graph, text("layer", i));
    y = tanh(leaky_relu(convolution(y, w, std::nullopt, attributes), 0.01f));
  }
  Program program(graph, {y}, device(Target::kCpu));
  const Profile profile(program, 3, [&](std::vector<StepTime>* times) { program.run(times); });
  const Peak peak{1e11, 1e10};
  std::set<std::string> ops;
  for (const Program::Step& step : program.steps()) ops.insert(step.op->name);
  for (const auto& rows : {profile.by_op(peak), profile.by_layer(peak)}) {
    int calls = 0;
    double flops = 0;
    for (const ProfileRow& row : rows) {
      calls += row.calls;
      flops += row.flops;
      EXPECT_GT(row.seconds, 0);
      EXPECT_GT(row.bound_seconds, 0);
    }
    EXPECT_EQ(calls, static_cast<int>(program.steps().size()));
    EXPECT_DOUBLE_EQ(flops, program.flops());
  }
  const auto rows = profile.by_op(peak);
  EXPECT_EQ(rows.size(), ops.size());
  const std::string table = to_table(rows, peak, rows.size());
  for (const std::string& op : ops) EXPECT_NE(table.find(op), std::string::npos);
  EXPECT_EQ(profile.by_layer(peak).size(), 3u);
}

TEST(Profiler, WritesAChromeTrace) {
  Graph graph;
  const Variable x = graph.input("x", {4, 64});
  Program program(graph, {tanh(leaky_relu(x, 0.5f))}, device(Target::kCpu));
  const Profile profile(program, 2, [&](std::vector<StepTime>* times) { program.run(times); });
  const nlohmann::json trace = nlohmann::json::parse(profile.chrome_trace());
  const auto& events = trace["traceEvents"];
  ASSERT_EQ(events.size(), program.steps().size());
  double end = 0;
  for (const auto& event : events) {
    EXPECT_EQ(event["ph"], "X");
    EXPECT_GE(event["ts"].get<double>(), end);
    end = event["ts"].get<double>() + event["dur"].get<double>();
  }
}

TEST(Peak, IsPlausible) {
  const Peak peak = measure_peak();
  EXPECT_GT(peak.flops, 1e9);
  EXPECT_LT(peak.flops, 1e15);
  EXPECT_GT(peak.bandwidth, 1e8);
  EXPECT_LT(peak.bandwidth, 1e13);
  EXPECT_GT(peak.flops, peak.bandwidth / 8);  // a triad does one multiply-add for 12 bytes
}

}  // namespace
}  // namespace nram
