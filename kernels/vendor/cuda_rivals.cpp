// cuDNN and cuBLASLt as rivals of the project's own kernels.
#include "kernels/leaky_relu/leaky_relu.h"
#include "kernels/vendor/cuda_choices.h"
#include "kernels/vendor/cuda_cublaslt.h"

namespace nram::vendor {
namespace {

using kernels::ConvolutionPass;

// Made when first needed, which takes a GPU.
using LazyDevice = std::function<std::shared_ptr<const cudnn::Device>()>;

constexpr size_t kWorkspaceAlignment = 256;
constexpr size_t kProductWorkspace = size_t{32} << 20;
constexpr const char* kFused = "fused ";
constexpr const char* kSeparate = "then LeakyReLU ";

size_t with_alignment(size_t bytes) { return bytes > 0 ? bytes + kWorkspaceAlignment : 0; }

// The workspace of a call, as libraries want it.
void* aligned_workspace(const Call& call, size_t bytes) {
  if (bytes == 0) return nullptr;
  NRAM_CHECK(call.workspace_bytes >= with_alignment(bytes), "a library's kernel wants ",
             with_alignment(bytes), " bytes of workspace and has ", call.workspace_bytes);
  const auto start = reinterpret_cast<uintptr_t>(call.workspace);
  const uintptr_t past = start % kWorkspaceAlignment;
  return static_cast<char*>(call.workspace) + (past > 0 ? kWorkspaceAlignment - past : 0);
}

// Runs a plan, and the slope that it left out as a pass of its own, in place.
class CudnnCandidate : public Candidate {
 public:
  CudnnCandidate(const cudnn::Convolution& problem, std::unique_ptr<cudnn::Plan> plan,
                 bool separate_slope)
      : problem_(problem), plan_(std::move(plan)), separate_slope_(separate_slope) {}

  size_t workspace_bytes() const override { return with_alignment(plan_->workspace_bytes()); }

  void run(const Call& call) override {
    cudnn::ConvolutionMemory memory;
    void* const result = call.out(0).data;
    switch (problem_.pass) {
      case ConvolutionPass::kForward:
        memory = {call.in(0).data, call.in(1).data, nullptr, result, nullptr};
        break;
      case ConvolutionPass::kData:
        memory = {result, call.in(1).data, nullptr, call.in(0).data, nullptr};
        break;
      case ConvolutionPass::kWeights:
        memory = {call.in(0).data, result, nullptr, call.in(1).data, nullptr};
        break;
    }
    if (problem_.bias) memory.bias = call.in(2).data;
    memory.workspace = aligned_workspace(call, plan_->workspace_bytes());
    plan_->run(memory);
    if (separate_slope_) apply_slope(call);
  }

 private:
  void apply_slope(const Call& call) const {
    const Attributes attributes = kernels::LeakyReluAttributes{problem_.slope};
    Call pass;
    pass.inputs = pass.outputs = call.outputs;
    pass.input_count = pass.output_count = 1;
    pass.attributes = &attributes;
    pass.launcher = call.launcher;
    kernels::leaky_relu_cuda(pass);
  }

  cudnn::Convolution problem_;
  std::unique_ptr<cudnn::Plan> plan_;
  bool separate_slope_;
};

// Engines that are compiled at run time are a family of their own: they take seconds each, at every
// start.
class CudnnFamily : public Family {
 public:
  CudnnFamily(LazyDevice device, const cudnn::Convolution& problem, bool compiled)
      : device_(std::move(device)), problem_(problem), compiled_(compiled) {}

  std::string name() const override { return compiled_ ? "cudnn compiled" : "cudnn"; }

  // By turns from the graph with the slope and the one without: which wins is not known before.
  std::vector<std::string> list() override {
    std::vector<std::string> fused, separate, all;
    std::string reason = "it proposes no engine that keeps the rules";
    const auto add = [&](const cudnn::Convolution& graph, const char* prefix,
                         std::vector<std::string>& names) {
      try {
        for (const cudnn::Engine& engine : cudnn::propose(*device_(), graph).engines) {
          if (engine.compiled_at_run_time == compiled_) names.push_back(prefix + engine.text());
        }
      } catch (const Error& error) {
        if (error.is_user_mistake()) throw;
        reason = error.what();
      }
    };
    add(problem_, kFused, fused);
    if (problem_.slope != 1) add(without_slope(), kSeparate, separate);
    for (size_t i = 0; i < std::max(fused.size(), separate.size()); ++i) {
      if (i < fused.size()) all.push_back(fused[i]);
      if (i < separate.size()) all.push_back(separate[i]);
    }
    NRAM_CHECK(!all.empty(), "cuDNN does not take it: ", reason);
    return all;
  }

  std::unique_ptr<Candidate> make(const std::string& name) override {
    const bool separate = name.starts_with(kSeparate);
    NRAM_CHECK(separate || name.starts_with(kFused), "cuDNN has no implementation ", name);
    const std::string engine = name.substr(std::string(separate ? kSeparate : kFused).size());
    const cudnn::Convolution graph = separate ? without_slope() : problem_;
    return std::make_unique<CudnnCandidate>(
        problem_, std::make_unique<cudnn::Plan>(device_(), graph, cudnn::Engine::parse(engine)),
        separate);
  }

