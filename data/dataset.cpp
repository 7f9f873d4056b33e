#include "data/dataset.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <unordered_map>

#include "data/file.h"
#include "kernels/common/error.h"

namespace nram::data {
namespace {

using Index = std::unordered_map<std::string, int>;

constexpr const char* kAnnotationHeader = "name:keypoints_y:keypoints_x";
constexpr const char* kPairsHeader = "from,to";
constexpr size_t kNamesShown = 3;

std::string annotation_path(const Dataset& dataset) {
  return text(dataset.directory, "/fasion-resize-annotation-", dataset.split, ".csv");
}

std::string pairs_path(const Dataset& dataset) {
  return text(dataset.directory, "/fasion-resize-pairs-", dataset.split, ".csv");
}

// "a, b, c and 4 more"
std::string some_of(const std::vector<std::string>& names) {
  std::string result;
  for (size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    result += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kNamesShown) result += text(" and ", names.size() - kNamesShown, " more");
  return result;
}

std::string plural(size_t count, const std::string& one) {
  return text(count, " ", one, count == 1 ? "" : "s");
}

struct Row {
  int number;
  std::string content;
};

// The rows below the header, which must be `header` but for spaces.
std::vector<Row> read_rows(const std::string& path, const std::string& header) {
  NRAM_USER_CHECK(std::filesystem::exists(path), path,
                  ": there is no such file; a data set needs it beside its folders of images (the "
                  "spelling 'fasion' is DeepFashion's)");
  std::vector<Row> rows;
  bool has_header = false;
  int number = 0;
  for (const std::string& line : split_lines(read_text(path))) {
    ++number;
    if (trim(line).empty()) continue;
    if (has_header) {
      rows.push_back({number, line});
      continue;
    }
    std::string found = line;
    std::erase_if(found, [](unsigned char c) { return std::isspace(c); });
    NRAM_USER_CHECK(found == header, path, " row ", number, ": the header is '",
                    trim(line).substr(0, 80), "'; it must be '", header, "'");
    has_header = true;
  }
  NRAM_USER_CHECK(has_header, path, ": the file is empty; its first row must be '", header, "'");
  return rows;
}

Index read_annotation(Dataset& dataset) {
  const std::string path = annotation_path(dataset);
  Index index;
  for (const Row& row : read_rows(path, kAnnotationHeader)) {
    const std::string place = text(path, " row ", row.number);
    NamedKeypoints parsed = parse_csv_row(row.content, place);
    NRAM_USER_CHECK(!parsed.name.empty(), place, ": the name of the image is missing; add it");
    const auto [other, is_new] =
        index.emplace(parsed.name, static_cast<int>(dataset.images.size()));
    NRAM_USER_CHECK(is_new, place, ": ", parsed.name,
                    " has a second annotation, the first is in row ",
                    dataset.images[other->second].row, "; delete one of them");
    dataset.images.push_back({std::move(parsed.name), parsed.keypoints, row.number});
  }
  return index;
}

void read_pairs(Dataset& dataset, const Index& index) {
  const std::string path = pairs_path(dataset);
  for (const Row& row : read_rows(path, kPairsHeader)) {
    const std::string place = text(path, " row ", row.number);
    const size_t comma = row.content.find(',');
    NRAM_USER_CHECK(
        comma != std::string::npos && row.content.find(',', comma + 1) == std::string::npos, place,
        ": '", trim(row.content).substr(0, 80), "' is not a pair; write two names as 'from,to'");
    int ends[2];
    const std::string_view view(row.content);
    const std::string names[2] = {std::string(trim(view.substr(0, comma))),
                                  std::string(trim(view.substr(comma + 1)))};
    for (int i = 0; i < 2; ++i) {
      const auto found = index.find(names[i]);
      NRAM_USER_CHECK(found != index.end(), place, ": ", names[i].empty() ? "''" : names[i],
                      " has no annotation; add its row to ", annotation_path(dataset),
                      " or delete the pair");
      ends[i] = found->second;
    }
    dataset.pairs.push_back({ends[0], ends[1]});
  }
  NRAM_USER_CHECK(!dataset.pairs.empty(), path,
                  ": no pairs here; write one 'from,to' row for each pair of images");
}

// Drops pairs whose image files are missing, or says which are.
void check_files(Dataset& dataset, const std::vector<bool>& exists, bool skip_missing) {
  std::vector<bool> used(dataset.images.size());
  for (const DatasetPair& pair : dataset.pairs) used[pair.source] = used[pair.target] = true;
  std::vector<std::string> missing;
  for (size_t i = 0; i < dataset.images.size(); ++i) {
    if (used[i] && !exists[i]) missing.push_back(dataset.images[i].name);
  }
  if (missing.empty()) return;
  const std::string report =
      text(dataset.directory, "/", dataset.split, ": ", plural(missing.size(), "image"), " of ",
           std::count(used.begin(), used.end(), true), " used by pairs not there (",
           some_of(missing), ")");
  NRAM_USER_CHECK(skip_missing, report, "; add the files or skip missing images");
  const size_t dropped = std::erase_if(dataset.pairs, [&](const DatasetPair& pair) {
    return !exists[pair.source] || !exists[pair.target];
  });
  NRAM_USER_CHECK(!dataset.pairs.empty(), report, "; no pair is left, so add the files");
  dataset.warnings.push_back(text(report, "; ", plural(dropped, "pair"), " left out"));
}

// The rule for points beside the image that the header of this part states.
void check_keypoints(Dataset& dataset, const std::vector<bool>& exists) {
  constexpr float kCroppedShare = 40.0f / 176.0f;
  constexpr float kRounding = 1.0f;
  std::vector<std::string> beside;
  size_t points = 0;
  bool all_uncropped = true;
  int right_half = 0, right_of_crop = 0;
  for (size_t i = 0; i < dataset.images.size(); ++i) {
    if (!exists[i]) continue;
    DatasetImage& image = dataset.images[i];
    const auto [height, width] = read_image_size(dataset.path(static_cast<int>(i)));
    const std::vector<OffImage> off = off_image(image.keypoints, height, width);
    for (const OffImage& point : off) {
      const int k = point.keypoint;
      NRAM_USER_CHECK(
          point.by_y <= kRounding && point.by_x <= kCroppedShare * static_cast<float>(width),
          annotation_path(dataset), " row ", image.row, ": the ", keypoint_name(k), " of ",
          image.name, " is at y ", image.keypoints.y[k], ", x ", image.keypoints.x[k],
          ", off the image of ", height, " x ", width,
          " (height x width); correct it, or write -1 in both lists where it cannot be seen");
      image.keypoints.set_missing(k);
    }
    if (!off.empty()) beside.push_back(image.name);
    points += off.size();
    all_uncropped = all_uncropped && height == 256 && width == 256;
    for (const float x : image.keypoints.x) {
      right_half += x >= 128;
      right_of_crop += x >= 176;
    }
  }
  if (points > 0) {
    dataset.warnings.push_back(text(annotation_path(dataset), ": ", plural(points, "keypoint"),
                                    " of ", plural(beside.size(), "image"),
                                    " beside the image taken as missing (", some_of(beside), ")"));
  }
  if (all_uncropped && right_half > 50 && right_of_crop == 0) {
    dataset.warnings.push_back(text(
        annotation_path(dataset),
        ": the images are 256 x 256 but no keypoint has x above 175, so the annotation seems to be "
        "that of images cropped to columns 40..215; crop the images if so"));
  }
}

void warn_of_empty_poses(Dataset& dataset) {
  std::set<int> empty;
  for (const DatasetPair& pair : dataset.pairs) {
    for (const int i : {pair.source, pair.target}) {
      if (dataset.images[i].keypoints.present() == 0) empty.insert(i);
    }
  }
  if (empty.empty()) return;
  std::vector<std::string> names;
  for (const int i : empty) names.push_back(dataset.images[i].name);
  dataset.warnings.push_back(text(annotation_path(dataset), ": all keypoints missing for ",
                                  plural(names.size(), "image"), " used by pairs (", some_of(names),
                                  ")"));
}

}  // namespace

std::string Dataset::path(int image) const {
  return text(directory, "/", split, "/", images[image].name);
}

int Dataset::find(const std::string& name) const {
  for (size_t i = 0; i < images.size(); ++i) {
    if (images[i].name == name) return static_cast<int>(i);
  }
  throw_user(text(annotation_path(*this), ": there is no image ", name,
                  "; give a name from this file, such as ", images.front().name));
}

Dataset open_dataset(const std::string& directory, const std::string& split,
                     const DatasetOptions& options) {
  NRAM_USER_CHECK(split == "train" || split == "test",
                  "a data set has the parts train and test, not '", split, "'");
  Dataset dataset{directory, split, {}, {}, {}};
  for (const std::string& folder : {directory, directory + "/" + split}) {
    NRAM_USER_CHECK(std::filesystem::is_directory(folder), folder,
                    ": there is no such folder; give a data set in the DeepFashion layout, or make "
                    "one with 'nram synthesize'");
  }
  const Index index = read_annotation(dataset);
  read_pairs(dataset, index);
  std::vector<bool> exists(dataset.images.size());
  for (size_t i = 0; i < exists.size(); ++i) {
    exists[i] = std::filesystem::exists(dataset.path(static_cast<int>(i)));
  }
  check_files(dataset, exists, options.skip_missing);
  check_keypoints(dataset, exists);
  warn_of_empty_poses(dataset);
  return dataset;
}

void write_dataset_lists(const Dataset& dataset) {
  std::string annotation = text(kAnnotationHeader, "\n");
  for (const DatasetImage& image : dataset.images) {
    annotation += to_csv_row(image.name, image.keypoints) + "\n";
  }
  std::string pairs = text(kPairsHeader, "\n");
  for (const DatasetPair& pair : dataset.pairs) {
    pairs += dataset.images[pair.source].name + "," + dataset.images[pair.target].name + "\n";
  }
  write_atomically(annotation_path(dataset), annotation.data(), annotation.size());
  write_atomically(pairs_path(dataset), pairs.data(), pairs.size());
}

std::string identity(const std::string& image_name) {
  const std::string stem = std::filesystem::path(image_name).stem().string();
  const size_t mark = stem.rfind('_');
  if (mark == std::string::npos || mark == 0) return stem;
  // A view is a number and a word, such as 1front: a bare number tells pictures apart, not views.
  const std::string_view view = std::string_view(stem).substr(mark + 1);
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const bool is_view = !view.empty() && is_digit(view.front()) && !is_digit(view.back());
  return is_view ? stem.substr(0, mark) : stem;
}

std::vector<std::string> shared_identities(const Dataset& a, const Dataset& b) {
  const auto identities = [](const Dataset& dataset) {
    std::set<std::string> result;
    for (const DatasetPair& pair : dataset.pairs) {
      result.insert(identity(dataset.images[pair.source].name));
      result.insert(identity(dataset.images[pair.target].name));
    }
    return result;
  };
  const std::set<std::string> first = identities(a), second = identities(b);
  std::vector<std::string> shared;
  std::set_intersection(first.begin(), first.end(), second.begin(), second.end(),
                        std::back_inserter(shared));
  return shared;
}

}  // namespace nram::data
