// Pictures of what a generator does: source, target pose, result, truth.
#pragma once

#include <string>

#include "data/dataset.h"
#include "training/networks.h"

namespace nram {

// Generates `rows` pairs spread over the data set and writes them as one PNG grid with the columns
// source, target pose, generated, truth. `store` holds the weights of `config`, whatever its norm.
void write_sample_grid(const std::string& path, const ParameterStore& store,
                       const ModelConfig& config, const data::Dataset& dataset, size_t rows,
                       const std::string& title);

}  // namespace nram
