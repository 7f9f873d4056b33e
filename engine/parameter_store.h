// The parameters of one network in flat memory: values, and for training gradients and Adam's two
// moments. Every parameter is a view into the flat arrays, so that an update is one pass and a
// checkpoint one copy. Weights of rank 4 are stored as [d0, kh, kw, d1] (NHWC filters); files hold
// [d0, d1, kh, kw].
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/weights_file.h"

namespace nram {

enum class Initializer : uint8_t {
  kNormal,  // N(0, 0.02)
  kHe,      // N(0, sqrt(2 / fan_in))
  kZero,
  kOne,
};

struct ParameterSpec {
  std::string name;  // as in files: "generator.blocks.0.mask.weight"
  std::vector<int64_t> file_shape;
  Initializer initializer = Initializer::kNormal;
  bool trained = true;  // false: state such as running statistics, no gradient
};

class ParameterStore {
 public:
  // Allocates zeroed memory; with `training` also for gradients and moments.
  ParameterStore(Device& device, std::vector<ParameterSpec> specs, bool training);

  const std::vector<ParameterSpec>& specs() const { return specs_; }
  int index(const std::string& name) const;  // throws an internal error if absent
  // Views of one parameter in the engine's layout.
  Tensor value(int i) const { return tensor_at(values_, i); }
  Tensor gradient(int i) const { return tensor_at(gradients_, i); }
  // The flat arrays over all trained parameters, [padded count].
  const Tensor& values() const { return trained_values_; }
  const Tensor& gradients() const { return gradients_; }
  const Tensor& first_moments() const { return first_moments_; }
  const Tensor& second_moments() const { return second_moments_; }
  bool training() const { return gradients_.valid(); }
  // Number of trained parameters.
  int64_t count() const;
  Device& device() const { return device_; }

  // Fills values from a seed; a parameter's values depend on the seed and its name only. Moments
  // become 0.
  void initialize(uint64_t seed) const;
  // One parameter in the layout of files.
  std::vector<float> read(int i) const { return to_file(values_, i); }
  std::vector<float> read_gradient(int i) const { return to_file(gradients_, i); }
  void write(int i, const std::vector<float>& values) const { from_file(values_, i, values); }

  // Reads every parameter; one user error names what is missing, unknown or of another shape.
  void load(const WeightsFile& file) const;
  void save(WeightsWriter& writer) const;
  // Adam's moments as "<prefix>first.<name>" and "<prefix>second.<name>".
  void load_moments(const WeightsFile& file, const std::string& prefix) const;
  void save_moments(WeightsWriter& writer, const std::string& prefix) const;

 private:
  Tensor tensor_at(const Tensor& flat, int i) const;
  std::vector<float> to_file(const Tensor& flat, int i) const;
  void from_file(const Tensor& flat, int i, const std::vector<float>& values) const;

  Device& device_;
  std::vector<ParameterSpec> specs_;
  std::map<std::string, int> index_;
  std::vector<int64_t> offsets_;  // in elements
  int64_t trained_elements_ = 0;  // trained parameters come first in the flat arrays
  Tensor values_;                 // trained parameters, then state
  Tensor trained_values_;
  Tensor gradients_;
  Tensor first_moments_;
  Tensor second_moments_;
};

// One graph's view of a store: each parameter becomes one external variable, however often it is
// used.
class ParameterBinding {
 public:
  ParameterBinding(Graph& graph, const ParameterStore& store)
      : graph_(graph), store_(store), variables_(store.specs().size()) {}
  Variable operator()(const std::string& name);
  // A convolution's weight or bias in the device's precision: with bfloat16 a working copy, made
  // anew in each run, whose gradient is that of the float32 parameter.
  Variable weight(const std::string& name);
  // `x` in the type that convolutions take on the device.
  Variable activation(Variable x) const;
  bool has(const std::string& name) const;
  Graph& graph() const { return graph_; }
  const ParameterStore& store() const { return store_; }
  // Appends the gradients of `loss` for all trained parameters used so far, assigned to the store's
  // flat gradient.
  void backward(Variable loss) const;

 private:
  Graph& graph_;
  const ParameterStore& store_;
  std::vector<Variable> variables_;
  std::map<std::string, Variable> working_copies_;
};

// FNV-1a of a string: the stream of random numbers that belongs to a name.
uint64_t name_hash(const std::string& name);

}  // namespace nram
