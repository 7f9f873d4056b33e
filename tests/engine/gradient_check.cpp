#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/common/philox.h"
#include "tests/engine/graph_evaluator.h"
#include "tests/engine/op_checks.h"

namespace nram::harness {
namespace {

// With steps h of 1e-4 the fourth-order stencil is off by about h^4 = 1e-16 and rounding by about
// 1e-16 / h = 1e-12 of the value. The bound leaves room for sums in which most of it cancels.
constexpr double kTolerance = 1e-7;
// A smaller step gets out of the way of a kink between the points of a larger one.
constexpr double kSteps[] = {1e-4, 1e-5, 1e-6};
constexpr int kDirections = 2;
// Elements of an input that are checked one by one, as far as this many operations allow.
constexpr int64_t kElements = 48;
constexpr double kElementFlops = 1e7;

// sum(seed * output 0) as a function of the inputs of one op.
struct Objective {
  const Op& op;
  const Attributes& attributes;
  const HostTensor& seed;

  double operator()(const std::vector<HostTensor>& inputs) const {
    const Outcome outcome = execute(op, Target::kReference, inputs, attributes);
    long double sum = 0;
    for (int64_t i = 0; i < seed.count(); ++i) {
      sum += static_cast<long double>(seed.get(i)) * outcome.outputs[0].get(i);
    }
    return static_cast<double>(sum);
  }
};

// Derivative of the objective as input `which` moves along `direction`.
double finite_difference(const Objective& objective, std::vector<HostTensor> inputs, size_t which,
                         const std::vector<double>& direction, double step) {
  const HostTensor start = inputs[which];
  const auto at = [&](double distance) {
    for (int64_t i = 0; i < start.count(); ++i) {
      const double move = direction[static_cast<size_t>(i)];
      if (move != 0) inputs[which].set(i, start.get(i) + distance * move);
    }
    return objective(inputs);
  };
  return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
}

// Compares the gradient along one direction; `scale` is what an error is measured against.
std::string compare(const Objective& objective, const std::vector<HostTensor>& inputs, size_t which,
                    const std::vector<double>& direction, const HostTensor& gradient,
                    double scale) {
  double expected = 0;
  for (int64_t i = 0; i < gradient.count(); ++i) {
    expected += gradient.get(i) * direction[static_cast<size_t>(i)];
  }
  double error = std::numeric_limits<double>::infinity(), found = 0;
  for (const double step : kSteps) {
    const double difference = finite_difference(objective, inputs, which, direction, step);
    const double now =
        std::abs(difference - expected) / std::max({scale, std::abs(difference), 1e-12});
    if (std::isfinite(now) && now < error) {
      error = now;
      found = difference;
    }
    if (error <= kTolerance) return {};
  }
  return text("gradient ", expected, ", finite differences ", found, ", relative error ", error);
}

double root_mean_square(const HostTensor& tensor) {
  double sum = 0;
  for (int64_t i = 0; i < tensor.count(); ++i) sum += tensor.get(i) * tensor.get(i);
  return std::sqrt(sum / static_cast<double>(std::max<int64_t>(1, tensor.count())));
}

void compare_directions(const Objective& objective, const std::vector<HostTensor>& inputs,
                        size_t which, const HostTensor& gradient, Failures& failures) {
  const int64_t count = gradient.count();
  // Entries +1 and -1: every element moves by one step, and the derivative's standard deviation
  // over directions is the gradient's norm.
  const double norm = root_mean_square(gradient) * std::sqrt(static_cast<double>(count));
  Random random(3, which);
  for (int d = 0; d < kDirections; ++d) {
    std::vector<double> direction(static_cast<size_t>(count));
    for (double& move : direction) move = random.next() & 1 ? 1 : -1;
    const std::string failure = compare(objective, inputs, which, direction, gradient, norm);
    if (failure.empty()) continue;
    failures.push_back(text("input ", which, " in random direction ", d, ": ", failure));
    return;
  }
}

void compare_elements(const Objective& objective, const std::vector<HostTensor>& inputs,
                      size_t which, const HostTensor& gradient, double flops, Failures& failures) {
  const double allowed = kElementFlops / std::max(1.0, flops);
  const int64_t elements =
      std::min({gradient.count(), kElements, std::max<int64_t>(4, static_cast<int64_t>(allowed))});
  // Against the whole gradient's size, so that an element's own gradient may be zero.
  const double scale = root_mean_square(gradient);
  for (int64_t e = 0; e < elements; ++e) {
    const int64_t i = e * gradient.count() / elements;
    std::vector<double> direction(static_cast<size_t>(gradient.count()));
    direction[static_cast<size_t>(i)] = 1;
    const std::string failure = compare(objective, inputs, which, direction, gradient, scale);
    if (failure.empty()) continue;
    failures.push_back(
        text("input ", which, ", ", describe_element(inputs[which], i), ": ", failure));
    return;
  }
}

// An op's node alone in a graph, with its inputs and the seed of output 0.
struct Tape {
  Graph graph;
  std::vector<Variable> inputs;
  Variable output;
  Variable seed;

