#include "engine/parameter_store.h"

#include <cmath>

#include "engine/ops/cast.h"
#include "kernels/common/philox.h"

namespace nram {
namespace {

int64_t elements(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t dim : shape) count *= dim;
  return count;
}

Shape engine_shape(const std::vector<int64_t>& s) {
  switch (s.size()) {
    case 4:
      return {s[0], s[2], s[3], s[1]};
    case 2:
      return {s[0], s[1]};
    default:
      NRAM_CHECK(s.size() == 1, "parameters have 1, 2 or 4 dimensions");
      return {s[0]};
  }
}

// Flat index in the engine's layout of flat index i in a file's layout of rank 4.
struct Permutation {
  int64_t d1, spatial;
  int64_t operator()(int64_t i) const {
    const int64_t k = i % spatial;
    const int64_t c = i / spatial % d1;
    const int64_t o = i / spatial / d1;
    return (o * spatial + k) * d1 + c;
  }
};

Permutation permutation(const std::vector<int64_t>& s) {
  return s.size() == 4 ? Permutation{s[1], s[2] * s[3]} : Permutation{1, 1};
}

}  // namespace

uint64_t name_hash(const std::string& name) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

ParameterStore::ParameterStore(Device& device, std::vector<ParameterSpec> specs, bool training)
    : device_(device), specs_(std::move(specs)), offsets_(specs_.size()) {
  constexpr int64_t kAlignment = 16;  // floats: every parameter starts on a cache line
  int64_t total = 0;
  for (const bool trained : {true, false}) {
    for (size_t i = 0; i < specs_.size(); ++i) {
      if (specs_[i].trained != trained) continue;
      offsets_[i] = total;
      total += (elements(specs_[i].file_shape) + kAlignment - 1) / kAlignment * kAlignment;
      const bool fresh = index_.emplace(specs_[i].name, static_cast<int>(i)).second;
      NRAM_CHECK(fresh, "two parameters are named ", specs_[i].name);
    }
    if (trained) trained_elements_ = total;
  }
  const auto zeros = [&](int64_t count) {
    const Tensor tensor(device, {count});
    tensor.set(std::vector<float>(static_cast<size_t>(count), 0.0f));
    return tensor;
  };
  values_ = zeros(total);
  trained_values_ =
      Tensor(values_.buffer(), View(values_.view().data, {trained_elements_}, DType::kFloat32));
  if (training) {
    gradients_ = zeros(trained_elements_);
    first_moments_ = zeros(trained_elements_);
    second_moments_ = zeros(trained_elements_);
  }
}

int ParameterStore::index(const std::string& name) const {
  const auto found = index_.find(name);
  NRAM_CHECK(found != index_.end(), "there is no parameter ", name);
  return found->second;
}

int64_t ParameterStore::count() const {
  int64_t count = 0;
  for (const ParameterSpec& spec : specs_) count += spec.trained ? elements(spec.file_shape) : 0;
  return count;
}

Tensor ParameterStore::tensor_at(const Tensor& flat, int i) const {
  NRAM_CHECK(flat.valid(), "this store was not made for training");
  const size_t index = static_cast<size_t>(i);
  return Tensor(flat.buffer(), View(flat.view().as<float>() + offsets_[index],
                                    engine_shape(specs_[index].file_shape), DType::kFloat32));
}

std::vector<float> ParameterStore::to_file(const Tensor& flat, int i) const {
  const std::vector<float> ours = tensor_at(flat, i).to_floats();
  const Permutation at = permutation(specs_[static_cast<size_t>(i)].file_shape);
  std::vector<float> values(ours.size());
  for (size_t k = 0; k < values.size(); ++k) {
    values[k] = ours[static_cast<size_t>(at(static_cast<int64_t>(k)))];
  }
  return values;
}

void ParameterStore::from_file(const Tensor& flat, int i, const std::vector<float>& values) const {
  const Permutation at = permutation(specs_[static_cast<size_t>(i)].file_shape);
  std::vector<float> ours(values.size());
  for (size_t k = 0; k < values.size(); ++k) {
    ours[static_cast<size_t>(at(static_cast<int64_t>(k)))] = values[k];
  }
  tensor_at(flat, i).set(ours);
}

