// A generator's score on a data set's test part, beside two rows without which a number says
// little: copying the source, and a plain background.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "training/metrics.h"
#include "training/networks.h"

namespace nram {

struct EvaluateOptions {
  std::string weights;
  std::string data;
  std::string split = "test";
  DeviceOptions device = "cpu";
  std::string pictures;  // folder for generated PNGs and a grid; empty: none
  int limit = 0;         // only so many pairs, evenly spread; 0: all
  bool skip_missing = false;
};

struct PairMetrics {
  std::string source;
  std::string target;
  ImageMetrics metrics;
};

struct EvaluationRow {
  std::string name;  // "generated", "copy the source", "plain background"
  ImageMetrics mean;
  std::vector<PairMetrics> pairs;
};

struct Evaluation {
  ModelConfig model;
  std::string weights;
  std::string data;
  std::string split;
  std::vector<EvaluationRow> rows;
  std::vector<std::string> warnings;
};

Evaluation evaluate(const EvaluateOptions& options,
                    const std::function<void(int done, int total)>& progress = {});

// A table with one line for each row and a column for each metric, by its name.
std::string to_table(const Evaluation& evaluation);
// The same with every pair, as a JSON document.
std::string to_json(const Evaluation& evaluation);

}  // namespace nram
