// The repository keeps its own rules on includes and on ending the process, and the scan that says
// so finds planted violations.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/house/source_scan.h"

namespace nram::house {
namespace {

namespace fs = std::filesystem;

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

// A repository of its own in a temporary folder.
class PlantedRepository : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("nram_house_test_" + std::to_string(getpid()));
    for (const char* header :
         {"kernels/common/view.h", "kernels/relu/relu.h", "kernels/vendor/dnnl.h", "engine/graph.h",
          "model/generator.h", "data/image.h", "training/trainer.h", "tools/command.h",
          "tests/helper.h"}) {
      plant(header, "#pragma once\n");
    }
  }
  void TearDown() override { fs::remove_all(root_); }

  void plant(const std::string& file, const std::string& content) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << content;
  }
  // What the scan says about one include in one file.
  std::string about(const std::string& file, const std::string& include) {
    plant(file, "// A comment.\n#include " + include + "\n");
    const std::string result = joined(include_violations(root_));
    fs::remove(root_ / file);
    return result;
  }

  fs::path root_;
};

TEST(House, IncludesPointOneWay) { EXPECT_EQ(joined(include_violations(NRAM_SOURCE_DIR)), ""); }

TEST(House, NothingBelowToolsEndsTheProcess) {
  EXPECT_EQ(joined(exit_violations(NRAM_SOURCE_DIR)), "");
}

TEST(House, TheScanSeesTheSources) {
  const std::vector<fs::path> files = source_files(NRAM_SOURCE_DIR);
  for (const char* file :
       {"engine/op.h", "kernels/leaky_relu/cpu.cpp", "tests/house/source_scan.h"}) {
    EXPECT_NE(std::find(files.begin(), files.end(), file), files.end()) << file;
  }
}

TEST_F(PlantedRepository, PassesArrowsDownwards) {
  EXPECT_EQ(about("engine/a.cpp", "\"kernels/relu/relu.h\""), "");
  EXPECT_EQ(about("model/a.h", "\"engine/graph.h\""), "");
  EXPECT_EQ(about("training/a.cpp", "\"data/image.h\""), "");
  EXPECT_EQ(about("tools/a.cpp", "\"training/trainer.h\""), "");
  EXPECT_EQ(about("data/a.cpp", "\"kernels/common/view.h\""), "");
  EXPECT_EQ(about("data/a.cpp", "<opencv2/core.hpp>"), "");
  EXPECT_EQ(about("kernels/vendor/a.cpp", "<oneapi/dnnl/dnnl.hpp>"), "");
  EXPECT_EQ(about("kernels/vendor/cuda_cudnn.cpp", "<cudnn_graph.h>"), "");
  EXPECT_EQ(about("tests/a.cpp", "\"tools/command.h\""), "");
  EXPECT_EQ(about("bench/a.cpp", "<opencv2/core.hpp>"), "");
  EXPECT_EQ(about("kernels/a.cpp", "<vector>  // \"engine/graph.h\""), "");
}

TEST_F(PlantedRepository, ReportsEveryOtherArrow) {
  const auto expect = [&](const std::string& file, const std::string& include,
                          const std::string& words) {
    const std::string found = about(file, include);
    EXPECT_NE(found.find(file + ":2: "), std::string::npos) << file << " " << include << found;
    EXPECT_NE(found.find(words), std::string::npos) << file << " " << include << ": " << found;
  };
  expect("kernels/a.cpp", "\"engine/graph.h\"", "kernels/ must not know it");
  expect("kernels/a.cu", "\"engine/graph.h\"", "kernels/ must not know it");
  expect("kernels/a.cpp", "<engine/graph.h>", "kernels/ must not know it");
  expect("kernels/a.cpp", "\"data/image.h\"", "kernels/ must not know it");
  expect("engine/ops/a.h", "\"model/generator.h\"", "engine/ must not know it");
  expect("engine/a.cpp", "\"data/image.h\"", "engine/ must not know it");
  expect("model/a.cpp", "\"training/trainer.h\"", "model/ must not know it");
  expect("model/a.cpp", "\"data/image.h\"", "model/ must not know it");
  expect("training/a.cpp", "\"tools/command.h\"", "training/ must not know it");
  expect("tools/a.cpp", "\"tests/helper.h\"", "tools/ must not know it");
  expect("data/a.h", "\"engine/graph.h\"", "data/ must not know it");
  expect("data/a.h", "\"kernels/relu/relu.h\"", "data/ must not know it");
  expect("kernels/relu/cpu.cpp", "\"relu.h\"", "no file of the repository");
  expect("tests/a.cpp", "\"helper.h\"", "no file of the repository");
  expect("kernels/relu/a.cpp", "<oneapi/dnnl/dnnl.hpp>", "oneDNN");
  expect("engine/a.cpp", "<dnnl.hpp>", "oneDNN");
  expect("kernels/convolution/cuda.cpp", "<cudnn_graph.h>", "NVIDIA's libraries");
  expect("kernels/vendor/onednn.cpp", "<cublasLt.h>", "NVIDIA's libraries");
  expect("training/a.cpp", "<opencv2/core.hpp>", "OpenCV");
  expect("tools/a.cpp", "<opencv2/core.hpp>", "OpenCV");
}

TEST_F(PlantedRepository, ReportsCallsThatEndTheProcess) {
  plant("engine/good.cpp",
        "// exit(1)\nint exit_code(int);\nconst char* text = \"exit(1) \\\" exit(2)\";\n"
        "const char* raw = R\"(\" exit(3))\";\nint big = 1'000; /* abort() */\n"
        "void f() { atexit(nullptr); }\n");
  plant("tools/main.cpp", "void f() { exit(2); }\n");
  EXPECT_EQ(joined(exit_violations(root_)), "");
  plant("engine/bad.cpp", "/* two\nlines */ void f() { std::exit(1); }\n");
  plant("data/bad.cpp", "\nvoid f() { abort (); }\n");
  EXPECT_EQ(joined(exit_violations(root_)),
            "data/bad.cpp:2: abort() ends the process: throw Error instead\n"
            "engine/bad.cpp:2: exit() ends the process: throw Error instead\n");
}

}  // namespace
}  // namespace nram::house
