// Every op of the table on every target, from its own samples: no code per op. Buffers rotate, so
// that caches are not warm; outputs are checked after timing.
//   build/bench/op_benchmark --benchmark_filter='cpu/convolution.*'
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>

#include "engine/tensor.h"
#include "kernels/common/philox.h"

namespace nram {
namespace {

constexpr size_t kRotation = 4;

struct Buffers {
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};

void fill(const Tensor& tensor, Fill how, Random& random) {
  std::vector<double> values(static_cast<size_t>(tensor.shape().count()));
  for (double& value : values) {
    value = how == Fill::kPositive    ? random.uniform(0.5, 1.5)
            : how == Fill::kKeypoints ? random.uniform(0, 60)
                                      : random.uniform(-1, 1);
  }
  tensor.set(std::span<const double>(values));
}

Buffers make_buffers(const Op& op, const Sample& sample, Device& device, uint64_t seed) {
  Buffers buffers;
  Random random(seed);
  std::vector<TensorSpec> specs;
  for (size_t i = 0; i < sample.inputs.size(); ++i) {
    buffers.inputs.emplace_back(device, sample.inputs[i]);
    fill(buffers.inputs.back(), i < sample.fills.size() ? sample.fills[i] : Fill::kNormal, random);
    specs.push_back(buffers.inputs.back().spec());
  }
  const std::vector<TensorSpec> outputs = op.infer(specs, sample.attributes);
  for (size_t o = 0; o < outputs.size(); ++o) {
    const int updated = o < op.updates.size() ? op.updates[o] : -1;
    buffers.outputs.push_back(updated >= 0 ? buffers.inputs[static_cast<size_t>(updated)]
                                           : Tensor(device, outputs[o].shape, outputs[o].dtype));
  }
  return buffers;
}

std::vector<View> views_of(const std::vector<Tensor>& tensors) {
  std::vector<View> views;
  for (const Tensor& tensor : tensors) views.push_back(tensor.view());
  return views;
}

void run(benchmark::State& state, const Op& op, const Sample& sample, Target target) {
  Device& where = device(target);
  std::vector<Buffers> sets;
  std::vector<std::pair<std::vector<View>, std::vector<View>>> views;
  for (size_t i = 0; i < kRotation; ++i) {
    sets.push_back(make_buffers(op, sample, where, i));
    views.emplace_back(views_of(sets[i].inputs), views_of(sets[i].outputs));
  }
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  for (const Tensor& tensor : sets[0].inputs) inputs.push_back(tensor.spec());
  for (const Tensor& tensor : sets[0].outputs) outputs.push_back(tensor.spec());
  const size_t bytes =
      op.workspace != nullptr ? op.workspace(target, inputs, outputs, sample.attributes) : 0;
  const Buffer workspace(where, bytes);
  size_t next = 0;
  for (auto _ : state) {
    const auto& [in, out] = views[next];
    next = (next + 1) % kRotation;
    Call call;
    call.inputs = in.data();
    call.input_count = static_cast<int>(in.size());
    call.outputs = out.data();
    call.output_count = static_cast<int>(out.size());
    call.attributes = &sample.attributes;
    call.workspace = workspace.data();
    call.workspace_bytes = bytes;
    op.run[static_cast<size_t>(target)](call);
  }
  for (const Tensor& output : sets[0].outputs) {
    if (output.dtype() != DType::kFloat32) continue;
    for (const float value : output.to_floats()) {
      if (!std::isfinite(value)) return state.SkipWithError("an output is not finite");
    }
  }
  const Cost cost = op.cost(inputs, outputs, sample.attributes);
  using benchmark::Counter;
  state.counters["flop/s"] = Counter(cost.flops, Counter::kIsIterationInvariantRate);
  state.counters["B/s"] = Counter(cost.bytes, Counter::kIsIterationInvariantRate);
}

void register_all() {
  for (const Op* op : op_table()) {
    for (const Sample& sample : op->samples()) {
      if (!sample.benchmark) continue;
      const std::string name = text("cpu/", op->name, "/", sample.name);
      benchmark::RegisterBenchmark(
          name.c_str(),
          [op, sample](benchmark::State& state) { run(state, *op, sample, Target::kCpu); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace
}  // namespace nram

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  nram::register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
