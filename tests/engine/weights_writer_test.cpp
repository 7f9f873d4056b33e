// A write either replaces the old file or leaves every bit of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "engine/weights_file.h"
#include "tests/engine/weights_files.h"

namespace nram {
namespace {

WeightsWriter writer_of(size_t count, float value) {
  WeightsWriter writer;
  writer.add("x", {static_cast<int64_t>(count)}, std::vector<float>(count, value));
  return writer;
}

TEST(WeightsWriter, ReplacesTheOldFile) {
  const TemporaryDirectory directory;
  const std::string path = directory / "w";
  writer_of(10, 1.0f).write(path);
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  writer_of(3, 2.0f).write(path);
  EXPECT_EQ(WeightsFile::open(path).read_float("x"), (std::vector<float>{2, 2, 2}));
  EXPECT_EQ(directory.entries(), 1u);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
}

TEST(WeightsWriter, ReadersOfTheOldFileKeepIt) {
  const TemporaryDirectory directory;
  const std::string path = directory / "w";
  writer_of(3, 1.0f).write(path);
  const WeightsFile old = WeightsFile::open(path);
  writer_of(5, 2.0f).write(path);
  EXPECT_EQ(old.read_float("x"), (std::vector<float>{1, 1, 1}));
}

TEST(WeightsWriter, FollowsASymbolicLink) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "deep");
  writer_of(3, 1.0f).write(directory / "deep/w");
  std::filesystem::create_symlink("deep/w", directory / "latest");
  writer_of(1, 2.0f).write(directory / "latest");
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "latest"));
  EXPECT_EQ(WeightsFile::open(directory / "deep/w").read_float("x"), std::vector<float>{2.0f});
}

TEST(WeightsWriter, WritesARelativePathAndALongName) {
  const TemporaryDirectory directory;
  const std::string name(255, 'n');  // the longest that file systems allow
  writer_of(1, 2.0f).write(directory / name);
  EXPECT_EQ(WeightsFile::open(directory / name).tensors().size(), 1u);
  const std::string relative =
      std::filesystem::relative(directory / "w", std::filesystem::current_path());
  writer_of(1, 2.0f).write(relative);
  EXPECT_EQ(WeightsFile::open(directory / "w").tensors().size(), 1u);
  expect_user_error([&] { writer_of(1, 1.0f).write(directory / (name + "n")); },
                    {"choose a shorter name"});
  EXPECT_EQ(directory.entries(), 2u);
}

