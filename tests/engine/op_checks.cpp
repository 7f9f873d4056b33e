#include "tests/engine/op_checks_common.h"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

namespace nram::harness {
namespace {

// More work than this takes the reference too long.
constexpr double kReferenceFlops = 5e7;
// And more than this is left to the benchmarks.
constexpr double kMostFlops = 4e9;

Cost cost_of(const Op& op, const Sample& sample) {
  const std::vector<TensorSpec> inputs = input_specs(sample, DType::kFloat32);
  const std::vector<TensorSpec> outputs = op.infer(inputs, sample.attributes);
  return op.cost(inputs, outputs, sample.attributes);
}

bool only_timed(const Op& op, const Sample& sample) {
  return sample.benchmark && cost_of(op, sample).flops > kMostFlops;
}

bool fits_in_place(const Op& op, const Sample& sample, size_t input) {
  const std::vector<TensorSpec> inputs = input_specs(sample, DType::kFloat32);
  return input < inputs.size() && op.infer(inputs, sample.attributes).at(0) == inputs[input];
}

bool infer_throws(const Op& op, Specs inputs, const Attributes& attributes) {
  try {
    op.infer(inputs, attributes);
  } catch (const Error&) {
    return true;
  }
  return false;
}

void check_infer(const Op& op, const std::vector<Sample>& samples, Failures& failures) {
  size_t least = samples[0].inputs.size();
  const Sample* most = &samples[0];
  for (const Sample& sample : samples) {
    least = std::min(least, sample.inputs.size());
    if (sample.inputs.size() > most->inputs.size()) most = &sample;
  }
  std::vector<TensorSpec> specs = input_specs(*most, DType::kFloat32);
  if (specs.empty()) return;
  specs.push_back(specs.back());
  // A part of valid memory, so that an inference that reads on regardless is caught, not crashed.
  if (!infer_throws(op, Specs(specs).first(0), most->attributes)) {
    failures.push_back("shape inference accepts a call without inputs");
  }
  // Samples that differ in their number of inputs show an op that takes any number.
  if (least == most->inputs.size() && !infer_throws(op, specs, most->attributes)) {
    failures.push_back("shape inference accepts one input too many");
  }
}

class Threads {
 public:
  Threads() : before_(omp_get_max_threads()) {}
  ~Threads() { omp_set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace

void append(Failures& failures, const Failures& more) {
  failures.insert(failures.end(), more.begin(), more.end());
}

bool reference_can(const Op& op, const Sample& sample) {
  return !sample.benchmark || cost_of(op, sample).flops <= kReferenceFlops;
}

void check_finite(const Outcome& outcome, const std::string& what, Failures& failures) {
  for (size_t o = 0; o < outcome.outputs.size(); ++o) {
    const int64_t at = first_not_finite(outcome.outputs[o]);
    if (at < 0) continue;
    failures.push_back(text(what, ", output ", o, ": not finite (or never written): ",
                            describe_element(outcome.outputs[o], at)));
  }
}

void check_close(const Outcome& value, const Outcome& reference, double tolerance,
                 const std::string& what, Failures& failures) {
  for (size_t o = 0; o < reference.outputs.size(); ++o) {
    const Distance found = distance(value.outputs[o], reference.outputs[o]);
    // Not 'error > tolerance', which NaN would pass.
    if (found.error <= tolerance) continue;
    failures.push_back(text(what, ", output ", o, ": error ", found.error, " exceeds ", tolerance,
                            ": ", describe_element(value.outputs[o], found.at), ", expected ",
                            reference.outputs[o].get(found.at)));
  }
}

void check_same_bits(const Outcome& value, const Outcome& expected, const std::string& what,
                     Failures& failures) {
  for (size_t o = 0; o < expected.outputs.size(); ++o) {
    const int64_t at = first_difference(value.outputs[o], expected.outputs[o]);
    if (at < 0) continue;
    failures.push_back(text(what, ", output ", o,
                            ": other bits: ", describe_element(value.outputs[o], at), ", expected ",
                            expected.outputs[o].get(at)));
  }
}

uint32_t rank_four(const std::vector<TensorSpec>& specs) {
  uint32_t bits = 0;
  for (size_t t = 0; t < specs.size(); ++t) {
    if (specs[t].shape.rank() == 4) bits |= 1u << t;
  }
  return bits;
}

std::vector<Placement> wide_placements(uint32_t inputs, uint32_t outputs) {
  std::vector<Placement> placements = {{inputs, outputs, -1}};
  if (std::popcount(inputs) + std::popcount(outputs) == 1) return placements;
  for (uint32_t bit = 1; bit != 0; bit <<= 1) {
    if (inputs & bit) placements.push_back({bit, 0, -1});
    if (outputs & bit) placements.push_back({0, bit, -1});
  }
  return placements;
}

Failures check_row(const Op& op) {
  Failures failures;
  if (op.name == nullptr || *op.name == 0) failures.push_back("the op has no name");
  if (op.summary == nullptr || *op.summary == 0) failures.push_back("the op has no summary");
  for (const Target target : {Target::kReference, Target::kCpu}) {
    const int t = static_cast<int>(target);
    if (op.run[static_cast<size_t>(t)] == nullptr) {
      failures.push_back(text("no kernel for ", name_of(target)));
    }
  }
  if (op.run[0] == op.run[1]) failures.push_back("one kernel for both targets checks nothing");
  const std::vector<Sample> samples = op.samples();
  if (samples.empty()) {
    failures.push_back("the op has no samples, so that nothing tests it");
    return failures;
  }
  std::set<std::string> names;
  for (const Sample& sample : samples) {
    if (sample.name.empty()) failures.push_back("a sample has no name");
    if (!names.insert(sample.name).second) {
      failures.push_back("two samples are called " + sample.name);
    }
  }
  if (std::all_of(samples.begin(), samples.end(), [](const Sample& s) { return s.benchmark; })) {
    failures.push_back("every sample is for benchmarks: none is small enough to test closely");
  }
  for (size_t i = 0; i < 32; ++i) {
    if ((op.in_place_inputs >> i & 1) == 0) continue;
    if (std::none_of(samples.begin(), samples.end(),
                     [&](const Sample& sample) { return fits_in_place(op, sample, i); })) {
      failures.push_back(text("no sample has input ", i,
                              " and output 0 of one shape and type, but "
                              "in_place_inputs names it"));
    }
  }
  check_infer(op, samples, failures);
  return failures;
}

Failures check_forward(const Op& op, const Sample& sample) {
  if (!reference_can(op, sample)) return {};
  const std::vector<HostTensor> inputs = input_values(sample, DType::kFloat32);
  const Outcome cpu = execute(op, Target::kCpu, inputs, sample.attributes);
  Failures failures = cpu.failures;
  check_finite(cpu, "cpu", failures);
  const Outcome reference = execute(op, Target::kReference, inputs, sample.attributes);
  append(failures, reference.failures);
  check_finite(reference, "reference", failures);
  check_close(cpu, reference, op.tolerance, "cpu against reference", failures);
  for (size_t o = 0; o < reference.outputs.size(); ++o) {
    const HostTensor& output = reference.outputs[o];
    bool zero = true;
    for (int64_t i = 0; i < output.count() && zero; ++i) zero = output.get(i) == 0;
    if (zero)
      failures.push_back(text("output ", o, " is zero everywhere: the sample shows nothing"));
  }
  return failures;
}

Failures check_pitched(const Op& op, const Sample& sample) {
  Failures failures;
  if (!op.pitched || sample.benchmark) return failures;
  const std::vector<HostTensor> inputs = input_values(sample, DType::kFloat32);
  const std::vector<TensorSpec> specs = specs_of(inputs);
  const uint32_t wide_inputs = rank_four(specs);
  const uint32_t wide_outputs = rank_four(op.infer(specs, sample.attributes));
  if (wide_inputs == 0 && wide_outputs == 0) return failures;
  const Outcome reference = execute(op, Target::kReference, inputs, sample.attributes);
  for (const Target target : {Target::kReference, Target::kCpu}) {
    for (const Placement& placement : wide_placements(wide_inputs, wide_outputs)) {
      const Outcome wide = execute(op, target, inputs, sample.attributes, placement);
      append(failures, wide.failures);
      const std::string what =
          text(name_of(target), " on channel slices (inputs ", placement.wide_inputs, ", outputs ",
               placement.wide_outputs, " as bit masks)");
      if (target == Target::kReference) {
        check_same_bits(wide, reference, what, failures);
      } else {
        check_close(wide, reference, op.tolerance, what, failures);
      }
    }
  }
  return failures;
}

Failures check_in_place(const Op& op, const Sample& sample) {
  Failures failures;
  if (op.in_place_inputs == 0 || only_timed(op, sample)) return failures;
  const std::vector<HostTensor> inputs = input_values(sample, DType::kFloat32);
  for (const Target target : {Target::kReference, Target::kCpu}) {
    if (target == Target::kReference && sample.benchmark) continue;
    const Outcome apart = execute(op, target, inputs, sample.attributes);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if ((op.in_place_inputs >> i & 1) == 0 || !fits_in_place(op, sample, i)) continue;
      std::vector<Placement> placements = {{0, 0, static_cast<int>(i)}};
      if (op.pitched && inputs[i].spec.shape.rank() == 4) {
        placements.push_back({1u << i, 0, static_cast<int>(i)});
      }
      for (const Placement& placement : placements) {
        const Outcome outcome = execute(op, target, inputs, sample.attributes, placement);
        append(failures, outcome.failures);
        check_same_bits(outcome, apart, text(name_of(target), " in place of input ", i), failures);
      }
    }
  }
  return failures;
}

Failures check_determinism(const Op& op, const Sample& sample) {
  Failures failures;
  if (only_timed(op, sample)) return failures;
  const Threads restore;
  const std::vector<HostTensor> inputs = input_values(sample, DType::kFloat32);
  std::vector<Outcome> first;
  for (const int threads : {1, 2}) {
    omp_set_num_threads(threads);
    const std::string what = text("cpu with ", threads, threads == 1 ? " thread" : " threads");
    first.push_back(execute(op, Target::kCpu, inputs, sample.attributes));
    append(failures, first.back().failures);
    check_finite(first.back(), what, failures);
    if (sample.benchmark && threads == 1) continue;  // time; the small samples show it as well
    const Outcome again = execute(op, Target::kCpu, inputs, sample.attributes);
    check_same_bits(again, first.back(), what + ", second run", failures);
  }
  check_close(first[1], first[0], op.tolerance, "two threads against one", failures);
  return failures;
}

Failures check_cost(const Op& op, const Sample& sample) {
  Failures failures;
  const Cost cost = cost_of(op, sample);
  double written = 0;
  for (const TensorSpec& spec : op.infer(input_specs(sample, DType::kFloat32), sample.attributes)) {
    written += static_cast<double>(spec.bytes());
  }
  if (!(cost.flops >= 0) || !std::isfinite(cost.flops)) {
    failures.push_back(text("flops are ", cost.flops));
  }
  if (!(cost.bytes > 0) || !(cost.bytes >= written) || !std::isfinite(cost.bytes)) {
    failures.push_back(text("bytes are ", cost.bytes, ", its outputs alone are ", written));
  }
  return failures;
}

}  // namespace nram::harness
