#include "kernels/vendor/cuda_bench.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "kernels/common/cuda_image.h"
#include "kernels/vendor/cuda_cublaslt.h"
#include "kernels/vendor/cuda_cudnn.h"

namespace nram::vendor {
namespace {

constexpr int kRepetitions = 11;
// Written before each repetition, so that the next one finds nothing of its own in the cache: more
// than any card's second-level cache.
constexpr size_t kFlushBytes = size_t{256} << 20;

constexpr std::byte kFilled{0xFF};  // NaN in every type

// FNV-1a of the code that the program carries for what is measured.
uint64_t own_kernels_hash() {
  uint64_t hash = 14695981039346656037u;
  for (const CudaImage& image : cuda_images()) {
    const std::string_view module = image.module;
    if (image.kind == CudaImage::Kind::kReport) continue;
    if (!module.starts_with("convolution") && !module.starts_with("gram")) continue;
    for (const char byte : image.content()) {
      hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211u;
    }
  }
  return hash;
}

// Uniform in [-1, 1) by a counter.
float random_value(uint64_t seed, uint64_t index) {
  uint64_t x = seed * 0x9E3779B97F4A7C15u + index * 0xD1342543DE82EF95u + 1;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return static_cast<float>(static_cast<int64_t>(x ^ (x >> 31))) * 0x1p-63f;
}

template <class Body>
void with_type(DType dtype, Body&& body) {
  if (dtype == DType::kBFloat16) return body(BFloat16{});
  NRAM_CHECK(dtype == DType::kFloat32, "libraries are not measured on ", dtype);
  body(float{});
}

// From the first element to the last, with what lies between rows.
size_t elements_of(const View& view) {
  return static_cast<size_t>((view.rows() - 1) * view.pitch + view.channels());
}

size_t bytes_of(const View& view) {
  return elements_of(view) * static_cast<size_t>(size_of(view.dtype));
}

// What lies between the rows of a slice belongs to others.
bool writes_between_rows(const View& view, const std::vector<std::byte>& filled) {
  const auto element = static_cast<size_t>(size_of(view.dtype));
  const size_t pitch = static_cast<size_t>(view.pitch) * element;
  const size_t row = static_cast<size_t>(view.channels()) * element;
  for (size_t begin = 0; begin + pitch < filled.size(); begin += pitch) {
    const std::byte* const gap = filled.data() + begin;
    if (std::any_of(gap + row, gap + pitch, [](std::byte b) { return b != kFilled; })) return true;
  }
  return false;
}

struct Difference {
  bool lost_nan = false, made_nan = false;
  double error = 0, squares = 0;
  size_t count = 0;
};

template <class T>
Difference difference(const View& shape, const T* found, const T* truth) {
  Difference d;
  for (int64_t r = 0; r < shape.rows(); ++r) {
    for (int64_t c = 0; c < shape.channels(); ++c) {
      const int64_t i = r * shape.pitch + c;
      const auto a = static_cast<float>(found[i]), b = static_cast<float>(truth[i]);
      d.lost_nan |= std::isnan(b) && !std::isnan(a);
      d.made_nan |= std::isnan(a) && !std::isnan(b);
      if (std::isnan(a) || std::isnan(b)) continue;
      d.error = std::max(d.error, std::abs(static_cast<double>(a) - static_cast<double>(b)));
      d.squares += static_cast<double>(b) * static_cast<double>(b);
      ++d.count;
    }
  }
  return d;
}

}  // namespace

Facts card_facts(const std::string& card_name, int capability, int multiprocessors,
                 int driver_version) {
  const char* const override = std::getenv("NVIDIA_TF32_OVERRIDE");
  return Facts()
      .add("card", card_name)
      .add("capability", capability)
      .add("multiprocessors", multiprocessors)
      .add("driver", driver_version)
      .add("cudnn", cudnn::loaded_version())
      .add("cublaslt", cublaslt::loaded_version())
      .add("tf32 override", override != nullptr ? override : "none")
      .add("own kernels", own_kernels_hash());
}

CallBench::CallBench(const Card& card, const Call& call, double tolerance)
    : card_(card),
      tolerance_(tolerance),
      inputs_(call.inputs, call.inputs + call.input_count),
      output_(call.out(0)),
      attributes_(call.attributes != nullptr ? *call.attributes : Attributes()) {
  NRAM_CHECK(call.output_count == 1, "what is measured has one output");
}

CallBench::~CallBench() {
  for (Memory& memory : tensors_) give_back(memory);
  give_back(workspace_);
  give_back(flush_);
}

CallBench::Memory CallBench::take(size_t bytes) {
  return {bytes > 0 ? card_.allocate(bytes) : nullptr, bytes};
}

void CallBench::give_back(Memory& memory) {
  if (memory.data != nullptr) card_.release(memory.data, memory.bytes);
  memory = {};
}

void CallBench::fill_randomly(const View& view, uint64_t seed) {
  with_type(view.dtype, [&](auto type) {
    std::vector<decltype(type)> host;
    host.reserve(elements_of(view));
    for (size_t i = 0; i < elements_of(view); ++i) host.emplace_back(random_value(seed, i));
    card_.copy_in(view.data, host.data(), bytes_of(view));
  });
}

void CallBench::prepare() {
  if (ready_) return;
  ready_ = true;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    tensors_.push_back(take(bytes_of(inputs_[i])));
    inputs_[i].data = tensors_.back().data;
    fill_randomly(inputs_[i], i + 1);
  }
  tensors_.push_back(take(bytes_of(output_)));
  output_.data = tensors_.back().data;
  flush_ = take(kFlushBytes);
}

