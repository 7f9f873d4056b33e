// Weights files that are damaged, foreign or unreadable: each ends in one sentence.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/weights_file.h"
#include "kernels/common/philox.h"
#include "tests/engine/weights_files.h"

namespace nram {
namespace {

struct Damage {
  const char* what;
  std::string header;
  std::string part;  // of the error's sentence
};

// Two bytes of data follow every header.
const std::vector<Damage>& damages() {
  static const std::vector<Damage> list{
      {"a list", "[1]", "does not start with '{'"},
      {"an empty header", "", "does not start with '{'"},
      {"a leading space", " {}", "does not start with '{'"},
      {"no end", R"({"x":)", "not valid JSON"},
      {"text after the end", R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}} x)",
       "not valid JSON"},
      {"a comment", R"({/**/"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
       "not valid JSON"},
      {"invalid UTF-8", "{\"\xC3\x28\":{}}", "not valid JSON"},
      {"a lone surrogate", R"({"\ud800":{}})", "not valid JSON"},
      {"a number beyond double", R"({"x":{"dtype":"U8","shape":[1e999],"data_offsets":[0,2]}})",
       "not valid JSON"},
      {"a zero byte",
       std::string(R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})") +
           std::string("\0junk", 5),
       "zero byte"},
      {"a tensor twice",
       R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
       R"("\u0078":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
       "tensor 'x' appears twice"},
      {"metadata twice", R"({"__metadata__":{},"__metadata__":{}})", "its metadata appears twice"},
      {"a metadata key twice", R"({"__metadata__":{"k":"1","k":"2"}})",
       "metadata 'k' appears twice"},
      {"a field twice", R"({"x":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
       "'dtype' twice"},
      {"an unknown field", R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"more":1}})",
       "unknown field 'more'"},
      {"a number in metadata", R"({"__metadata__":{"k":1}})", "metadata 'k' is a number"},
      {"null in metadata", R"({"__metadata__":{"k":null}})", "metadata 'k' is null"},
      {"an object in metadata", R"({"__metadata__":{"k":{}}})", "metadata 'k' is an object"},
      {"a list in metadata", R"({"__metadata__":{"k":[]}})", "metadata 'k' is a list"},
      {"metadata as text", R"({"__metadata__":"x"})", "its metadata is a string"},
      {"a tensor as number", R"({"x":3})", "tensor 'x' is a number, not an object"},
      {"a tensor as list", R"({"x":[]})", "tensor 'x' is a list, not an object"},
      {"no dtype", R"({"x":{"shape":[2],"data_offsets":[0,2]}})", "tensor 'x' has no dtype"},
      {"no shape", R"({"x":{"dtype":"U8","data_offsets":[0,2]}})", "tensor 'x' has no shape"},
      {"no offsets", R"({"x":{"dtype":"U8","shape":[2]}})", "tensor 'x' has no data_offsets"},
      {"an unknown dtype", R"({"x":{"dtype":"F31","shape":[2],"data_offsets":[0,2]}})",
       "unknown dtype 'F31'"},
      {"dtype as number", R"({"x":{"dtype":4,"shape":[2],"data_offsets":[0,2]}})",
       "dtype of tensor 'x' is a number"},
      {"shape as text", R"({"x":{"dtype":"U8","shape":"2","data_offsets":[0,2]}})",
       "shape of tensor 'x' is a string"},
      {"a negative dimension", R"({"x":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}})",
       "a negative number, not a dimension"},
      {"a dimension as fraction", R"({"x":{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}})",
       "a fraction"},
      {"a dimension as text", R"({"x":{"dtype":"U8","shape":["2"],"data_offsets":[0,2]}})",
       "a string, not a dimension"},
      {"a dimension of 2^63",
       R"({"x":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,2]}})",
       "a dimension of 9223372036854775808"},
      {"a dimension of 2^64",
       R"({"x":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,2]}})",
       "beyond 64 bits"},
      {"an overflowing shape",
       R"({"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,2]}})",
       "larger than any memory"},
      {"an overflow to the right size",
       R"({"x":{"dtype":"U8","shape":[9223372036854775807,2,9223372036854775807],)"
       R"("data_offsets":[0,2]}})",
       "larger than any memory"},
      {"an overflow behind a 0",
       R"({"x":{"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})",
       "larger than any memory"},
      {"bytes that overflow",
       R"({"x":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,2]}})",
       "larger than any memory"},
      {"33 dimensions",
       R"({"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,)"
       R"(1,1,1,1],"data_offsets":[0,1]}})",
       "more than 32 dimensions"},
      {"a shape unlike its data", R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,2]}})",
       "takes 12 bytes, but its data_offsets span 2"},
      {"negative offsets", R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[-2,0]}})",
       "a negative number, not an offset"},
      {"one offset", R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0]}})",
       "needs two data_offsets"},
      {"three offsets", R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2,3]}})",
       "more than two data_offsets"},
      {"misordered offsets", R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}})",
       "end at 0, before they begin at 2"},
      {"offsets past the end", R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})",
       "is cut short: tensor 'x'"},
      {"offsets near 2^64",
       R"({"x":{"dtype":"U8","shape":[2],)"
       R"("data_offsets":[18446744073709551613,18446744073709551615]}})",
       "belong to no tensor"},
      {"a gap at the start", R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
       "1 bytes between the header and tensor 'x'"},
      {"a gap at the end", R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
       "1 bytes after tensor 'x'"},
      {"data without tensors", "{}", "2 bytes after the header"},
      {"an overlap",
       R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
       R"("y":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
       "tensor 'y' overlaps tensor 'x' by 1 bytes"},
      {"the same data twice",
       R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
       R"("y":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
       "overlaps"},
      {"deep lists", "{\"x\":" + std::string(1'000'000, '['), "tensor 'x' is a list"},
      {"deep lists in a shape", R"({"x":{"shape":)" + std::string(1'000'000, '['),
       "a list, not a dimension"},
      {"deep objects", "{\"x\":{\"dtype\":" + std::string(1'000'000, '{'), "is an object"},
      {"a name with control characters", R"({"x\n\u001b[31m":3})", "'x\\x0a\\x1b[31m'"},
      {"a name without end", "{\"" + std::string(100'000, 'n') + "\":3}", "nnn...'"},
  };
  return list;
}

TEST(WeightsDamage, EveryBrokenHeaderIsOneSentence) {
  const TemporaryDirectory directory;
  const std::string path = directory / "damaged.safetensors";
  for (const Damage& damage : damages()) {
    SCOPED_TRACE(damage.what);
    write_file(path, safetensors(damage.header, "ab"));
    expect_user_error([&] { WeightsFile::open(path); }, {path, damage.part});
  }
}

std::string small_file(const TemporaryDirectory& directory) {
  const std::string path = directory / "small";
  WeightsWriter writer;
  writer.add("generator.a.weight", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  writer.add("b", {}, std::vector<double>{0.5});
  writer.add("state", {5}, std::vector<uint8_t>{1, 2, 3, 4, 5});
  writer.metadata("architecture", "{\"ngf\":64}");
  writer.write(path);
  return read_file(path);
}

TEST(WeightsDamage, TruncationAtEveryByte) {
  const TemporaryDirectory directory;
  const std::string good = small_file(directory);
  const std::string path = directory / "cut";
  for (size_t length = 0; length < good.size(); ++length) {
    SCOPED_TRACE(length);
    write_file(path, good.substr(0, length));
    expect_user_error([&] { WeightsFile::open(path); },
                      {path, length == 0 ? "is empty" : "is cut short", "copy or download"});
  }
  write_file(path, good + "x");
  expect_user_error([&] { WeightsFile::open(path); }, {path, "1 bytes after"});
}

TEST(WeightsDamage, HugeHeaderLengthsAllocateNothing) {
  const TemporaryDirectory directory;
  const std::string path = directory / "huge";
  for (const uint64_t length : {uint64_t{1} << 60, ~uint64_t{0}, ~uint64_t{0} - 7,
                                uint64_t{100'000'001}, uint64_t{1} << 63}) {
    std::string file = safetensors("{}", "");
    std::memcpy(file.data(), &length, sizeof(length));
    write_file(path, file);
    expect_user_error([&] { WeightsFile::open(path); },
                      {path, "claims a header of " + std::to_string(length)});
  }
  // As large as the format allows, but not there.
  std::string file = safetensors("{}", "");
  const uint64_t length = 100'000'000;
  std::memcpy(file.data(), &length, sizeof(length));
  write_file(path, file);
  expect_user_error([&] { WeightsFile::open(path); }, {path, "is cut short"});
}

TEST(WeightsDamage, NotAFile) {
  const TemporaryDirectory directory;
  expect_user_error([&] { WeightsFile::open(""); }, {"no weights file is named"});
  expect_user_error([&] { WeightsFile::open(directory / "absent"); },
                    {directory / "absent", "check the path"});
  expect_user_error([&] { WeightsFile::open(directory.path()); },
                    {directory.path(), "is a directory"});
  expect_user_error([&] { WeightsFile::open("/dev/zero"); }, {"/dev/zero", "not a regular file"});
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  expect_user_error([&] { WeightsFile::open(directory / "pipe"); }, {"not a regular file"});
}

TEST(WeightsDamage, FilesOfOtherKindsSayHowToConvertThem) {
  const TemporaryDirectory directory;
  const std::string path = directory / "other.pth";
  const std::string filler(200, 'f');
  const std::vector<std::pair<std::string, std::string>> kinds{
      {std::string("PK\x03\x04\x00\x00\x08\x08", 8) + filler, "safetensors.torch.save_file"},
      {"PK\x03\x04", "safetensors.torch.save_file"},
      {"\x80\x02\x8a\x0a\x6c\xfc" + filler, "safetensors.torch.save_file"},
      {"\x80\x04\x95\x10" + filler, "pickle"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"},
      {"<!DOCTYPE html><html>" + filler, "web page"},
      {"\n\n  <HTML lang=en>" + filler, "web page"},
      {"\x89HDF\r\n\x1a\n" + filler, "HDF5"},
      {"\x93NUMPY\x01" + filler, "NumPy"},
      {"GGUF\x03" + filler, "GGUF"},
      {"\x1f\x8b\x08" + filler, "gunzip"},
      {"{\"metadata\": {\"total_size\": 9}}", "index"},
  };
  for (const auto& [content, part] : kinds) {
    write_file(path, content);
    expect_user_error([&] { WeightsFile::open(path); }, {path, "not a safetensors file", part});
  }
}

TEST(WeightsDamage, HeaderLengthsThatLookLikeOtherKindsStillOpen) {
  // 640 bytes of header begin with 0x80 0x02, as a pickle does.
  const TemporaryDirectory directory;
  const std::string path = directory / "w";
  write_file(path, safetensors("{}" + std::string(638, ' '), ""));
  EXPECT_TRUE(WeightsFile::open(path).tensors().empty());
  write_file(path, safetensors("{}" + std::string(638, ' '), "").substr(0, 5));
  expect_user_error([&] { WeightsFile::open(path); }, {path, "is cut short"});
}

// Opens and reads everything; returns whether the file was found good.
bool survive(const std::string& path) {
  try {
    const WeightsFile file = WeightsFile::open(path);
    for (const TensorInfo& tensor : file.tensors()) {
      EXPECT_EQ(file.read_raw(tensor.name).size(), tensor.bytes());
      if (tensor.dtype == "F32" || tensor.dtype == "F64") file.read_float(tensor.name);
    }
    describe(file);
    describe_json(file);
    return true;
  } catch (const Error& error) {
    EXPECT_TRUE(error.is_user_mistake()) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return false;
  }
}

TEST(WeightsDamage, RandomMutationsOfTheHeader) {
  const TemporaryDirectory directory;
  const std::string good = small_file(directory);
  const std::string path = directory / "mutated";
  const uint32_t end = static_cast<uint32_t>(8 + header_length(good));
  const std::string structure = "{}[]\",:0123456789-+.eE\\u \n\xFF\xC3\x80";
  Random random(2024);
  int opened = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::string file = good;
    const uint32_t mutations = 1 + random.below(3);
    for (uint32_t i = 0; i < mutations; ++i) {
      const uint32_t at = 8 + random.below(end - 8);
      switch (random.below(6)) {
        case 0:  // any byte, also of the length
          file[random.below(end)] = static_cast<char>(random.below(256));
          break;
        case 1:
          file[at] ^= static_cast<char>(1u << random.below(8));
          break;
        case 2:
          file[at] = structure[random.below(static_cast<uint32_t>(structure.size()))];
          break;
        case 3:  // the rest of the header and the data move by one
          file.insert(at, 1, structure[random.below(static_cast<uint32_t>(structure.size()))]);
          break;
        case 4:
          file.erase(at, 1 + random.below(4));
          break;
        default:  // copy a piece of the header over another
          file.replace(at, 8, good.substr(8 + random.below(end - 8), 8));
      }
    }
    SCOPED_TRACE(round);
    write_file(path, file);
    opened += survive(path) ? 1 : 0;
    if (HasFailure()) return;
  }
  // Mutations of names and metadata leave a good file, most others don't.
  EXPECT_GT(opened, kRounds / 50);
  EXPECT_LT(opened, kRounds / 2);
}

}  // namespace
}  // namespace nram