void ParameterStore::initialize(uint64_t seed) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    const ParameterSpec& spec = specs_[i];
    std::vector<float> values(static_cast<size_t>(elements(spec.file_shape)),
                              spec.initializer == Initializer::kOne ? 1.0f : 0.0f);
    if (spec.initializer == Initializer::kNormal || spec.initializer == Initializer::kHe) {
      const double fan_in =
          static_cast<double>(elements(spec.file_shape)) / static_cast<double>(spec.file_shape[0]);
      const double deviation =
          spec.initializer == Initializer::kHe ? std::sqrt(2.0 / fan_in) : 0.02;
      Random random(seed, name_hash(spec.name));
      for (float& value : values) value = static_cast<float>(deviation * random.normal());
    }
    write(static_cast<int>(i), values);
  }
  if (!training()) return;
  const std::vector<float> zeros(static_cast<size_t>(trained_elements_), 0.0f);
  first_moments_.set(zeros);
  second_moments_.set(zeros);
}

void ParameterStore::load(const WeightsFile& file) const {
  std::vector<ExpectedTensor> expected;
  for (const ParameterSpec& spec : specs_) expected.push_back({spec.name, spec.file_shape});
  const std::string& first = specs_.at(0).name;
  check_tensors(file, expected, first.substr(0, first.find('.') + 1));
  for (size_t i = 0; i < specs_.size(); ++i) {
    const std::vector<float> values = file.read_float(specs_[i].name, specs_[i].file_shape);
    for (const float value : values) {
      NRAM_USER_CHECK(std::isfinite(value), file.path(), ": tensor ", specs_[i].name,
                      " holds a value that is not finite; use a checkpoint from before training "
                      "went wrong");
    }
    write(static_cast<int>(i), values);
  }
}

void ParameterStore::save(WeightsWriter& writer) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    writer.add(specs_[i].name, specs_[i].file_shape, read(static_cast<int>(i)));
  }
}

void ParameterStore::load_moments(const WeightsFile& file, const std::string& prefix) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (!specs_[i].trained) continue;
    const std::string& name = specs_[i].name;
    const int index = static_cast<int>(i);
    from_file(first_moments_, index,
              file.read_float(prefix + "first." + name, specs_[i].file_shape));
    from_file(second_moments_, index,
              file.read_float(prefix + "second." + name, specs_[i].file_shape));
  }
}

void ParameterStore::save_moments(WeightsWriter& writer, const std::string& prefix) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (!specs_[i].trained) continue;
    const int index = static_cast<int>(i);
    writer.add(prefix + "first." + specs_[i].name, specs_[i].file_shape,
               to_file(first_moments_, index));
    writer.add(prefix + "second." + specs_[i].name, specs_[i].file_shape,
               to_file(second_moments_, index));
  }
}

bool ParameterBinding::has(const std::string& name) const {
  for (const ParameterSpec& spec : store_.specs()) {
    if (spec.name == name) return true;
  }
  return false;
}

Variable ParameterBinding::operator()(const std::string& name) {
  const int index = store_.index(name);
  Variable& variable = variables_[static_cast<size_t>(index)];
  if (!variable.valid()) variable = graph_.external(name, store_.value(index));
  return variable;
}

Variable ParameterBinding::activation(Variable x) const {
  const bool narrow = store_.device().precision() == Precision::kBFloat16;
  const DType type = narrow ? DType::kBFloat16 : DType::kFloat32;
  return x.dtype() == type ? x : cast(x, type);
}

Variable ParameterBinding::weight(const std::string& name) {
  const auto found = working_copies_.find(name);
  if (found != working_copies_.end()) return found->second;
  return working_copies_[name] = activation((*this)(name));
}

void ParameterBinding::backward(Variable loss) const {
  std::vector<Variable> parameters;
  std::vector<int> indices;
  for (size_t i = 0; i < variables_.size(); ++i) {
    if (!variables_[i].valid() || !store_.specs()[i].trained) continue;
    parameters.push_back(variables_[i]);
    indices.push_back(static_cast<int>(i));
  }
  const std::vector<Variable> gradients = graph_.gradients(loss, parameters);
  for (size_t i = 0; i < gradients.size(); ++i) {
    graph_.assign(store_.gradient(indices[i]), gradients[i]);
  }
}

}  // namespace nram
