// Where vendors' libraries are looked for, and in which words a program says what it found.
#include "kernels/vendor/cuda_library.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kernels/vendor/cuda_cublaslt.h"
#include "kernels/vendor/cuda_facts.h"

namespace nram::vendor {
namespace {

namespace fs = std::filesystem;

constexpr LibraryName kMissing = {"cuMissing", "libmissing.so.1", "NRAM_TEST_MISSING", "missing"};
constexpr LibraryName kMaths = {"maths", "libm.so.6", "NRAM_TEST_MATHS", nullptr};

class VendorLibrary : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("nram_library_" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override {
    unsetenv(kMissing.variable);
    unsetenv("CUDA_HOME");
    fs::remove_all(folder_);
  }
  void plant(const fs::path& file) {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << "no library";
  }
  fs::path folder_;
};

TEST_F(VendorLibrary, TheLoaderIsAskedFirst) {
  EXPECT_EQ(library_paths(kMissing), std::vector<std::string>{"libmissing.so.1"});
}

TEST_F(VendorLibrary, ThenTheToolkitInBothLayouts) {
  plant("nvidia/cu13/lib64/libmissing.so.1");
  plant("nvidia/missing/lib/libmissing.so.1");
  setenv("CUDA_HOME", (folder_ / "nvidia/cu13").c_str(), 1);
  const std::vector<std::string> expected = {"libmissing.so.1",
                                             folder_ / "nvidia/cu13/lib64/libmissing.so.1",
                                             folder_ / "nvidia/missing/lib/libmissing.so.1"};
  EXPECT_EQ(library_paths(kMissing), expected);
}

TEST_F(VendorLibrary, TheVariableIsAskedAlone) {
  setenv(kMissing.variable, "/somewhere/other.so", 1);
  EXPECT_EQ(library_paths(kMissing), std::vector<std::string>{"/somewhere/other.so"});
  setenv(kMissing.variable, folder_.c_str(), 1);
  EXPECT_EQ(library_paths(kMissing), std::vector<std::string>{folder_ / "libmissing.so.1"});
}

TEST_F(VendorLibrary, AbsenceIsSaidInWords) {
  const Library library(kMissing);
  EXPECT_FALSE(library.loaded());
  EXPECT_EQ(library.find("function"), nullptr);
  const std::string words = describe(kMissing, library, 0, version_number(9, 19, 0));
  EXPECT_EQ(words.find("not loaded: libmissing.so.1: cannot open shared object file"), 0u) << words;
  EXPECT_NE(words.find("(built with 9.19.0; set NRAM_TEST_MISSING to its path)"), std::string::npos)
      << words;
}

TEST_F(VendorLibrary, AFileThatIsNoLibraryIsNamed) {
  plant("libmissing.so.1");
  setenv(kMissing.variable, folder_.c_str(), 1);
  const Library library(kMissing);
  EXPECT_FALSE(library.loaded());
  EXPECT_NE(library.reason().find("libmissing.so.1: file too short"), std::string::npos)
      << library.reason();
}

TEST_F(VendorLibrary, FoundAndCompiledVersionsAreCompared) {
  const Library library(kMaths);
  ASSERT_TRUE(library.loaded()) << library.reason();
  EXPECT_NE(library.find("cos"), nullptr);
  const int compiled = version_number(9, 19, 0);
  const auto words = [&](int found) { return describe(kMaths, library, found, compiled); };
  EXPECT_EQ(words(91900), "9.19.0 (built with 9.19.0), " + library.path());
  EXPECT_EQ(words(92001), "9.20.1 (built with 9.19.0), " + library.path());
  EXPECT_EQ(words(91002), "9.10.2 (built with 9.19.0), older than the headers, " + library.path());
  EXPECT_EQ(words(100000), "10.0.0 (built with 9.19.0), another major version, " + library.path());
  EXPECT_EQ(describe(kMaths, library, 1, 0),
            "left out: this program was built without maths's headers");
}

TEST_F(VendorLibrary, ARejectedLibraryHasItsReason) {
  Library library(kMaths);
  library.reject("libm.so.6 has no cosine");
  EXPECT_FALSE(library.loaded());
  EXPECT_EQ(library.find("cos"), nullptr);
  EXPECT_EQ(describe(kMaths, library, 0, 10000).find("not loaded: libm.so.6 has no cosine"), 0u);
}

TEST_F(VendorLibrary, InfoHasALineForEachOfNvidiasParts) {
  std::vector<std::string> names;
  for (const auto& [name, words] : cuda_facts()) {
    names.push_back(name);
    EXPECT_FALSE(words.empty()) << name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"CUDA driver", "cuDNN", "cuBLASLt"}));
}

TEST_F(VendorLibrary, CublasLtWithoutAGpuSaysWhy) {
  if (cublaslt::loaded_version() == 0) GTEST_SKIP() << "cuBLASLt: " << cublaslt::version();
  cublaslt::MatrixProduct product;
  product.m = product.n = product.k = 64;
  product.a_pitch = product.b_pitch = product.c_pitch = 64;
  try {
    EXPECT_FALSE(cublaslt::Plan::propose(product, 1 << 20).empty());  // where there is one
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("cuBLASLt failed in cublasLtCreate"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace nram::vendor
