#include "engine/tensor.h"

#include <chrono>
#include <cstdlib>
#include <cstring>

#if NRAM_CUDA
#include "engine/cuda_device.h"
#endif

namespace nram {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

// Host memory; large blocks are aligned to huge pages, which the kernel then may use.
class HostDevice : public Device {
 public:
  using Device::Device;

  void* allocate(size_t bytes) override {
    const size_t alignment = bytes >= 4 * kHugePage ? kHugePage : kAlignment;
    const size_t rounded = (std::max<size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, rounded);
    NRAM_USER_CHECK(memory != nullptr, "the ", name_of(target()), " device has no ", bytes >> 20,
                    " MiB of memory left: use a smaller batch, image or ngf");
    ++allocations_;
    return memory;
  }
  void release(void* memory, size_t) override { std::free(memory); }
  void copy_in(void* device_memory, const void* host, size_t bytes) override {
    if (bytes > 0) std::memcpy(device_memory, host, bytes);
  }
  void copy_out(void* host, const void* device_memory, size_t bytes) override {
    if (bytes > 0) std::memcpy(host, device_memory, bytes);
  }
  void fill(void* device_memory, uint8_t value, size_t bytes) override {
    std::memset(device_memory, value, bytes);
  }
};

template <class From, class To>
std::vector<To> converted(std::span<const From> values) {
  return std::vector<To>(values.begin(), values.end());
}

template <class T>
void set_values(const Tensor& tensor, std::span<const T> values) {
  const View& view = tensor.view();
  NRAM_CHECK(view.dense(), "only dense tensors are set from the host");
  NRAM_CHECK(static_cast<int64_t>(values.size()) == view.shape.count(), "a tensor of shape ",
             view.shape, " is not set from ", values.size(), " values");
  const auto copy = [&](const auto& host) {
    tensor.device().copy_in(view.data, host.data(), host.size() * sizeof(host[0]));
  };
  switch (view.dtype) {
    case DType::kFloat32:
      return copy(converted<T, float>(values));
    case DType::kFloat64:
      return copy(converted<T, double>(values));
    case DType::kBFloat16: {
      std::vector<BFloat16> host;
      for (const T value : values) host.emplace_back(static_cast<float>(value));
      return copy(host);
    }
    case DType::kInt32:
      break;
  }
  throw_internal(text("a ", view.dtype, " tensor is not set from floats"), __FILE__, __LINE__);
}

// The elements of a tensor one after the other, as stored.
std::vector<std::byte> get_bytes(const Tensor& tensor) {
  const View& view = tensor.view();
  const size_t element = static_cast<size_t>(size_of(view.dtype));
  const size_t row_bytes = static_cast<size_t>(view.channels()) * element;
  const size_t pitch_bytes = static_cast<size_t>(view.pitch) * element;
  const size_t rows = static_cast<size_t>(view.rows());
  std::vector<std::byte> host(rows * row_bytes);
  if (view.dense()) {
    tensor.device().copy_out(host.data(), view.data, host.size());
  } else if (tensor.device().target() == Target::kCuda && !host.empty()) {
    // One copy with what lies between the rows, which is cheaper than one for each row.
    std::vector<std::byte> wide((rows - 1) * pitch_bytes + row_bytes);
    tensor.device().copy_out(wide.data(), view.data, wide.size());
    for (size_t r = 0; r < rows; ++r) {
      std::memcpy(host.data() + r * row_bytes, wide.data() + r * pitch_bytes, row_bytes);
    }
  } else {
    for (size_t r = 0; r < rows; ++r) {
      tensor.device().copy_out(host.data() + r * row_bytes, view.as<std::byte>() + r * pitch_bytes,
                               row_bytes);
    }
  }
  return host;
}

template <class T>
std::vector<T> get_values(const Tensor& tensor) {
  const std::vector<std::byte> host = get_bytes(tensor);
  const size_t count = static_cast<size_t>(tensor.shape().count());
  switch (tensor.dtype()) {
    case DType::kFloat32:
      return converted<float, T>({reinterpret_cast<const float*>(host.data()), count});
    case DType::kFloat64:
      return converted<double, T>({reinterpret_cast<const double*>(host.data()), count});
    case DType::kBFloat16: {
      std::vector<T> values(count);
      const auto* stored = reinterpret_cast<const BFloat16*>(host.data());
      for (size_t i = 0; i < count; ++i) values[i] = static_cast<T>(static_cast<float>(stored[i]));
      return values;
    }
    case DType::kInt32:
      break;
  }
  throw_internal(text("a ", tensor.dtype(), " tensor is not read as floats"), __FILE__, __LINE__);
}

#if NRAM_CUDA
Device& cuda_device(bool simulated) {
  if (simulated) {
    static CudaDevice simulator(Driver::simulator(), "sim");
    return simulator;
  }
  static CudaDevice machine(Driver::machine(), "cuda");
  return machine;
}
#else
Device& cuda_device(bool /*simulated*/) {
  throw_user(
      "this program was built without CUDA: run tools/setup --cuda and build again, or use "
      "--device cpu");
}
#endif

}  // namespace

