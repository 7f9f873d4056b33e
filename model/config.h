// The architecture as values: what a weights file's metadata holds, so that a checkpoint needs no
// flags.
#pragma once

#include <map>
#include <string>

#include "engine/weights_file.h"
#include "kernels/common/error.h"

namespace nram {

constexpr int kKeypointCount = 18;
constexpr float kLeakySlope = 0.01f;  // paper, eq. 3
constexpr float kNormEpsilon = 1e-5f;
constexpr double kHeatmapSigma = 6.0;  // pixels at kHeatmapRows rows
constexpr double kHeatmapRows = 256.0;

enum class Norm { kInstance, kBatch, kNone };
enum class PoseStream { kFull, kNarrow };

struct ModelConfig {
  int height = 256;
  int width = 176;
  int ngf = 64;
  int blocks = 9;
  Norm norm = Norm::kInstance;
  bool inner_skip = true;
  PoseStream pose_stream = PoseStream::kFull;

  int channels() const { return 4 * ngf; }  // of the two streams
  bool operator==(const ModelConfig&) const = default;
};

// "instance", "batch", "none"; "full", "narrow"; user errors name the choices.
const char* name_of(Norm norm);
const char* name_of(PoseStream pose_stream);
Norm parse_norm(const std::string& name);
PoseStream parse_pose_stream(const std::string& name);

// User errors for sizes that are no positive multiple of 4, or no positive ngf or blocks.
void validate(const ModelConfig& config);

// Metadata entries "height", "width", "ngf", "blocks", "norm", "inner_skip", "pose_stream".
std::map<std::string, std::string> to_metadata(const ModelConfig& config);
// The architecture of a weights file: from its metadata where present, else from the tensors' names
// and shapes (inner_skip and the image size are then the defaults). User errors name file and
// tensor.
ModelConfig config_of(const WeightsFile& file);

}  // namespace nram
