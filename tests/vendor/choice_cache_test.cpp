// The file of measured choices: kept, shared between processes, damaged, not writable.
#include "kernels/vendor/cuda_choice_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kernels/common/error.h"

namespace nram::vendor {
namespace {

namespace fs = std::filesystem;

class ChoiceFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("nram_choices_" + std::to_string(getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path() const { return (folder_ / "cache/nram/choices.json").string(); }
  ChoiceCache open() {
    return ChoiceCache(path(), [this](const std::string& said) { said_.push_back(said); });
  }
  void write(const std::string& content) {
    fs::create_directories(fs::path(path()).parent_path());
    std::ofstream(path()) << content;
  }

  fs::path folder_;
  std::vector<std::string> said_;
};

const Attempts kAttempts = {{"fused 3", 0.25, 1024, ""}, {"plain 4", 0, 0, "is wrong"}};

void expect_equal(const std::optional<Attempts>& found, const Attempts& expected) {
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*found)[i].name, expected[i].name);
    EXPECT_EQ((*found)[i].milliseconds, expected[i].milliseconds);
    EXPECT_EQ((*found)[i].workspace_bytes, expected[i].workspace_bytes);
    EXPECT_EQ((*found)[i].failure, expected[i].failure);
  }
}

TEST_F(ChoiceFile, KeepsTimesAndFailuresBetweenRuns) {
  open().store("problem", "cudnn", kAttempts);
  ChoiceCache later = open();
  expect_equal(later.find("problem", "cudnn"), kAttempts);
  EXPECT_FALSE(later.find("problem", "own").has_value());
  EXPECT_FALSE(later.find("another", "cudnn").has_value());
  EXPECT_TRUE(said_.empty()) << said_[0];
}

TEST_F(ChoiceFile, LeavesNothingBesideItButTheLock) {
  open().store("problem", "cudnn", kAttempts);
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(fs::path(path()).parent_path())) {
    files.push_back(entry.path().filename());
  }
  std::sort(files.begin(), files.end());
  EXPECT_EQ(files, (std::vector<std::string>{"choices.json", "choices.json.lock"}));
}

TEST_F(ChoiceFile, DamageIsSaidInOneSentenceAndTheFileWrittenAnew) {
  for (const char* content :
       {"", "{", "[]", "{\"format\": 1}", "{\"format\": 99, \"choices\": {}}",
        "{\"format\": 1, \"choices\": {\"p\": {\"f\": [{\"name\": 5}]}}}",
        "{\"format\": 1, \"choices\": {\"p\": {\"f\": [{\"name\": \"a\", \"milliseconds\": -1, "
        "\"workspace\": 0}]}}}",
        "{\"format\": 1, \"choices\": {\"p\": {\"f\": [{\"name\": \"a\", \"failure\": \"\"}]}}}"}) {
    SCOPED_TRACE(content);
    said_.clear();
    write(content);
    ChoiceCache cache = open();
    EXPECT_FALSE(cache.find("p", "f").has_value());
    cache.store("problem", "cudnn", kAttempts);
    ASSERT_EQ(said_.size(), 1u);
    EXPECT_NE(said_[0].find(path() + " cannot be used and is written anew: "), std::string::npos)
        << said_[0];
    EXPECT_EQ(said_[0].find('\n'), std::string::npos) << said_[0];
    said_.clear();
    expect_equal(open().find("problem", "cudnn"), kAttempts);
    EXPECT_TRUE(said_.empty());
  }
}

TEST_F(ChoiceFile, AFolderThatCannotBeWrittenIsSaidOnceAndMeasurementsLastTheProcess) {
  write("");  // a file where a folder should be
  fs::remove_all(folder_ / "cache");
  std::ofstream(folder_ / "cache") << "no folder";
  ChoiceCache cache = open();
  cache.store("problem", "cudnn", kAttempts);
  cache.store("other", "cudnn", kAttempts);
  expect_equal(cache.find("problem", "cudnn"), kAttempts);
  ASSERT_EQ(said_.size(), 1u);
  EXPECT_NE(said_[0].find("measured choices cannot be kept in " + path()), std::string::npos);
}

TEST_F(ChoiceFile, AReadOnlyFolderIsReadAllTheSame) {
  if (geteuid() == 0) GTEST_SKIP() << "root writes everywhere";
  open().store("problem", "cudnn", kAttempts);
  const fs::path folder = fs::path(path()).parent_path();
  fs::remove(path() + ".lock");
  chmod(folder.c_str(), 0555);
  ChoiceCache cache = open();
  expect_equal(cache.find("problem", "cudnn"), kAttempts);
  cache.store("other", "cudnn", kAttempts);
  EXPECT_EQ(said_.size(), 1u);
  chmod(folder.c_str(), 0755);
}

TEST_F(ChoiceFile, WithoutAPathNothingIsWritten) {
  ChoiceCache cache("", [this](const std::string& said) { said_.push_back(said); });
  cache.store("problem", "cudnn", kAttempts);
  expect_equal(cache.find("problem", "cudnn"), kAttempts);
  EXPECT_TRUE(said_.empty());
  EXPECT_FALSE(fs::exists(folder_));
}

// Every process writes the whole file many times; what each has measured must be there at the end.
TEST_F(ChoiceFile, ProcessesThatWriteAtOnceKeepEachOthersMeasurements) {
  constexpr int kProcesses = 4;
  constexpr int kProblems = 12;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int complaints = 0;
      ChoiceCache cache(path(), [&](const std::string&) { ++complaints; });
      for (int problem = 0; problem < kProblems; ++problem) {
        cache.store(text("process ", process, " problem ", problem), "cudnn", kAttempts);
      }
      _exit(complaints);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  ChoiceCache cache = open();
  for (int process = 0; process < kProcesses; ++process) {
    for (int problem = 0; problem < kProblems; ++problem) {
      expect_equal(cache.find(text("process ", process, " problem ", problem), "cudnn"), kAttempts);
    }
  }
  EXPECT_TRUE(said_.empty());
}

TEST_F(ChoiceFile, LiesInTheUsersCacheFolder) {
  const char* const home = std::getenv("HOME");
  const std::string kept_home = home != nullptr ? home : "";
  setenv("XDG_CACHE_HOME", "/a/cache", 1);
  EXPECT_EQ(ChoiceCache::default_path(), "/a/cache/nram/choices.json");
  setenv("XDG_CACHE_HOME", "relative", 1);  // to be ignored, says its specification
  setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(ChoiceCache::default_path(), "/home/somebody/.cache/nram/choices.json");
  unsetenv("XDG_CACHE_HOME");
  unsetenv("HOME");
  EXPECT_EQ(ChoiceCache::default_path(), "");
  if (home != nullptr) setenv("HOME", kept_home.c_str(), 1);
}

}  // namespace
}  // namespace nram::vendor
