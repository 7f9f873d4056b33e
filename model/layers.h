// The layers that the networks share. Each appends ops to the graph of a ParameterBinding and reads
// its parameters by name: "<name>.weight", and "<name>.bias" where a layer has one.
#pragma once

#include <string>
#include <vector>

#include "engine/parameter_store.h"
#include "model/config.h"

namespace nram {

enum class Mode { kTraining, kInference };

// What a network needs to append layers.
struct LayerBuilder {
  ParameterBinding& parameters;
  Norm norm;
  Mode mode;
};

enum class Activation { kLeakyRelu, kNone };

struct LayerShape {
  int64_t inputs;
  int64_t outputs;
  int kernel = 3;
  int stride = 1;
  bool transposed = false;
};

// Parameters of a convolution followed by a norm: the weight; a bias with norm none; running
// statistics with norm batch.
void add_block_specs(std::vector<ParameterSpec>& specs, const std::string& name,
                     const LayerShape& shape, Norm norm);
// Parameters of a convolution with bias and without norm.
void add_plain_specs(std::vector<ParameterSpec>& specs, const std::string& name,
                     const LayerShape& shape);

// Convolution + norm + activation. 7x7 kernels pad by reflection, 3x3 by zeros; the spatial size is
// kept (stride 1), halved (stride 2) or doubled (transposed).
Variable convolution_block(LayerBuilder& builder, const std::string& name, Variable x,
                           const LayerShape& shape, Activation activation);
// Convolution + norm, with the norm left to the caller where it can be fused further: returns the
// raw convolution for norm instance, the finished value otherwise.
Variable plain_convolution(LayerBuilder& builder, const std::string& name, Variable x,
                           const LayerShape& shape);

// conv 7x7 inputs -> ngf, conv 3x3 s2 -> 2 ngf, conv 3x3 s2 -> 4 ngf, each with norm and LeakyReLU:
// [N,H,W,inputs] -> [N,H/4,W/4,4 ngf].
void add_encoder_specs(std::vector<ParameterSpec>& specs, const std::string& name, int64_t inputs,
                       int64_t ngf, Norm norm);
Variable encoder(LayerBuilder& builder, const std::string& name, Variable x, int64_t ngf);

}  // namespace nram
