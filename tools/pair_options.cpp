#include "tools/pair_options.h"

#include <cstdio>

#include "data/dataset.h"

namespace nram::tools {
namespace {

struct Posed {
  data::Keypoints keypoints;
  data::ImageSize size{0, 0};
  std::string path;
};

// An image of a data set by its name, from the test part or else the train part.
Posed find_entry(const std::string& directory, const std::string& name) {
  data::DatasetOptions options;
  options.skip_missing = true;
  for (const char* split : {"test", "train"}) {
    const data::Dataset dataset = data::open_dataset(directory, split, options);
    for (size_t i = 0; i < dataset.images.size(); ++i) {
      if (dataset.images[i].name != name) continue;
      const std::string path = dataset.path(static_cast<int>(i));
      return {dataset.images[i].keypoints, data::read_image_size(path), path};
    }
  }
  throw_user(text(directory, " has no image '", name,
                  "' in its annotation files; give a name from their first column"));
}

data::ImageSize parse_size(const std::string& size) {
  data::ImageSize result{0, 0};
  char end = 0;
  const int read = std::sscanf(size.c_str(), "%dx%d%c", &result.height, &result.width, &end);
  NRAM_USER_CHECK(read == 2 && result.height > 0 && result.width > 0, "--target-size is '", size,
                  "'; give height x width, such as 256x176");
  return result;
}

}  // namespace

void add_pair_options(CLI::App& command, PairOptions& options) {
  command.add_option("--weights", options.weights, "generator.safetensors, or a checkpoint")
      ->required();
  const std::string person = "The person";
  command.add_option("--image", options.image, "A photo of the person")->group(person);
  command
      .add_option("--keypoints", options.keypoints,
                  "The photo's keypoints: OpenPose JSON, a JSON array of 18 [y, x], or a CSV row")
      ->group(person);
  command.add_option("--source", options.source, "Or: the name of an image of the data set")
      ->group(person);
  const std::string pose = "The target pose";
  command
      .add_option("--target-keypoints", options.target_keypoints,
                  "Keypoints of the target pose, in the same forms")
      ->group(pose);
  command
      .add_option("--target-size", options.target_size,
                  "HEIGHTxWIDTH of the image those keypoints were found in (default: the photo's)")
      ->group(pose);
  command.add_option("--target", options.target, "Or: the name of an image of the data set")
      ->group(pose);
  command.add_option("--data", options.data, "The data set of --source and --target");
  add_device_option(command, options.device);
  add_threads_option(command);
}

data::Batch read_pair(const PairOptions& options, const ModelConfig& config) {
  NRAM_USER_CHECK(options.source.empty() != options.image.empty(),
                  "name the person once: --image with --keypoints, or --source with --data");
  NRAM_USER_CHECK(options.target.empty() != options.target_keypoints.empty(),
                  "name the target pose once: --target-keypoints, or --target with --data");
  NRAM_USER_CHECK(!options.data.empty() || (options.source.empty() && options.target.empty()),
                  "--source and --target name images of a data set; give it with --data");
  Posed source;
  if (!options.source.empty()) {
    source = find_entry(options.data, options.source);
  } else {
    NRAM_USER_CHECK(!options.keypoints.empty(),
                    "--image needs the photo's keypoints; give them with --keypoints");
    source = {data::load_keypoints(options.keypoints), data::read_image_size(options.image),
              options.image};
    data::check_on_image(source.keypoints, source.size.height, source.size.width,
                         options.keypoints);
  }
  Posed target;
  if (!options.target.empty()) {
    target = find_entry(options.data, options.target);
  } else {
    target.keypoints = data::load_keypoints(options.target_keypoints);
    target.size = options.target_size.empty() ? source.size : parse_size(options.target_size);
    data::check_on_image(target.keypoints, target.size.height, target.size.width,
                         options.target_keypoints);
  }
  return photo_batch(data::read_image(source.path), source.keypoints, target.keypoints, target.size,
                     config);
}

}  // namespace nram::tools
