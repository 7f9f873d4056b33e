#include "engine/profiler.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

namespace nram {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string table_line(const ProfileRow& row, double total) {
  char line[200];
  std::snprintf(line, sizeof line, "%-44.44s %6d %10.3f %6.1f %9.1f %8.1f %7.1f\n",
                row.name.c_str(), row.calls, row.seconds * 1e3, 100 * row.seconds / total,
                row.flops / row.seconds * 1e-9, row.bytes / row.seconds * 1e-9,
                100 * row.bound_seconds / row.seconds);
  return line;
}

}  // namespace

Profile::Profile(const Program& program, int runs,
                 const std::function<void(std::vector<StepTime>*)>& run)
    : program_(program) {
  NRAM_USER_CHECK(runs >= 1 && runs <= 10000, "a profile needs 1 to 10000 runs, not ", runs);
  std::vector<StepTime> times(program.steps().size());
  run(&times);
  for (int i = 0; i < runs; ++i) {
    run(&times);
    runs_.push_back(times);
  }
  for (size_t s = 0; s < times.size(); ++s) {
    std::vector<double> seconds;
    for (const std::vector<StepTime>& one : runs_) seconds.push_back(one[s].seconds);
    medians_.push_back(median(seconds));
  }
}

std::vector<ProfileRow> Profile::rows(
    const Peak& peak, const std::function<std::string(const Program::Step&)>& name) const {
  std::map<std::string, ProfileRow> rows;
  for (size_t s = 0; s < program_.steps().size(); ++s) {
    const Program::Step& step = program_.steps()[s];
    ProfileRow& row = rows[name(step)];
    row.name = name(step);
    ++row.calls;
    row.seconds += medians_[s];
    row.flops += step.cost.flops;
    row.bytes += step.cost.bytes;
    row.bound_seconds += std::max(step.cost.flops / peak.flops, step.cost.bytes / peak.bandwidth);
  }
  std::vector<ProfileRow> sorted;
  for (auto& [key, row] : rows) sorted.push_back(std::move(row));
  std::sort(sorted.begin(), sorted.end(),
            [](const ProfileRow& a, const ProfileRow& b) { return a.seconds > b.seconds; });
  return sorted;
}

std::vector<ProfileRow> Profile::by_op(const Peak& peak) const {
  return rows(peak, [](const Program::Step& step) { return std::string(step.op->name); });
}

std::vector<ProfileRow> Profile::by_layer(const Peak& peak) const {
  return rows(peak, [](const Program::Step& step) {
    return step.label.empty() ? std::string("(unnamed)") : step.label;
  });
}

double Profile::seconds() const {
  std::vector<double> totals;
  for (const std::vector<StepTime>& one : runs_) {
    double total = 0;
    for (const StepTime& time : one) total += time.seconds;
    totals.push_back(total);
  }
  return median(totals);
}

std::string Profile::chrome_trace() const {
  nlohmann::ordered_json events = nlohmann::ordered_json::array();
  const std::vector<StepTime>& times = runs_.back();
  for (size_t s = 0; s < times.size(); ++s) {
    const Program::Step& step = program_.steps()[s];
    std::ostringstream shape;
    shape << step.outputs[0].shape;
    events.push_back({{"name", step.op->name},
                      {"cat", step.label},
                      {"ph", "X"},
                      {"pid", 0},
                      {"tid", 0},
                      {"ts", times[s].start * 1e6},
                      {"dur", times[s].seconds * 1e6},
                      {"args",
                       {{"layer", step.label},
                        {"output", shape.str()},
                        {"gflop", step.cost.flops * 1e-9},
                        {"gbyte", step.cost.bytes * 1e-9}}}});
  }
  return nlohmann::ordered_json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump(1) + "\n";
}

std::string to_table(const std::vector<ProfileRow>& rows, const Peak& peak, size_t most) {
  ProfileRow all;
  all.name = "all";
  for (const ProfileRow& row : rows) {
    all.calls += row.calls;
    all.seconds += row.seconds;
    all.flops += row.flops;
    all.bytes += row.bytes;
    all.bound_seconds += row.bound_seconds;
  }
  char head[300];
  std::snprintf(
      head, sizeof head,
      "measured peak: %.1f GFLOP/s float32, %.1f GB/s; %% of peak: the time that flops or "
      "bytes need at the peak, over the time taken\n%-44s %6s %10s %6s %9s %8s %7s\n",
      peak.flops * 1e-9, peak.bandwidth * 1e-9, "", "calls", "ms", "%", "GFLOP/s", "GB/s",
      "% peak");
  std::string table = head;
  for (size_t i = 0; i < std::min(most, rows.size()); ++i) {
    table += table_line(rows[i], all.seconds);
  }
  return table + table_line(all, all.seconds);
}

}  // namespace nram
