#include "kernels/simulator/findings.h"

namespace nram::simulator {

namespace {

std::string place(const Dim3& at) {
  std::string text("(");
  text.append(std::to_string(at.x)).append(", ").append(std::to_string(at.y));
  return text.append(", ").append(std::to_string(at.z)).append(")");
}

}  // namespace

std::string to_text(const Finding& finding) {
  std::string text = finding.severity == Severity::kError ? "error" : "warning";
  text += " [" + finding.kind + "] " + finding.message;
  text += "\n    in " + finding.kernel + ", block " + place(finding.block) + ", thread " +
          place(finding.thread);
  if (!finding.file.empty()) {
    text += "\n    at " + finding.file + ":" + std::to_string(finding.line);
  }
  text += "\n    PTX: " + finding.instruction;
  if (finding.occurrences > 1) {
    text += "\n    " + std::to_string(finding.occurrences) + " times";
  }
  return text;
}

void FindingLog::add(Severity severity, const std::string& kind, const std::string& message,
                     Dim3 block, Dim3 thread, int instruction, uint64_t occurrences) {
  InstructionSource source;
  if (instruction >= 0) source = kernel_.code->sources[static_cast<size_t>(instruction)];
  const int file = source.line > 0 ? source.file : -1;
  const int line = source.line > 0 ? source.line : source.ptx_line;
  std::lock_guard lock(mutex_);
  const auto key = std::make_tuple(file, line, kind);
  const auto known = findings_.find(key);
  if (known != findings_.end()) {
    known->second.occurrences += occurrences;
    // The worse of two at one place is the one to show.
    if (severity == Severity::kError && known->second.severity == Severity::kWarning) {
      known->second.severity = severity;
      known->second.message = message;
      known->second.block = block;
      known->second.thread = thread;
      known->second.instruction = source.text;
    }
    return;
  }
  if (static_cast<int>(findings_.size()) >= most_) return;
  Finding finding;
  finding.severity = severity;
  finding.kind = kind;
  finding.message = message;
  finding.kernel = kernel_.name;
  finding.block = block;
  finding.thread = thread;
  const auto name = files_.find(file);
  if (name != files_.end()) finding.file = name->second;
  finding.line = source.line;
  finding.instruction = source.text;
  finding.occurrences = occurrences;
  findings_.emplace(key, std::move(finding));
}

std::vector<Finding> FindingLog::take() {
  std::vector<Finding> all;
  for (auto& [key, finding] : findings_) all.push_back(std::move(finding));
  return all;
}

}  // namespace nram::simulator