TEST(WeightsWriter, ImpossiblePlaces) {
  const TemporaryDirectory directory;
  const WeightsWriter writer = writer_of(3, 1.0f);
  write_file(directory / "file", "kept");
  expect_user_error([&] { writer.write(""); }, {"no weights file is named"});
  expect_user_error([&] { writer.write(directory / "absent/w"); },
                    {directory / "absent/w", "create the directory",
                     std::to_string(writer.file_bytes()) + " bytes"});
  expect_user_error([&] { writer.write(directory / "file/w"); },
                    {directory / "file/w", "not a directory"});
  expect_user_error([&] { writer.write(directory.path()); }, {directory.path(), "is a directory"});
  expect_user_error([&] { writer.write(directory.path() + "/"); }, {"is a directory"});
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat("/dev/full", &before), 0);
  expect_user_error([&] { writer.write("/dev/full"); }, {"/dev/full", "not a regular file"});
  ASSERT_EQ(::stat("/dev/full", &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_TRUE(S_ISCHR(after.st_mode));
  EXPECT_EQ(read_file(directory / "file"), "kept");
  EXPECT_EQ(directory.entries(), 1u);
}

constexpr int kCannotRun = 77;

// Runs the function in a process of its own, which may change its rights; returns what it returns.
template <class Function>
int in_child(Function&& function) {
  const pid_t child = ::fork();
  if (child == 0) {
    int result = 99;
    try {
      result = function();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(result);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 98;
  return WEXITSTATUS(status);
}

// Root may do everything, so a child of root becomes another user first; the owner of `path`.
bool become_ordinary_user(const std::string& path) {
  constexpr uid_t kNobody = 65534;
  return ::geteuid() != 0 || (::chown(path.c_str(), kNobody, kNobody) == 0 &&
                              ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0);
}

TEST(WeightsWriter, NoPermission) {
  const TemporaryDirectory directory;
  const int result = in_child([&] {
    if (!become_ordinary_user(directory.path())) return kCannotRun;
    const std::string path = directory / "w";
    writer_of(3, 1.0f).write(path);
    const std::string old = read_file(path);
    ::chmod(path.c_str(), 0444);
    expect_user_error([&] { writer_of(3, 2.0f).write(path); }, {path, "the old file is unchanged"});
    ::chmod(path.c_str(), 0);
    expect_user_error([&] { WeightsFile::open(path); }, {path, "chmod"});
    ::chmod(path.c_str(), 0600);
    ::chmod(directory.path().c_str(), 0555);
    expect_user_error([&] { writer_of(3, 2.0f).write(directory / "new"); },
                      {directory / "new", "a place that you may write to"});
    expect_user_error([&] { writer_of(3, 2.0f).write(path); },
                      {path, "a place that you may write to", "the old file is unchanged"});
    ::chmod(directory.path().c_str(), 0755);
    EXPECT_EQ(read_file(path), old);
    EXPECT_EQ(directory.entries(), 1u);
    return testing::Test::HasFailure() ? 1 : 0;
  });
  if (result == kCannotRun) GTEST_SKIP() << "cannot become an ordinary user here";
  EXPECT_EQ(result, 0);
}

TEST(WeightsWriter, TheFileSizeLimitKeepsTheOldFile) {
  const TemporaryDirectory directory;
  const std::string path = directory / "w";
  writer_of(3, 1.0f).write(path);
  const std::string old = read_file(path);
  const WeightsWriter large = writer_of(100'000, 2.0f);
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit limited = before;
  std::string message;
  // From the header alone to one byte short of the whole. The signal of this limit, left at its
  // default here, would end the test.
  for (const rlim_t limit : {rlim_t{1}, rlim_t{20}, rlim_t{4096}, rlim_t{200'001},
                             static_cast<rlim_t>(large.file_bytes() - 1)}) {
    limited.rlim_cur = limit;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
    try {
      large.write(path);
      message = "no error";
    } catch (const Error& error) {
      message = error.what();
    }
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_NE(message.find(path), std::string::npos) << message;
    EXPECT_NE(message.find("ulimit -f"), std::string::npos) << message;
    EXPECT_NE(message.find(std::to_string(large.file_bytes())), std::string::npos) << message;
    EXPECT_EQ(read_file(path), old);
    EXPECT_EQ(directory.entries(), 1u);
  }
  large.write(path);
  EXPECT_EQ(read_file(path).size(), large.file_bytes());
}

// Runs in a process of its own that may mount: a disk of 64 KiB, filled by the second file.
int write_to_a_full_disk(const std::string& path) {
  const bool own_user = ::geteuid() != 0;
  if (::unshare(CLONE_NEWNS | (own_user ? CLONE_NEWUSER : 0)) != 0) return kCannotRun;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kCannotRun;
  if (::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=64k") != 0) return kCannotRun;
  const std::string file = path + "/w";
  writer_of(5000, 1.0f).write(file);
  const std::string old = read_file(file);
  try {
    writer_of(20'000, 2.0f).write(file);
    return 2;
  } catch (const Error& error) {
    const std::string message = error.what();
    if (!error.is_user_mistake() || message.find(file) == std::string::npos ||
        message.find("are free in") == std::string::npos ||
        message.find("the old file is unchanged") == std::string::npos) {
      std::fprintf(stderr, "%s\n", message.c_str());
      return 3;
    }
  }
  if (read_file(file) != old || old.size() < 20'000) return 4;
  const auto entries = std::distance(std::filesystem::directory_iterator(path),
                                     std::filesystem::directory_iterator());
  if (entries != 1) return 5;
  writer_of(5000, 3.0f).write(file);  // the room is free again
  return WeightsFile::open(file).read_float("x").at(4999) == 3.0f ? 0 : 6;
}

TEST(WeightsWriter, AFullDiskKeepsTheOldFile) {
  const TemporaryDirectory directory;
  const int result = in_child([&] { return write_to_a_full_disk(directory.path()); });
  if (result == kCannotRun) GTEST_SKIP() << "no right to mount a small disk";
  EXPECT_EQ(result, 0);
}

TEST(WeightsWriter, WrongUseIsAnInternalError) {
  const auto expect_internal = [](auto&& function) {
    try {
      function();
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_FALSE(error.is_user_mistake()) << error.what();
    }
  };
  WeightsWriter writer;
  const std::vector<float> values(6);
  writer.add("x", {6}, values);
  expect_internal([&] { writer.add("x", {6}, values); });
  expect_internal([&] { writer.add("y", {7}, values); });
  expect_internal([&] { writer.add("y", {-6}, values); });
  expect_internal([&] { writer.add("", {6}, values); });
  expect_internal([&] { writer.add("__metadata__", {6}, values); });
  expect_internal([&] { writer.add("\xFF", {6}, values); });
  expect_internal([&] { writer.add_raw("y", "F7", {1}, bytes_of("a")); });
  expect_user_error([&] { writer.metadata("path", "\xFF/x"); }, {"'path'", "UTF-8"});
}

}  // namespace
}  // namespace nram
