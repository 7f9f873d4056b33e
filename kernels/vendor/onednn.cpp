#include "kernels/vendor/onednn.h"

#include <omp.h>

#include <map>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/common/error.h"

namespace nram::onednn {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

const dnnl::engine& engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& stream() {
  static dnnl::stream stream(engine());
  return stream;
}

memory::desc describe(const memory::dims& dims, Tag tag) {
  return memory::desc(dims, memory::data_type::f32, tag);
}

size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

dnnl::primitive_attr attributes_with(const dnnl::post_ops& post_ops) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attributes.set_post_ops(post_ops);
  return attributes;
}

void append_eltwise(dnnl::post_ops& post_ops, dnnl::algorithm algorithm, float alpha) {
#if DNNL_VERSION_MAJOR >= 3
  post_ops.append_eltwise(algorithm, alpha, 0.f);
#else
  post_ops.append_eltwise(1.f, algorithm, alpha, 0.f);
#endif
}

// A primitive with its memory objects: running it sets pointers and allocates nothing.
class Step {
 public:
  Step(const dnnl::primitive& primitive, const std::vector<std::pair<int, memory::desc>>& arguments)
      : primitive_(primitive) {
    for (const auto& [index, desc] : arguments) {
      memories_.emplace_back(desc, engine(), nullptr);
      arguments_.push_back({index, memories_.back().get()});
    }
  }
  void set(size_t argument, void* pointer) { memories_[argument].set_data_handle(pointer); }
  void run() {
    const dnnl_status_t status = dnnl_primitive_execute(
        primitive_.get(), stream().get(), static_cast<int>(arguments_.size()), arguments_.data());
    NRAM_CHECK(status == dnnl_success, "oneDNN failed to execute: status ", int{status});
  }

 private:
  dnnl::primitive primitive_;
  std::vector<memory> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

// Creates each problem's primitive once per number of threads.
template <class Problem, class Prepared>
class Cache {
 public:
  Prepared& get(const Problem& problem) {
    const std::lock_guard lock(mutex_);
    auto& entry = entries_[{problem, omp_get_max_threads()}];
    if (entry == nullptr) {
      try {
        entry = std::make_unique<Prepared>(problem);
      } catch (const dnnl::error& error) {
        NRAM_CHECK(false, "oneDNN cannot create a primitive: ", error.what());
      }
    }
    return *entry;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<Problem, int>, std::unique_ptr<Prepared>> entries_;
};

// The descriptors that all three passes of a convolution share.
struct ConvolutionDescriptors {
  memory::desc x, weights, bias, y;
  memory::dims strides, padding;

