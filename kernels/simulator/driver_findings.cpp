#include "kernels/simulator/driver_findings.h"

#include <cstdio>
#include <sstream>

namespace nram::simulator::driver {
namespace {

void print(const std::string& line) {
  std::fprintf(stderr, "simulated GPU: %s\n", line.c_str());
  std::fflush(stderr);
}

// The executor's findings have a place in a kernel, those of host code only a sentence.
std::string text_of(const Finding& finding) {
  if (!finding.kernel.empty()) return to_text(finding);
  std::string text = finding.severity == Severity::kError ? "error [" : "warning [";
  text += finding.kind + "] " + finding.message;
  if (finding.occurrences > 1) text += "\n    " + std::to_string(finding.occurrences) + " times";
  return text;
}

std::string position_json(const Dim3& at) {
  std::ostringstream out;
  out << '[' << at.x << ", " << at.y << ", " << at.z << ']';
  return out.str();
}

std::string counters_json(const Counters& c) {
  std::ostringstream out;
  const char* separator = "{";
  const auto field = [&](const char* name, uint64_t value) {
    out << separator << '"' << name << "\": " << value;
    separator = ", ";
  };
  field("warp_instructions", c.warp_instructions);
  field("lane_instructions", c.lane_instructions);
  field("flops", c.flops);
  field("tensor_flops", c.tensor_flops);
  field("branches", c.branches);
  field("divergent_branches", c.divergent_branches);
  field("barriers", c.barriers);
  field("global_requests", c.global_requests);
  field("global_sectors", c.global_sectors);
  field("global_ideal_sectors", c.global_ideal_sectors);
  field("global_load_bytes", c.global_load_bytes);
  field("global_store_bytes", c.global_store_bytes);
  field("shared_requests", c.shared_requests);
  field("shared_wavefronts", c.shared_wavefronts);
  field("shared_ideal_wavefronts", c.shared_ideal_wavefronts);
  field("local_requests", c.local_requests);
  field("atomics", c.atomics);
  out << "}";
  return out.str();
}

}  // namespace

std::string json_string(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string Findings::key(const Finding& f) {
  std::string key = f.kind + '\n' + f.kernel + '\n';
  if (f.line > 0 || !f.instruction.empty()) {
    return key + f.file + '\n' + std::to_string(f.line) + '\n' + f.instruction;
  }
  return key + f.message;
}

void Findings::add(const Finding& finding) {
  std::lock_guard lock(mutex_);
  const auto [place, added] = index_.emplace(key(finding), findings_.size());
  if (!added) {
    findings_[place->second].occurrences += finding.occurrences;
    return;
  }
  findings_.push_back(finding);
  if (!quiet_) print(text_of(finding));
}

void Findings::add(Severity severity, const std::string& kind, const std::string& message) {
  Finding finding;
  finding.severity = severity;
  finding.kind = kind;
  finding.message = message;
  add(finding);
}

void Findings::note(const std::string& line) {
  std::lock_guard lock(mutex_);
  if (notes_.emplace(line, true).second && !quiet_) print(line);
}

size_t Findings::count() const {
  std::lock_guard lock(mutex_);
  return findings_.size();
}

size_t Findings::errors() const {
  std::lock_guard lock(mutex_);
  size_t errors = 0;
  for (const Finding& finding : findings_) errors += finding.severity == Severity::kError;
  return errors;
}

std::string Findings::text(size_t index) const {
  std::lock_guard lock(mutex_);
  return index < findings_.size() ? text_of(findings_[index]) : std::string();
}

std::string Findings::json() const {
  std::lock_guard lock(mutex_);
  std::ostringstream out;
  out << "[";
  for (size_t i = 0; i < findings_.size(); ++i) {
    const Finding& f = findings_[i];
    out << (i > 0 ? ",\n " : "") << "{\"severity\": \""
        << (f.severity == Severity::kError ? "error" : "warning")
        << "\", \"kind\": " << json_string(f.kind) << ", \"message\": " << json_string(f.message)
        << ", \"kernel\": " << json_string(f.kernel) << ", \"block\": " << position_json(f.block)
        << ", \"thread\": " << position_json(f.thread) << ", \"file\": " << json_string(f.file)
        << ", \"line\": " << f.line << ", \"instruction\": " << json_string(f.instruction)
        << ", \"occurrences\": " << f.occurrences << "}";
  }
  out << "]";
  return out.str();
}

void Findings::reset() {
  std::lock_guard lock(mutex_);
  findings_.clear();
  index_.clear();
  notes_.clear();
}

void KernelCounters::add(const std::string& kernel, const LaunchReport& report) {
  std::lock_guard lock(mutex_);
  Sum& sum = sums_[kernel];
  ++sum.launches;
  sum.seconds += report.seconds;
  sum.distinct_load_bytes += report.distinct_load_bytes;
  sum.distinct_store_bytes += report.distinct_store_bytes;
  sum.total.add(report.total);
  for (const auto& [opcode, count] : report.instructions) sum.instructions[opcode] += count;
  for (const LineCounters& line : report.lines) {
    sum.lines[{line.file, line.line}].add(line.counters);
  }
}

std::string KernelCounters::json() const {
  std::lock_guard lock(mutex_);
  std::ostringstream out;
  out << "{";
  const char* kernel_separator = "";
  for (const auto& [name, sum] : sums_) {
    out << kernel_separator << json_string(name) << ": {\"launches\": " << sum.launches
        << ", \"seconds\": " << sum.seconds
        << ", \"distinct_load_bytes\": " << sum.distinct_load_bytes
        << ", \"distinct_store_bytes\": " << sum.distinct_store_bytes
        << ", \"total\": " << counters_json(sum.total) << ", \"instructions\": {";
    kernel_separator = ",\n ";
    const char* separator = "";
    for (const auto& [opcode, count] : sum.instructions) {
      out << separator << json_string(opcode) << ": " << count;
      separator = ", ";
    }
    out << "}, \"lines\": [";
    separator = "";
    for (const auto& [place, counters] : sum.lines) {
      out << separator << "{\"file\": " << json_string(place.first)
          << ", \"line\": " << place.second << ", \"counters\": " << counters_json(counters) << "}";
      separator = ", ";
    }
    out << "]}";
  }
  out << "}";
  return out.str();
}

void KernelCounters::reset() {
  std::lock_guard lock(mutex_);
  sums_.clear();
}

}  // namespace nram::simulator::driver
