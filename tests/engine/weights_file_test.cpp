#include "engine/weights_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "kernels/common/error.h"
#include "tests/engine/weights_files.h"

namespace nram {
namespace {

TEST(WeightsFile, EveryDtypeSurvivesARoundTrip) {
  const TemporaryDirectory directory;
  const std::string path = directory / "weights.safetensors";
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> floats{1.5f, -0.0f, 3e-40f, infinity, 0.1f, -3.4e38f};
  const std::vector<double> doubles{1.0 / 3.0, -1e300};
  const std::vector<uint8_t> bytes{0, 7, 255};
  WeightsWriter writer;
  writer.add("bytes", {3}, bytes);  // odd sizes first: the writer has to order them
  writer.add("floats", {2, 3}, floats);
  writer.add("doubles", {2}, doubles);
  writer.add("integers", {1, 2},
             std::vector<int64_t>{std::numeric_limits<int64_t>::min(), int64_t{1} << 53});
  writer.add_raw("half", "F16", {1}, bytes_of("\x00\x3C"));
  writer.metadata("architecture", "{\"ngf\": 64}\n\xC3\xA9 \"quoted\"");
  writer.metadata("", "empty key");
  writer.write(path);

  const WeightsFile file = WeightsFile::open(path);
  EXPECT_EQ(file.file_bytes(), writer.file_bytes());
  EXPECT_EQ(read_file(path).size(), writer.file_bytes());
  EXPECT_EQ(file.tensors().size(), 5u);
  EXPECT_EQ(file.read_bytes("bytes"), bytes);
  const std::vector<float> got = file.read_float("floats", {2, 3});
  ASSERT_EQ(got.size(), floats.size());
  EXPECT_EQ(std::memcmp(got.data(), floats.data(), 24), 0);
  EXPECT_EQ(file.read_double("doubles", {2}), doubles);
  EXPECT_EQ(file.read_int64("integers"),
            (std::vector<int64_t>{std::numeric_limits<int64_t>::min(), int64_t{1} << 53}));
  EXPECT_EQ(file.metadata_at("architecture"), "{\"ngf\": 64}\n\xC3\xA9 \"quoted\"");
  EXPECT_EQ(file.metadata().at(""), "empty key");
  EXPECT_EQ(file.read_raw("half"), (std::vector<uint8_t>{0x00, 0x3C}));
}

TEST(WeightsFile, SameContentGivesTheSameBits) {
  const TemporaryDirectory directory;
  const std::vector<float> values{1, 2, 3};
  for (const char* name : {"a", "b"}) {
    WeightsWriter writer;
    writer.metadata("x", "1");
    writer.add("w", {3}, values);
    writer.metadata("a", "2");
    writer.write(directory / name);
  }
  EXPECT_EQ(read_file(directory / "a"), read_file(directory / "b"));
}

TEST(WeightsFile, DataIsAlignedAndWithoutGaps) {
  const TemporaryDirectory directory;
  for (int length = 1; length <= 9; ++length) {
    const std::string path = directory / "aligned";
    WeightsWriter writer;
    writer.add(std::string(static_cast<size_t>(length), 'b'), {3}, std::vector<uint8_t>{1, 2, 3});
    writer.add_raw("h", "BF16", {1}, bytes_of("\x80\x3F"));
    writer.add("f", {1}, std::vector<float>{2.0f});
    writer.add("d", {1}, std::vector<double>{4.0});
    writer.write(path);
    const std::string raw = read_file(path);
    const uint64_t data = 8 + header_length(raw);
    EXPECT_EQ(data % 8, 0u);
    const WeightsFile file = WeightsFile::open(path);
    uint64_t position = 0;
    for (const TensorInfo& tensor : file.tensors()) {
      EXPECT_EQ(tensor.begin, position);
      EXPECT_EQ(tensor.begin % (tensor.bytes() / static_cast<uint64_t>(tensor.elements())), 0u);
      position = tensor.end;
    }
    EXPECT_EQ(data + position, raw.size());
  }
}

TEST(WeightsFile, ScalarsEmptyTensorsAndEmptyFiles) {
  const TemporaryDirectory directory;
  const std::string path = directory / "w";
  WeightsWriter().write(path);
  EXPECT_TRUE(WeightsFile::open(path).tensors().empty());

  WeightsWriter writer;
  writer.add("none", {0}, std::vector<float>{});
  writer.add("scalar", {}, std::vector<float>{2.5f});
  writer.add("flat", {4, 0, 3}, std::vector<float>{});
  writer.add("no.bytes", {0}, std::vector<uint8_t>{});
  writer.write(path);
  const WeightsFile file = WeightsFile::open(path);
  EXPECT_EQ(file.read_float("scalar", std::vector<int64_t>{}), std::vector<float>{2.5f});
  EXPECT_TRUE(file.read_float("flat", {4, 0, 3}).empty());
  EXPECT_TRUE(file.read_double("none").empty());
  EXPECT_TRUE(file.read_bytes("no.bytes").empty());
  EXPECT_EQ(file.at("flat").elements(), 0);
  EXPECT_EQ(file.at("scalar").elements(), 1);
}

// The value of a half by its definition in IEEE 754.
double half_value(uint32_t half) {
  const double sign = (half & 0x8000u) != 0 ? -1.0 : 1.0;
  const int exponent = static_cast<int>((half >> 10) & 31u);
  const double fraction = half & 1023u;
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024.0 + fraction, exponent - 25);
}

TEST(WeightsFile, AllHalvesAndBrainFloatsConvert) {
  const TemporaryDirectory directory;
  std::vector<uint8_t> all;
  for (uint32_t i = 0; i < 65536; ++i) {
    all.push_back(static_cast<uint8_t>(i));
    all.push_back(static_cast<uint8_t>(i >> 8));
  }
  WeightsWriter writer;
  writer.add_raw("f16", "F16", {256, 256}, all);
  writer.add_raw("bf16", "BF16", {65536}, all);
  writer.write(directory / "w");
  const WeightsFile file = WeightsFile::open(directory / "w");
  const std::vector<float> half = file.read_float("f16");
  const std::vector<double> half_double = file.read_double("f16");
  const std::vector<float> brain = file.read_float("bf16");
  ASSERT_EQ(half.size(), 65536u);
  for (uint32_t i = 0; i < 65536; ++i) {
    const double expected = half_value(i);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(half[i]) && std::isnan(half_double[i])) << i;
    } else {
      ASSERT_EQ(half[i], expected) << i;
      ASSERT_EQ(half_double[i], expected) << i;
      ASSERT_EQ(std::signbit(half[i]), std::signbit(expected)) << i;
    }
    ASSERT_EQ(std::isnan(brain[i]), (i & 0x7FFF) > 0x7F80) << i;
    if (!std::isnan(brain[i])) {
      ASSERT_EQ(std::bit_cast<uint32_t>(brain[i]), i << 16);
    }
  }
}

