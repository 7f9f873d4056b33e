#include "tests/engine/host_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "kernels/common/philox.h"

namespace nram::harness {
namespace {

constexpr uint64_t kSeed = 20210607;
// Large tensors repeat after this many numbers: drawing them would take longer than most ops.
constexpr int64_t kPeriod = 100003;

template <class T>
T load(const std::vector<std::byte>& bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void store(std::vector<std::byte>& bytes, int64_t i, T value) {
  std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
}

std::vector<double> keypoints(int64_t count, Random& random) {
  std::vector<double> values(static_cast<size_t>(count));
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    values[i] = random.uniform(-8, 72);
    values[i + 1] = random.uniform(-8, 56);
    if (i / 2 % 5 == 2) values[i] = values[i + 1] = -1;
  }
  return values;
}

std::vector<double> distinct(int64_t count, Random& random) {
  std::vector<double> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), -0.5 * static_cast<double>(count - 1));
  const double gap = std::max(0.01, 4.0 / static_cast<double>(count));
  for (size_t i = values.size(); i-- > 0;) {
    std::swap(values[i], values[random.below(static_cast<uint32_t>(i + 1))]);
    values[i] *= gap;
  }
  return values;
}

double draw(Fill fill, Random& random) {
  switch (fill) {
    case Fill::kImage:
      return random.uniform(-1, 1);
    case Fill::kPositive:
      return random.uniform(0.5, 1.5);
    case Fill::kAwayFromZero: {
      const double magnitude = random.uniform(0.1, 1);
      return random.next() & 1 ? magnitude : -magnitude;
    }
    default:
      return random.normal();
  }
}

}  // namespace

double HostTensor::get(int64_t i) const {
  switch (spec.dtype) {
    case DType::kFloat32:
      return load<float>(bytes, i);
    case DType::kFloat64:
      return load<double>(bytes, i);
    case DType::kBFloat16:
      return static_cast<float>(load<BFloat16>(bytes, i));
    case DType::kInt32:
      return load<int32_t>(bytes, i);
  }
  return 0;
}

void HostTensor::set(int64_t i, double value) {
  switch (spec.dtype) {
    case DType::kFloat32:
      return store(bytes, i, static_cast<float>(value));
    case DType::kFloat64:
      return store(bytes, i, value);
    case DType::kBFloat16:
      return store(bytes, i, BFloat16(static_cast<float>(value)));
    case DType::kInt32:
      return store(bytes, i, static_cast<int32_t>(value));
  }
}

HostTensor filled(const TensorSpec& spec, Fill fill, uint64_t stream) {
  HostTensor tensor(spec);
  Random random(kSeed, stream);
  std::vector<double> values;
  if (fill == Fill::kKeypoints) values = keypoints(tensor.count(), random);
  if (fill == Fill::kDistinct) values = distinct(tensor.count(), random);
  const int64_t drawn = std::min(tensor.count(), kPeriod);
  if (values.empty()) {
    for (int64_t i = 0; i < drawn; ++i) values.push_back(draw(fill, random));
  }
  for (int64_t i = 0; i < tensor.count(); ++i) {
    tensor.set(i, static_cast<float>(values[static_cast<size_t>(i) % values.size()]));
  }
  return tensor;
}

std::vector<TensorSpec> input_specs(const Sample& sample, DType real) {
  std::vector<TensorSpec> specs;
  for (const Shape& shape : sample.inputs) specs.push_back({shape, real});
  return specs;
}

std::vector<HostTensor> input_values(const Sample& sample, DType real) {
  std::vector<HostTensor> values;
  for (const TensorSpec& spec : input_specs(sample, real)) {
    const size_t i = values.size();
    values.push_back(filled(spec, i < sample.fills.size() ? sample.fills[i] : Fill::kNormal, i));
  }
  return values;
}

Distance distance(const HostTensor& value, const HostTensor& reference) {
  Distance distance;
  double square = 0, largest = 0;
  for (int64_t i = 0; i < reference.count(); ++i) {
    const double expected = reference.get(i), difference = std::abs(value.get(i) - expected);
    // Stated first and apart: a comparison with NaN is false and would drop it from a maximum.
    if (!std::isfinite(difference)) return {std::numeric_limits<double>::infinity(), i};
    square += expected * expected;
    if (difference > largest) {
      largest = difference;
      distance.at = i;
    }
  }
  const double count = static_cast<double>(std::max<int64_t>(1, reference.count()));
  distance.error = largest / (std::sqrt(square / count) + 1e-30);
  return distance;
}

int64_t first_not_finite(const HostTensor& tensor) {
  for (int64_t i = 0; i < tensor.count(); ++i) {
    if (!std::isfinite(tensor.get(i))) return i;
  }
  return -1;
}

int64_t first_difference(const HostTensor& a, const HostTensor& b) {
  const auto ends = std::mismatch(a.bytes.begin(), a.bytes.end(), b.bytes.begin());
  if (ends.first == a.bytes.end()) return -1;
  return (ends.first - a.bytes.begin()) / size_of(a.spec.dtype);
}

std::string describe_element(const HostTensor& tensor, int64_t i) {
  Shape index = tensor.spec.shape;
  int64_t rest = i;
  for (int d = index.rank() - 1; d >= 0; --d) {
    const int64_t size = std::max<int64_t>(1, index[d]);
    index[d] = rest % size;
    rest /= size;
  }
  std::ostringstream out;
  out.precision(9);
  out << tensor.get(i) << " at element " << i << " " << index;
  return out.str();
}

}  // namespace nram::harness
