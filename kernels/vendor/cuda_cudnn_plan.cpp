#include <algorithm>
#include <charconv>

#include "kernels/vendor/cuda_cudnn_descriptor.h"

namespace nram::cudnn {
namespace {

template <class T>
bool contains(const std::vector<T>& values, T value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Why an engine with these notes breaks what the project promises; empty: it does not.
std::string objection(const std::vector<cudnnBackendNumericalNote_t>& notes,
                      const Convolution& problem) {
  if (contains(notes, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return "is not deterministic";
  if (contains(notes, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)) {
    return "sums in less than float32";
  }
  const bool exact = problem.dtype == DType::kFloat32 && !problem.tf32;
  if (exact && contains(notes, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)) {
    return "rounds float32 operands, and TF32 is not allowed";
  }
  if (exact && contains(notes, CUDNN_NUMERICAL_NOTE_TENSOR_CORE)) {
    return "runs float32 on tensor cores, and TF32 is not allowed";
  }
  return {};
}

std::vector<Descriptor> heuristic_results(const Device& device, const OperationGraph& graph,
                                          cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.get());
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device.state().properties);
  heuristics.finalize(mode == CUDNN_HEUR_MODE_A ? "the heuristics" : "the fallback heuristics");
  return heuristics.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
}

Engine engine_of(const Descriptor& config, const Descriptor& engine) {
  Engine result;
  result.index = engine.value(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
  for (const Descriptor& choice : config.descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                                     CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR)) {
    const auto type = choice.values<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE,
                                                            CUDNN_TYPE_KNOB_TYPE);
    NRAM_CHECK(type.size() == 1, "a knob without a type");
    result.knobs.emplace_back(static_cast<int>(type[0]),
                              choice.value(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE));
  }
  const auto behaviour = engine.values<cudnnBackendBehaviorNote_t>(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE,
                                                                   CUDNN_TYPE_BEHAVIOR_NOTE);
  result.compiled_at_run_time = contains(behaviour, CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION);
  return result;
}

Descriptor engine_config(const Device& device, const OperationGraph& graph, const Engine& from) {
  Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph.get());
  engine.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, from.index);
  engine.set(CUDNN_ATTR_ENGINE_DEVICEPROP, device.state().properties);
  engine.finalize("an engine");
  std::vector<Descriptor> choices;
  std::vector<cudnnBackendDescriptor_t> handles;
  for (const auto& [type, value] : from.knobs) {
    Descriptor& choice = choices.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    const auto knob = static_cast<cudnnBackendKnobType_t>(type);
    choice.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &knob);
    choice.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value);
    choice.finalize("a knob");
    handles.push_back(choice.get());
  }
  Descriptor config(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  config.set(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  if (!handles.empty()) {
    config.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
               static_cast<int64_t>(handles.size()), handles.data());
  }
  config.finalize("an engine's configuration");
  return config;
}

}  // namespace

std::string Engine::text() const {
  std::string result = std::to_string(index);
  for (const auto& [type, value] : knobs) result += nram::text(" ", type, "=", value);
  return result;
}

Engine Engine::parse(const std::string& text) {
  Engine engine;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto number = [&](auto& value) {
    const auto [next, error] = std::from_chars(at, end, value);
    NRAM_CHECK(error == std::errc{}, "no cuDNN engine is called ", text);
    at = next;
  };
  const auto skip = [&](char letter) {
    NRAM_CHECK(at != end && *at == letter, "no cuDNN engine is called ", text);
    ++at;
  };
  number(engine.index);
  while (at != end) {
    auto& knob = engine.knobs.emplace_back();
    skip(' ');
    number(knob.first);
    skip('=');
    number(knob.second);
  }
  return engine;
}

Proposals propose(const Device& device, const Convolution& problem) {
  const OperationGraph graph(problem);
  Proposals proposals;
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    for (const Descriptor& config : heuristic_results(device, graph, mode)) {
      const std::vector<Descriptor> engines =
          config.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
      NRAM_CHECK(engines.size() == 1, "an engine configuration without an engine");
      const Engine engine = engine_of(config, engines[0]);
      const std::string wrong =
          objection(engines[0].values<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                                   CUDNN_TYPE_NUMERICAL_NOTE),
                    problem);
      if (!wrong.empty()) {
        proposals.rejected.push_back(text("engine ", engine.text(), " ", wrong));
      } else if (!contains(proposals.engines, engine)) {
        proposals.engines.push_back(engine);
      }
    }
  }
  return proposals;
}

struct Plan::State {
  std::shared_ptr<const Device> device;
  Convolution problem;
  OperationGraph graph;
  Descriptor config;
  Descriptor plan{CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR};
  size_t workspace_bytes = 0;

  State(std::shared_ptr<const Device> on, const Convolution& problem, const Engine& engine)
      : device(std::move(on)),
        problem(problem),
        graph(problem),
        config(engine_config(*device, graph, engine)) {
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
    plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device->state().properties);
    plan.finalize("an execution plan");
    workspace_bytes = static_cast<size_t>(plan.value(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
  }
};

Plan::Plan(std::shared_ptr<const Device> device, const Convolution& problem, const Engine& engine)
    : state_(std::make_unique<State>(std::move(device), problem, engine)) {}

Plan::~Plan() = default;

size_t Plan::workspace_bytes() const { return state_->workspace_bytes; }

void Plan::run(const ConvolutionMemory& memory) const {
  const cudnnHandle_t handle = state_->device->state().handle;
  NRAM_CHECK(handle != nullptr, "a plan for a card that is only described does not run");
  std::vector<int64_t> ids = {OperationGraph::kX, OperationGraph::kWeights, OperationGraph::kY};
  std::vector<void*> pointers = {memory.x, memory.weights, memory.y};
  if (state_->problem.bias) {
    ids.push_back(OperationGraph::kBias);
    pointers.push_back(memory.bias);
  }
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
           static_cast<int64_t>(pointers.size()), pointers.data());
  pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &memory.workspace);
  pack.finalize("a plan's pointers");
  check(functions().cudnnBackendExecute(handle, state_->plan.get(), pack.get()),
        "running a convolution");
}

}  // namespace nram::cudnn