TEST(WeightsFile, WideTensorsConvertPieceByPiece) {
  const TemporaryDirectory directory;
  constexpr int64_t kCount = 300'001;  // more than two pieces of 1 MiB, the last one odd
  std::vector<double> values(kCount);
  for (int64_t i = 0; i < kCount; ++i) values[static_cast<size_t>(i)] = 1.0 / (1.0 + i);
  std::vector<float> floats(values.begin(), values.end());
  WeightsWriter writer;
  writer.add("d", {kCount}, values);
  writer.add("f", {kCount}, floats);
  writer.write(directory / "w");
  const WeightsFile file = WeightsFile::open(directory / "w");
  EXPECT_EQ(file.read_float("d"), floats);
  EXPECT_EQ(file.read_double("f"), std::vector<double>(floats.begin(), floats.end()));
  EXPECT_EQ(file.read_double("d"), values);
  std::vector<float> into(kCount);
  file.read_float("d", {kCount}, into);
  EXPECT_EQ(into, floats);
  EXPECT_THROW(file.read_float("d", {kCount}, std::span<float>(into).first(5)), Error);
}

TEST(WeightsFile, ReadsWhatOtherWritersMake) {
  // Header order unlike data order, escaped names, no metadata, padding by spaces.
  const TemporaryDirectory directory;
  const std::string path = directory / "foreign";
  write_file(path, safetensors(R"({"b":{"shape":[1],"data_offsets":[4,8],"dtype":"F32"},)"
                               R"( "\u0061":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   )",
                               std::string("\0\0\x80\x3F\0\0\0\x40", 8)));
  const WeightsFile file = WeightsFile::open(path);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.read_float("a"), std::vector<float>{1.0f});
  EXPECT_EQ(file.read_float("b"), std::vector<float>{2.0f});
}

