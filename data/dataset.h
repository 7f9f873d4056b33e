// A data set in the DeepFashion layout:
//   DIR/train/*.jpg                             images
//   DIR/fasion-resize-annotation-train.csv      name:keypoints_y:keypoints_x
//   DIR/fasion-resize-pairs-train.csv           from,to
// and the same with `test`. Files are read as found in the wild: optional spaces, CRLF, blank
// lines, byte-order mark, floats. Everything else is one user error that names file and row (row 1
// is the header) and says what to do.
//
// Keypoints are in the pixels of the image file. The published lists hold points beside the image:
// they were detected on 256 x 256 originals, of which columns 40..215 were kept (19 of the 4,038
// test rows have such points, up to 31 pixels beside). So a point that is beside the image by no
// more than what that crop cuts away (40/176 of the width), or above or below it by at most one
// pixel (rounding), is taken as missing and counted in `warnings`; one further off is an error.
//
// The images used by pairs must exist. Annotated images that no pair uses need not (the lists name
// many), and their points are checked only if the file is there.
#pragma once

#include <string>
#include <vector>

#include "data/image.h"
#include "data/keypoints.h"

namespace nram::data {

struct DatasetOptions {
  // Leave out pairs whose image files are missing (counted in `warnings`) instead of failing.
  bool skip_missing = false;
};

struct DatasetImage {
  std::string name;  // as in the CSV files
  Keypoints keypoints;
  int row;  // in the annotation file
};

struct DatasetPair {
  int source, target;  // indices into images
};

struct Dataset {
  std::string directory, split;
  std::vector<DatasetImage> images;  // in file order
  std::vector<DatasetPair> pairs;    // in file order
  std::vector<std::string> warnings;

  std::string path(int image) const;
  // Index of the image of this name; user error if there is none.
  int find(const std::string& name) const;
};

// Opens DIR's `split`, "train" or "test".
Dataset open_dataset(const std::string& directory, const std::string& split,
                     const DatasetOptions& options = {});

// Writes the two CSV files of a split (atomically); the images are the caller's.
void write_dataset_lists(const Dataset& dataset);

// Who is in the picture, by the file name: without ending and view, so
// fashionMENSweatersid0000321602_1front.jpg is fashionMENSweatersid0000321602.
std::string identity(const std::string& image_name);

// Identities that pairs of both data sets use, sorted. A score on those says little.
std::vector<std::string> shared_identities(const Dataset& a, const Dataset& b);

}  // namespace nram::data