void Device::time_each(size_t count, const std::function<void(size_t)>& body,
                       std::vector<StepTime>& times) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  for (size_t i = 0; i < count; ++i) {
    const auto start = Clock::now();
    body(i);
    const auto end = Clock::now();
    times[i] = {std::chrono::duration<double>(start - begin).count(),
                std::chrono::duration<double>(end - start).count()};
  }
}

Device& device(Target target) {
  static HostDevice reference(Target::kReference, "reference");
  static HostDevice cpu(Target::kCpu, "cpu");
  if (target == Target::kCuda) return cuda_device(false);
  return target == Target::kReference ? reference : cpu;
}

const char* name_of(Precision precision) {
  return precision == Precision::kFloat32 ? "float32"
         : precision == Precision::kTf32  ? "tf32"
                                          : "bfloat16";
}

void Device::set_precision(Precision precision) {
  NRAM_USER_CHECK(precision == Precision::kFloat32 || target_ == Target::kCuda, "--precision ",
                  name_of(precision), " is for GPUs (--device cuda or sim); the ", name_,
                  " device computes in float32");
  NRAM_USER_CHECK(precision == Precision::kFloat32 || launcher()->capability() >= 80,
                  "--precision ", name_of(precision),
                  " needs a GPU of compute capability 8.0 or later");
  precision_ = precision;
  if (launcher() != nullptr) launcher()->allow_tf32(precision == Precision::kTf32);
}

namespace {

Precision parse_precision(const std::string& name) {
  for (const Precision precision : {Precision::kFloat32, Precision::kTf32, Precision::kBFloat16}) {
    if (name == name_of(precision)) return precision;
  }
  NRAM_USER_CHECK(name.empty(), "there is no precision '", name,
                  "': choose float32, tf32 or bfloat16");
  return Precision::kFloat32;
}

Device& find_device(const std::string& name) {
  if (name == "cpu") return device(Target::kCpu);
  if (name == "cuda" || name == "sim") return cuda_device(name == "sim");
  NRAM_USER_CHECK(name == "reference", "there is no device '", name,
                  "': choose cpu, cuda, sim (the simulated GPU), or reference (plain loops in "
                  "double precision, slow)");
  return device(Target::kReference);
}

}  // namespace

Device& device(const DeviceOptions& options) {
  Device& found = find_device(options.name);
  found.set_precision(parse_precision(options.precision));
  return found;
}

Buffer::Buffer(Device& device, size_t bytes)
    : device_(device), bytes_(bytes), data_(static_cast<std::byte*>(device.allocate(bytes))) {}

Buffer::~Buffer() { device_.release(data_, bytes_); }

Tensor::Tensor(Device& device, const Shape& shape, DType dtype)
    : buffer_(
          std::make_shared<Buffer>(device, static_cast<size_t>(shape.count() * size_of(dtype)))),
      view_(buffer_->data(), shape, dtype) {}

void Tensor::set(std::span<const float> values) const { set_values(*this, values); }
void Tensor::set(std::span<const double> values) const { set_values(*this, values); }
std::vector<float> Tensor::to_floats() const { return get_values<float>(*this); }
std::vector<double> Tensor::to_doubles() const { return get_values<double>(*this); }

}  // namespace nram