  explicit ConvolutionDescriptors(const Convolution& p) {
    x = describe({p.batch, p.channels, p.height, p.width}, Tag::nhwc);
    y = describe({p.batch, p.output_channels, p.output_height, p.output_width}, Tag::nhwc);
    weights = describe({p.output_channels, p.channels, p.kernel_height, p.kernel_width}, Tag::any);
    if (p.bias) bias = describe({p.output_channels}, Tag::x);
    strides = {p.stride, p.stride};
    padding = {p.padding, p.padding};
  }
};

constexpr auto kDirect = dnnl::algorithm::convolution_direct;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;

Forward::primitive_desc describe_forward(const ConvolutionDescriptors& d,
                                         const dnnl::primitive_attr& attributes) {
  constexpr auto kKind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kKind,     kDirect,   d.x,       d.weights, d.bias,
          d.y,      d.strides, d.padding, d.padding, attributes};
#else
  return {
      Forward::desc(kKind, kDirect, d.x, d.weights, d.bias, d.y, d.strides, d.padding, d.padding),
      attributes, engine()};
#endif
}

template <class Backward>
typename Backward::primitive_desc describe_backward(const ConvolutionDescriptors& d,
                                                    const memory::desc& source,
                                                    const memory::desc& weights,
                                                    const memory::desc& destination) {
  const Forward::primitive_desc hint = describe_forward(d, attributes_with({}));
  const dnnl::primitive_attr attributes = attributes_with({});
#if DNNL_VERSION_MAJOR >= 3
  return {engine(),  kDirect,   source,    weights, destination,
          d.strides, d.padding, d.padding, hint,    attributes};
#else
  return {typename Backward::desc(kDirect, source, weights, destination, d.strides, d.padding,
                                  d.padding),
          attributes, engine(), hint};
#endif
}

// The library lists its implementations best first; reference code is taken only when nothing else
// is left.
template <class Description>
void skip_reference_code(Description& description) {
  Description candidate = description;
  while (std::string(candidate.impl_info_str()).starts_with("ref")) {
    if (!candidate.next_impl()) return;
  }
  description = candidate;
}

// One convolution, and the change of its weights' layout before it (after it for dw).
class PreparedConvolution {
 public:
  explicit PreparedConvolution(const Convolution& problem) : pass_(problem.pass) {
    const ConvolutionDescriptors d(problem);
    dnnl::post_ops post_ops;
    if (problem.slope != 1) {
      append_eltwise(post_ops, dnnl::algorithm::eltwise_relu, problem.slope);
    }
    if (pass_ == Pass::kForward) {
      auto description = describe_forward(d, attributes_with(post_ops));
      skip_reference_code(description);
      prepare(description, Forward(description), DNNL_ARG_SRC, description.src_desc(),
              DNNL_ARG_WEIGHTS, description.weights_desc(), DNNL_ARG_DST, description.dst_desc(),
              d.bias);
    } else if (pass_ == Pass::kData) {
      auto description = describe_backward<BackwardData>(d, d.x, d.weights, d.y);
      skip_reference_code(description);
      prepare(description, BackwardData(description), DNNL_ARG_DIFF_SRC,
              description.diff_src_desc(), DNNL_ARG_WEIGHTS, description.weights_desc(),
              DNNL_ARG_DIFF_DST, description.diff_dst_desc(), memory::desc());
    } else {
      auto description = describe_backward<BackwardWeights>(d, d.x, d.weights, d.y);
      skip_reference_code(description);
      prepare(description, BackwardWeights(description), DNNL_ARG_SRC, description.src_desc(),
              DNNL_ARG_DIFF_WEIGHTS, description.diff_weights_desc(), DNNL_ARG_DIFF_DST,
              description.diff_dst_desc(), memory::desc());
    }
  }

  const std::string& implementation() const { return implementation_; }
  size_t workspace() const { return weights_bytes_ + reorder_bytes_ + scratchpad_bytes_; }

  void run(const ConvolutionMemory& m) {
    const std::lock_guard lock(mutex_);
    char* const blocked = static_cast<char*>(m.workspace);
    main_->set(0, m.x);
    main_->set(1, reorder_ ? blocked : m.weights);
    main_->set(2, m.y);
    main_->set(3, blocked + weights_bytes_ + reorder_bytes_);
    if (has_bias_) main_->set(4, m.bias);
    if (reorder_) {
      const bool backward = pass_ == Pass::kWeights;
      reorder_->set(0, backward ? blocked : m.weights);
      reorder_->set(1, backward ? m.weights : blocked);
      reorder_->set(2, blocked + weights_bytes_);
    }
    if (reorder_ && pass_ != Pass::kWeights) reorder_->run();
    main_->run();
    if (reorder_ && pass_ == Pass::kWeights) reorder_->run();
  }

 private:
  template <class Description>
  void prepare(const Description& description, const dnnl::primitive& primitive, int x_index,
               const memory::desc& x, int weights_index, const memory::desc& weights, int y_index,
               const memory::desc& y, const memory::desc& bias) {
    implementation_ = description.impl_info_str();
    const memory::desc scratchpad = description.scratchpad_desc();
    scratchpad_bytes_ = round_up(scratchpad.get_size());
    std::vector<std::pair<int, memory::desc>> arguments = {
        {x_index, x}, {weights_index, weights}, {y_index, y}, {DNNL_ARG_SCRATCHPAD, scratchpad}};
    has_bias_ = bias != memory::desc();
    if (has_bias_) arguments.emplace_back(DNNL_ARG_BIAS, bias);
    main_.emplace(primitive, arguments);
    prepare_reorder(weights);
  }