void CallBench::make_room(const Candidate& candidate) {
  if (candidate.workspace_bytes() <= workspace_.bytes) return;
  give_back(workspace_);
  workspace_ = take(candidate.workspace_bytes());
}

void CallBench::run(Candidate& candidate) {
  Call call;
  call.inputs = inputs_.data();
  call.input_count = static_cast<int>(inputs_.size());
  call.outputs = &output_;
  call.output_count = 1;
  call.attributes = &attributes_;
  call.workspace = workspace_.data;
  call.workspace_bytes = workspace_.bytes;
  call.launcher = card_.launcher;
  candidate.run(call);
}

CallBench::Bytes CallBench::result(Candidate& candidate) {
  make_room(candidate);
  Bytes host(bytes_of(output_));
  constexpr auto kNan = static_cast<uint8_t>(kFilled);
  card_.fill(output_.data, kNan, host.size());
  if (workspace_.bytes > 0) card_.fill(workspace_.data, kNan, workspace_.bytes);
  run(candidate);
  card_.copy_out(host.data(), output_.data, host.size());
  return host;
}

CallBench::Bytes CallBench::result_with_nan(Candidate& candidate) {
  const View& input = inputs_[0];
  Bytes found;
  with_type(input.dtype, [&](auto type) {
    using T = decltype(type);
    const T nan(std::numeric_limits<float>::quiet_NaN());
    const T before(random_value(1, 0));
    card_.copy_in(input.data, &nan, sizeof nan);
    found = result(candidate);
    card_.copy_in(input.data, &before, sizeof before);
  });
  return found;
}

std::string CallBench::compare(const Bytes& found, const Bytes& truth) const {
  Difference d;
  with_type(output_.dtype, [&](auto type) {
    using T = decltype(type);
    d = difference(output_, reinterpret_cast<const T*>(found.data()),
                   reinterpret_cast<const T*>(truth.data()));
  });
  if (d.lost_nan) return "loses a NaN";
  if (d.made_nan) return "has a NaN where the own kernels have none";
  const double rms = std::sqrt(d.squares / static_cast<double>(std::max<size_t>(d.count, 1)));
  if (d.error <= tolerance_ * rms) return {};
  return text("differs from the own kernels by ", d.error, ", ", d.error / rms,
              " of the root mean square");
}

std::string CallBench::check(Candidate& candidate) {
  prepare();
  Bytes found = result(candidate);
  if (found != result(candidate)) return "does not give the same bits twice";
  if (writes_between_rows(output_, found)) return "writes between the rows";
  Bytes with_nan = result_with_nan(candidate);
  if (truth_.empty()) {
    truth_ = std::move(found);
    truth_with_nan_ = std::move(with_nan);
    return {};
  }
  const std::string wrong = compare(found, truth_);
  return wrong.empty() ? compare(with_nan, truth_with_nan_) : wrong;
}

double CallBench::milliseconds(Candidate& candidate) {
  prepare();
  make_room(candidate);
  std::vector<double> times = card_.time(
      [&] { run(candidate); }, [&] { card_.fill(flush_.data, 0, flush_.bytes); }, kRepetitions);
  NRAM_CHECK(!times.empty(), "a card that measures nothing");
  const auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace nram::vendor