TEST(WeightsFile, WrongRequestsNameFileTensorAndShapes) {
  const TemporaryDirectory directory;
  const std::string path = directory / "w.safetensors";
  WeightsWriter writer;
  writer.add("conv.weight", {2, 3}, std::vector<float>(6));
  writer.add("count", {1}, std::vector<int64_t>{3});
  writer.write(path);
  const WeightsFile file = WeightsFile::open(path);
  EXPECT_EQ(file.find("conv.bias"), nullptr);
  expect_user_error([&] { file.read_float("conv.bias"); }, {path, "'conv.bias'"});
  expect_user_error(
      [&] {
        file.read_float("conv.weight", {3, 2});
      },
      {path, "'conv.weight'", "[2, 3]", "[3, 2]"});
  expect_user_error([&] { file.read_float("count"); }, {path, "'count'", "I64", "F32"});
  expect_user_error([&] { file.read_double("count"); }, {path, "'count'", "I64"});
  expect_user_error([&] { file.read_bytes("conv.weight"); }, {path, "'conv.weight'", "F32", "U8"});
  expect_user_error([&] { file.read_int64("conv.weight"); }, {path, "'conv.weight'", "F32", "I64"});
  expect_user_error([&] { file.metadata_at("architecture"); }, {path, "'architecture'"});
}

TEST(WeightsFile, AFileThatShrinksWhileOpenIsAnErrorNotASignal) {
  const TemporaryDirectory directory;
  const std::string path = directory / "w";
  WeightsWriter writer;
  writer.add("x", {1000}, std::vector<float>(1000, 1.0f));
  writer.write(path);
  const WeightsFile file = WeightsFile::open(path);
  ASSERT_EQ(::truncate(path.c_str(), 2000), 0);
  expect_user_error([&] { file.read_float("x"); }, {path, "'x'"});
}

TEST(WeightsFile, ComparesWithAnExpectedList) {
  const TemporaryDirectory directory;
  const std::string path = directory / "w";
  WeightsWriter writer;
  for (const char* name : {"g.a", "g.b", "g.c", "g.d", "g.e", "d.x"}) {
    writer.add(name, {2}, std::vector<float>(2));
  }
  writer.write(path);
  const WeightsFile file = WeightsFile::open(path);
  const std::vector<ExpectedTensor> right{
      {"g.a", {2}}, {"g.b", {2}}, {"g.c", {2}}, {"g.d", {2}}, {"g.e", {2}}};
  EXPECT_EQ(compare_tensors(file, right, "g."), "");
  check_tensors(file, right, "g.");
  expect_user_error([&] { check_tensors(file, right); }, {path, "1 unknown ('d.x')"});
  const std::vector<ExpectedTensor> wrong{{"g.a", {1, 2}}, {"g.z", {2}}};
  expect_user_error([&] { check_tensors(file, wrong, "g."); },
                    {path, "1 missing ('g.z')", "1 of the wrong shape ('g.a' is [2], not [1, 2])",
                     "4 unknown ('g.b', 'g.c', 'g.d', ...)"});
  const std::vector<ExpectedTensor> twice{{"g.a", {2}}, {"g.a", {2}}};
  EXPECT_THROW(compare_tensors(file, twice), Error);
}

TEST(WeightsFile, DescribesAsTextAndJson) {
  const TemporaryDirectory directory;
  const std::string path = directory / "w";
  WeightsWriter writer;
  writer.add("generator.conv.weight", {64, 21, 7, 7}, std::vector<float>(64 * 21 * 49));
  writer.add("vgg16.bias", {3}, std::vector<double>(3));
  writer.metadata("architecture", "nram\x1B[31m");
  writer.write(path);
  const WeightsFile file = WeightsFile::open(path);
  const std::string table = describe(file);
  EXPECT_NE(table.find("generator.conv.weight  F32    [64, 21, 7, 7]      65,856  263,424\n"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("all              2      65,859  263,448\n"), std::string::npos) << table;
  EXPECT_NE(table.find("architecture  nram\\x1b[31m\n"), std::string::npos) << table;

  const nlohmann::json document = nlohmann::json::parse(describe_json(file));
  EXPECT_EQ(document["path"], path);
  EXPECT_EQ(document["total"]["parameters"], 65859);
  EXPECT_EQ(document["total"]["bytes"], 263448);
  EXPECT_EQ(document["groups"]["vgg16"]["tensors"], 1);
  EXPECT_EQ(document["metadata"]["architecture"], "nram\x1B[31m");
  ASSERT_EQ(document["tensors"].size(), 2u);
  EXPECT_EQ(document["tensors"][1]["name"], "generator.conv.weight");
  EXPECT_EQ(document["tensors"][1]["shape"], (std::vector<int>{64, 21, 7, 7}));

  WeightsWriter().write(directory / "\xFF");  // a path that is no UTF-8, and no tensors at all
  const WeightsFile empty = WeightsFile::open(directory / "\xFF");
  EXPECT_EQ(nlohmann::json::parse(describe_json(empty))["tensors"].size(), 0u);
  EXPECT_NE(describe(empty).find("all"), std::string::npos);
}

}  // namespace
}  // namespace nram
