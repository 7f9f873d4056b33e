#include "model/config.h"

#include <charconv>

namespace nram {
namespace {

int parse_integer(const WeightsFile& file, const std::string& key, const std::string& value) {
  int result = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  NRAM_USER_CHECK(error == std::errc{} && end == value.data() + value.size(), file.path(),
                  ": the metadata entry ", key, " is '", value,
                  "', not a whole number; write the file again with nram train");
  return result;
}

const TensorInfo& rank4(const WeightsFile& file, const std::string& name) {
  const TensorInfo* info = file.find(name);
  NRAM_USER_CHECK(info != nullptr && info->shape.size() == 4, file.path(),
                  ": this is no NRAM generator, since it has no convolution weight ", name,
                  "; give a file written by nram train");
  return *info;
}

void read_shapes(const WeightsFile& file, ModelConfig& config) {
  config.ngf = static_cast<int>(
      std::min<int64_t>(rank4(file, "generator.appearance_encoder.conv0.weight").shape[0], 4096));
  config.blocks = 0;
  while (file.find(text("generator.blocks.", config.blocks, ".mask.weight")) != nullptr) {
    ++config.blocks;
  }
  const std::string stem = "generator.appearance_encoder.conv0.";
  config.norm = file.find(stem + "running_mean") != nullptr ? Norm::kBatch
                : file.find(stem + "bias") != nullptr       ? Norm::kNone
                                                            : Norm::kInstance;
  if (config.blocks > 1) {
    const TensorInfo& pose = rank4(file, "generator.blocks.1.pose.conv0.weight");
    config.pose_stream = pose.shape[0] == pose.shape[1] ? PoseStream::kFull : PoseStream::kNarrow;
  }
}

void read_metadata(const WeightsFile& file, ModelConfig& config) {
  const auto& metadata = file.metadata();
  const std::pair<const char*, int*> numbers[] = {{"height", &config.height},
                                                  {"width", &config.width},
                                                  {"ngf", &config.ngf},
                                                  {"blocks", &config.blocks}};
  for (const auto& [key, target] : numbers) {
    const auto found = metadata.find(key);
    if (found != metadata.end()) *target = parse_integer(file, key, found->second);
  }
  const auto norm = metadata.find("norm");
  if (norm != metadata.end()) config.norm = parse_norm(norm->second);
  const auto pose_stream = metadata.find("pose_stream");
  if (pose_stream != metadata.end()) config.pose_stream = parse_pose_stream(pose_stream->second);
  const auto inner_skip = metadata.find("inner_skip");
  if (inner_skip != metadata.end()) config.inner_skip = inner_skip->second != "false";
}

}  // namespace

const char* name_of(Norm norm) {
  return norm == Norm::kInstance ? "instance" : norm == Norm::kBatch ? "batch" : "none";
}

const char* name_of(PoseStream pose_stream) {
  return pose_stream == PoseStream::kFull ? "full" : "narrow";
}

Norm parse_norm(const std::string& name) {
  for (const Norm norm : {Norm::kInstance, Norm::kBatch, Norm::kNone}) {
    if (name == name_of(norm)) return norm;
  }
  throw_user(text("there is no norm '", name, "': choose instance, batch or none"));
}

PoseStream parse_pose_stream(const std::string& name) {
  for (const PoseStream stream : {PoseStream::kFull, PoseStream::kNarrow}) {
    if (name == name_of(stream)) return stream;
  }
  throw_user(text("there is no pose stream '", name, "': choose full or narrow"));
}

void validate(const ModelConfig& config) {
  NRAM_USER_CHECK(config.height >= 16 && config.width >= 16 && config.height % 4 == 0 &&
                      config.width % 4 == 0 && config.height <= 8192 && config.width <= 8192,
                  "the image size is ", config.height, " x ", config.width,
                  "; height and width must be multiples of 4 and at least 16");
  NRAM_USER_CHECK(config.ngf >= 1 && config.ngf <= 1024, "ngf is ", config.ngf,
                  "; it must lie between 1 and 1024 (the paper uses 64)");
  NRAM_USER_CHECK(config.blocks >= 1 && config.blocks <= 256, "blocks is ", config.blocks,
                  "; it must lie between 1 and 256 (the paper uses 9)");
}

std::map<std::string, std::string> to_metadata(const ModelConfig& config) {
  return {{"height", std::to_string(config.height)},
          {"width", std::to_string(config.width)},
          {"ngf", std::to_string(config.ngf)},
          {"blocks", std::to_string(config.blocks)},
          {"norm", name_of(config.norm)},
          {"inner_skip", config.inner_skip ? "true" : "false"},
          {"pose_stream", name_of(config.pose_stream)}};
}

ModelConfig config_of(const WeightsFile& file) {
  ModelConfig config;
  read_shapes(file, config);
  read_metadata(file, config);
  validate(config);
  return config;
}

}  // namespace nram