 private:
  cudnn::Convolution without_slope() const {
    cudnn::Convolution graph = problem_;
    graph.slope = 1;
    return graph;
  }

  LazyDevice device_;
  cudnn::Convolution problem_;
  bool compiled_;
};

// G = F^T F / (C H W) is one product. Its gradient F (dG + dG^T) / (C H W) is two that add up: with
// dG, and with dG^T.
std::vector<cublaslt::MatrixProduct> products_of(const GramProblem& p) {
  cublaslt::MatrixProduct product;
  product.batch = p.batch;
  product.dtype = p.dtype;
  product.tf32 = p.tf32;
  product.scale = static_cast<float>(1.0 / static_cast<double>(p.channels * p.rows));
  product.alignment = static_cast<uint32_t>(p.alignment);
  product.n = p.channels;
  product.a_pitch = p.feature_pitch;
  product.a_step = p.rows * p.feature_pitch;
  const int64_t matrix = p.channels * p.channels;
  if (!p.gradient) {
    product.m = p.channels;
    product.k = p.rows;
    product.transpose_a = true;
    product.result_dtype = p.matrix_dtype;
    product.b_pitch = product.a_pitch;
    product.b_step = product.a_step;
    product.c_pitch = p.channels;
    product.c_step = matrix;
    return {product};
  }
  product.m = p.rows;
  product.k = p.channels;
  product.result_dtype = p.dtype;
  product.b_pitch = p.channels;
  product.b_step = matrix;
  product.c_pitch = p.result_pitch;
  product.c_step = p.rows * p.result_pitch;
  cublaslt::MatrixProduct second = product;
  second.transpose_b = true;
  second.keep = 1;
  return {product, second};
}

class ProductsCandidate : public Candidate {
 public:
  ProductsCandidate(const GramProblem& problem, std::vector<std::unique_ptr<cublaslt::Plan>> plans,
                    void* stream)
      : gradient_(problem.gradient), plans_(std::move(plans)), stream_(stream) {}

  size_t workspace_bytes() const override { return with_alignment(most()); }

  void run(const Call& call) override {
    cublaslt::MatrixMemory memory;
    memory.a = call.in(gradient_ ? 1 : 0).data;
    memory.b = call.in(0).data;
    memory.c = call.out(0).data;
    memory.workspace = aligned_workspace(call, most());
    for (const auto& plan : plans_) plan->run(memory, stream_);
  }

 private:
  size_t most() const {
    size_t most = 0;
    for (const auto& plan : plans_) most = std::max(most, plan->workspace_bytes());
    return most;
  }

  bool gradient_;
  std::vector<std::unique_ptr<cublaslt::Plan>> plans_;
  void* stream_;
};

// An implementation's name is, for each product, the algorithm's code and its workspace.
class CublasLtFamily : public Family {
 public:
  CublasLtFamily(void* stream, const GramProblem& problem) : stream_(stream), problem_(problem) {}
  std::string name() const override { return "cublaslt"; }

  std::vector<std::string> list() override {
    std::vector<std::string> names;
    for (const cublaslt::MatrixProduct& product : products_of(problem_)) {
      const auto algorithms = cublaslt::Plan::propose(product, kProductWorkspace);
      NRAM_CHECK(!algorithms.empty(), "cuBLASLt does not take it: it proposes no algorithm");
      const bool first = names.empty();
      names.resize(first ? algorithms.size() : std::min(names.size(), algorithms.size()));
      for (size_t i = 0; i < names.size(); ++i) {
        names[i] += text(first ? "" : " ", algorithms[i].code, " ", algorithms[i].workspace_bytes);
      }
    }
    return names;
  }

  std::unique_ptr<Candidate> make(const std::string& name) override {
    std::istringstream words(name);
    std::vector<std::unique_ptr<cublaslt::Plan>> plans;
    for (const cublaslt::MatrixProduct& product : products_of(problem_)) {
      cublaslt::Algorithm algorithm;
      words >> algorithm.code >> algorithm.workspace_bytes;
      NRAM_CHECK(!words.fail(), "no cuBLASLt implementation is called ", name);
      plans.push_back(std::make_unique<cublaslt::Plan>(product, algorithm));
    }
    return std::make_unique<ProductsCandidate>(problem_, std::move(plans), stream_);
  }

 private:
  void* stream_;
  GramProblem problem_;
};

}  // namespace

Choices::Rivals library_rivals(void* stream, bool compiled) {
  auto made = std::make_shared<std::shared_ptr<const cudnn::Device>>();
  const LazyDevice device = [stream, made] {
    if (*made == nullptr) *made = cudnn::Device::of_stream(stream);
    return *made;
  };
  return [=](const Problem& problem) {
    std::vector<std::unique_ptr<Family>> families;
    if (const auto* const convolution = std::get_if<cudnn::Convolution>(&problem)) {
      if (cudnn::loaded_version() == 0) return families;
      families.push_back(std::make_unique<CudnnFamily>(device, *convolution, false));
      if (compiled) families.push_back(std::make_unique<CudnnFamily>(device, *convolution, true));
    } else if (cublaslt::loaded_version() != 0) {
      families.push_back(std::make_unique<CublasLtFamily>(stream, std::get<GramProblem>(problem)));
    }
    return families;
  };
}

}  // namespace nram::vendor