  Tape(const Op& op, const std::vector<TensorSpec>& specs, const Attributes& attributes) {
    for (const TensorSpec& spec : specs) {
      inputs.push_back(graph.input(text("input", inputs.size()), spec.shape, spec.dtype));
    }
    output = graph.append(op, inputs, attributes);
    seed = graph.input("seed", output.shape(), output.dtype());
  }
};

// The inputs whose gradients the op gives.
std::vector<int> inputs_with_gradient(const Op& op, const std::vector<TensorSpec>& specs,
                                      const Attributes& attributes) {
  Tape tape(op, specs, attributes);
  std::vector<Variable> seeds(tape.graph.node(tape.output.node()).outputs.size());
  seeds[0] = tape.seed;
  GradientContext context(tape.graph, tape.output.node(), seeds,
                          std::vector<bool>(specs.size(), true));
  op.gradient(context);
  std::vector<int> found;
  for (int i = 0; i < context.input_count(); ++i) {
    if (context.result(i).valid()) found.push_back(i);
  }
  return found;
}

// Gradients of `wanted` inputs through Graph::vector_jacobian.
std::vector<HostTensor> gradients_of(const Op& op, const Sample& sample,
                                     const std::vector<HostTensor>& inputs, const HostTensor& seed,
                                     const std::vector<int>& wanted, Failures& failures) {
  Tape tape(op, specs_of(inputs), sample.attributes);
  std::vector<Variable> parameters;
  for (const int i : wanted) parameters.push_back(tape.inputs.at(static_cast<size_t>(i)));
  const std::vector<Variable> gradients =
      tape.graph.vector_jacobian({tape.output}, {tape.seed}, parameters);
  GraphEvaluator evaluator(tape.graph);
  for (size_t i = 0; i < inputs.size(); ++i) evaluator.set(tape.inputs[i], inputs[i]);
  evaluator.set(tape.seed, seed);
  std::vector<HostTensor> values;
  for (const Variable& gradient : gradients) values.push_back(evaluator.value(gradient));
  failures.insert(failures.end(), evaluator.failures().begin(), evaluator.failures().end());
  return values;
}

}  // namespace

Failures check_gradient(const Op& op, const Sample& sample) {
  Failures failures;
  if (op.gradient == nullptr || sample.benchmark) return failures;
  const std::vector<HostTensor> inputs = input_values(sample, DType::kFloat64);
  const std::vector<TensorSpec> specs = specs_of(inputs);
  const std::vector<TensorSpec> outputs = op.infer(specs, sample.attributes);
  // An op that rounds to another type has no finite differences.
  if (outputs[0].dtype != DType::kFloat64) return failures;
  const std::vector<int> given = inputs_with_gradient(op, specs, sample.attributes);
  const std::vector<int> wanted = sample.differentiable.empty() ? given : sample.differentiable;
  if (wanted.empty()) return {"the gradient function yields no gradient"};
  for (const int i : wanted) {
    if (std::find(given.begin(), given.end(), i) != given.end()) continue;
    return {text("the gradient function yields none for input ", i)};
  }
  const HostTensor seed = filled(outputs[0], Fill::kNormal, 1000);
  const std::vector<HostTensor> together = gradients_of(op, sample, inputs, seed, wanted, failures);
  const Objective objective{op, sample.attributes, seed};
  const double flops = op.cost(specs, outputs, sample.attributes).flops;
  for (size_t k = 0; k < wanted.size(); ++k) {
    const size_t which = static_cast<size_t>(wanted[k]);
    const int64_t at = first_not_finite(together[k]);
    if (at >= 0) {
      failures.push_back(text("gradient of input ", which, ": not finite (or never written): ",
                              describe_element(together[k], at)));
      continue;
    }
    compare_directions(objective, inputs, which, together[k], failures);
    compare_elements(objective, inputs, which, together[k], flops, failures);
    if (wanted.size() == 1 && inputs.size() == 1) continue;
    const HostTensor alone = gradients_of(op, sample, inputs, seed, {wanted[k]}, failures)[0];
    const double difference = distance(alone, together[k]).error;
    if (!(difference <= 1e-12)) {
      failures.push_back(text("gradient of input ", which,
                              " asked for alone differs from the one asked for with others by ",
                              difference));
    }
  }
  return failures;
}

}  // namespace nram::harness
