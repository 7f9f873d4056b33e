// Options that name one transfer: a photo or a data set's image, and a target pose.
#pragma once

#include <string>

#include "tools/commands.h"
#include "training/transfer.h"

namespace nram::tools {

struct PairOptions {
  std::string weights;
  DeviceOptions device = "cpu";
  std::string data;              // data set for --source and --target
  std::string source;            // name in the data set
  std::string target;            // name in the data set
  std::string image;             // or: the user's photo ...
  std::string keypoints;         // ... with its keypoints
  std::string target_keypoints;  // or: the pose from a file ...
  std::string target_size;       // ... in pixels of an image of this size ("256x176")
};

void add_pair_options(CLI::App& command, PairOptions& options);
// The batch of 1 that the options name. User errors for options that do not fit together.
data::Batch read_pair(const PairOptions& options, const ModelConfig& config);

}  // namespace nram::tools