  void prepare_reorder(const memory::desc& weights) {
    const memory::desc ohwi = describe(dims_of(weights), Tag::ohwi);
    if (ohwi == weights) return;
    const bool backward = pass_ == Pass::kWeights;
    const memory::desc& from = backward ? weights : ohwi;
    const memory::desc& to = backward ? ohwi : weights;
    const dnnl::reorder::primitive_desc description(engine(), from, engine(), to,
                                                    attributes_with({}));
    weights_bytes_ = round_up(weights.get_size());
    reorder_bytes_ = round_up(description.scratchpad_desc().get_size());
    reorder_.emplace(dnnl::reorder(description),
                     std::vector<std::pair<int, memory::desc>>{
                         {DNNL_ARG_FROM, from},
                         {DNNL_ARG_TO, to},
                         {DNNL_ARG_SCRATCHPAD, description.scratchpad_desc()}});
  }

  static memory::dims dims_of(const memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
    return desc.get_dims();
#else
    return desc.dims();
#endif
  }

  Pass pass_;
  std::string implementation_;
  std::mutex mutex_;
  std::optional<Step> main_, reorder_;
  bool has_bias_ = false;
  size_t weights_bytes_ = 0, reorder_bytes_ = 0, scratchpad_bytes_ = 0;
};

PreparedConvolution& prepared(const Convolution& problem) {
  static Cache<Convolution, PreparedConvolution> cache;
  return cache.get(problem);
}

class PreparedProduct {
 public:
  explicit PreparedProduct(const MatrixProduct& p) {
    const memory::dims a_strides =
        p.transpose_a ? memory::dims{p.k * p.m, 1, p.m} : memory::dims{p.m * p.k, p.k, 1};
    const memory::desc a({p.batch, p.m, p.k}, memory::data_type::f32, a_strides);
    const memory::desc b = describe({p.batch, p.k, p.n}, Tag::abc);
    const memory::desc c = describe({p.batch, p.m, p.n}, Tag::abc);
    dnnl::post_ops post_ops;
    if (p.scale != 1) append_eltwise(post_ops, dnnl::algorithm::eltwise_linear, p.scale);
#if DNNL_VERSION_MAJOR >= 3
    dnnl::matmul::primitive_desc description(engine(), a, b, c, attributes_with(post_ops));
#else
    dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a, b, c), attributes_with(post_ops),
                                             engine());
#endif
    skip_reference_code(description);
    implementation_ = description.impl_info_str();
    workspace_ = round_up(description.scratchpad_desc().get_size());
    step_.emplace(dnnl::matmul(description),
                  std::vector<std::pair<int, memory::desc>>{
                      {DNNL_ARG_SRC, a},
                      {DNNL_ARG_WEIGHTS, b},
                      {DNNL_ARG_DST, c},
                      {DNNL_ARG_SCRATCHPAD, description.scratchpad_desc()}});
  }
  const std::string& implementation() const { return implementation_; }
  size_t workspace() const { return workspace_; }

  void run(const float* a, const float* b, float* c, void* workspace) {
    const std::lock_guard lock(mutex_);
    step_->set(0, const_cast<float*>(a));
    step_->set(1, const_cast<float*>(b));
    step_->set(2, c);
    step_->set(3, workspace);
    step_->run();
  }

 private:
  std::string implementation_;
  std::mutex mutex_;
  std::optional<Step> step_;
  size_t workspace_ = 0;
};

PreparedProduct& prepared(const MatrixProduct& problem) {
  static Cache<MatrixProduct, PreparedProduct> cache;
  return cache.get(problem);
}

}  // namespace

std::string version() {
  const dnnl::version_t* loaded = dnnl::version();
  return text(loaded->major, '.', loaded->minor, '.', loaded->patch, " (built with ",
              DNNL_VERSION_MAJOR, '.', DNNL_VERSION_MINOR, '.', DNNL_VERSION_PATCH, ')');
}

std::string implementation(const Convolution& problem) {
  return prepared(problem).implementation();
}

size_t workspace(const Convolution& problem) { return prepared(problem).workspace(); }

void run(const Convolution& problem, const ConvolutionMemory& memory) {
  prepared(problem).run(memory);
}

std::string implementation(const MatrixProduct& problem) {
  return prepared(problem).implementation();
}

size_t workspace(const MatrixProduct& problem) { return prepared(problem).workspace(); }

void run(const MatrixProduct& problem, const float* a, const float* b, float* c, void* workspace) {
  prepared(problem).run(a, b, c, workspace);
}

}  // namespace nram::onednn
