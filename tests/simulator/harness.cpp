#include "tests/simulator/harness.h"

#include <fstream>
#include <sstream>

namespace nram::simulator::test {

std::string kernel_text(const std::string& body, int parameters, int target) {
  std::string text = ".version 8.5\n.target sm_" + std::to_string(target) +
                     "\n.address_size 64\n.visible .entry kernel(";
  for (int i = 0; i < parameters; ++i) {
    text += std::string(i > 0 ? ", " : "") + ".param .u64 p" + std::to_string(i);
  }
  text += ") {\n";
  for (int i = 0; i < parameters; ++i) {
    const std::string index = std::to_string(i);
    text += ".reg .b64 %p" + index + "; ld.param.u64 %p" + index + ", [p" + index + "];\n";
  }
  return text + body + "\nret;\n}\n";
}

void Gpu::load(const std::string& ptx) {
  module = Module::parse(ptx, "test");
  module->load(memory);
}

std::vector<Finding> of_kind(const LaunchReport& report, const std::string& kind) {
  std::vector<Finding> found;
  for (const Finding& finding : report.findings) {
    if (finding.kind == kind) found.push_back(finding);
  }
  return found;
}

std::string texts(const LaunchReport& report) {
  std::string all;
  for (const Finding& finding : report.findings) all += to_text(finding) + "\n";
  return all;
}

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

}  // namespace nram::simulator::test
