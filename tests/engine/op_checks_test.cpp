// The checks of the op table themselves: an op without fault passes all of them, and each of many
// planted mistakes is reported by the check that is there for it.
#include "tests/engine/op_checks.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "engine/graph.h"

namespace nram::harness {
namespace {

// y = a * b, element by element: the op that mistakes are planted in.
std::vector<TensorSpec> infer(Specs inputs, const Attributes&) {
  NRAM_CHECK(inputs.size() == 2 && inputs[0] == inputs[1], "product takes a and b of one shape");
  return {inputs[0]};
}

Cost cost(Specs inputs, Specs outputs, const Attributes&) {
  return streaming_cost(inputs, outputs, 1);
}

std::vector<Sample> samples() { return {{"odd", {{2, 3, 2, 3}, {2, 3, 2, 3}}}}; }

// Two kernels of one body: a row that has the same one twice is reported.
template <Target>
void product_on(const Call& call) {
  with_reference_type(call.out(0).dtype, [&]<class T>(T) {
    for (int64_t r = 0; r < call.out(0).rows(); ++r) {
      for (int64_t c = 0; c < call.out(0).channels(); ++c) {
        call.out(0).row<T>(r)[c] = call.in(0).row<T>(r)[c] * call.in(1).row<T>(r)[c];
      }
    }
  });
}

constexpr Kernel product = product_on<Target::kCpu>;
constexpr Kernel product_reference = product_on<Target::kReference>;

extern const Op kProduct;

void gradient(GradientContext& context) {
  Graph& graph = context.graph();
  const Variable dy = context.output_gradient();
  if (context.needs(0)) context.set(0, graph.append(kProduct, {dy, context.input(1)}));
  if (context.needs(1)) context.set(1, graph.append(kProduct, {dy, context.input(0)}));
}

const Op kProduct = {
    .name = "product",
    .summary = "y = a * b; any shape",
    .infer = infer,
    .run = {product_reference, product},
    .gradient = gradient,
    .cost = cost,
    .samples = samples,
    .tolerance = 1e-6,
    .in_place_inputs = 0b11,
    .pitched = true,
};

Op with_kernel(Kernel cpu, Kernel reference = product_reference) {
  Op op = kProduct;
  op.run = {reference, cpu};
  return op;
}

Op with_gradient(void (*function)(GradientContext&)) {
  Op op = kProduct;
  op.gradient = function;
  return op;
}

// The op's kernel followed by `mistake`, which gets the first and the last element of the output.
template <auto mistake>
void product_and(const Call& call) {
  product(call);
  const View& y = call.out(0);
  mistake(call, y.as<float>(), y.row<float>(y.rows() - 1) + y.channels() - 1);
}

std::string joined(const Failures& failures) {
  std::string all;
  for (const std::string& failure : failures) all += failure + "\n";
  return all;
}

::testing::AssertionResult reports(const Failures& failures, const std::string& words) {
  for (const std::string& failure : failures) {
    if (failure.find(words) != std::string::npos) return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "no failure mentions '" << words << "':\n"
                                       << joined(failures);
}

// AddressSanitizer ends the program at the first access to a guard, before a check can report it.
#ifdef NRAM_SANITIZE
#define NRAM_SKIP_UNDER_SANITIZER() GTEST_SKIP() << "the sanitizer ends the program here"
#else
#define NRAM_SKIP_UNDER_SANITIZER() static_cast<void>(0)
#endif

using Check = Failures (*)(const Op&, const Sample&);
Failures found_by(Check check, const Op& op) { return check(op, samples()[0]); }

TEST(OpChecks, PassAnOpWithoutFault) {
  EXPECT_EQ(joined(check_row(kProduct)), "");
  for (const Check check : {check_forward, check_pitched, check_in_place, check_determinism,
                            check_cost, check_gradient}) {
    EXPECT_EQ(joined(found_by(check, kProduct)), "");
  }
}

TEST(OpChecks, ReportWrongValues) {
  const auto slightly = [](const Call&, float*, float* last) { *last += 1e-4f; };
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(product_and<slightly>)), "exceeds"));
  const auto nan = [](const Call&, float* first, float*) {
    *first = std::numeric_limits<float>::quiet_NaN();
  };
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(product_and<nan>)), "exceeds"));
  EXPECT_TRUE(
      reports(found_by(check_forward, with_kernel(product_and<nan>)), "cpu, output 0: not"));
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(product, product_and<nan>)),
                      "reference, output 0"));
  // NaN on both sides compares as nothing at all in a careless maximum.
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(product_and<nan>, product_and<nan>)),
                      "not finite"));
  const auto infinity = [](const Call&, float* first, float*) { *first = HUGE_VALF; };
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(product_and<infinity>)), "not finite"));
  const auto nothing = [](const Call&) {};
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(nothing, nothing)), "never written"));
  const auto zero = [](const Call& call) {
    std::fill_n(call.out(0).as<float>(), call.out(0).shape.count(), 0.0f);
  };
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(zero, zero)), "shows nothing"));
}

TEST(OpChecks, ReportABenchmarkSampleThatIsNotFinite) {
  const auto nan = [](const Call&, float*, float* last) { *last = NAN; };
  Op op = with_kernel(product_and<nan>);
  op.cost = [](Specs, Specs, const Attributes&) { return Cost{1e9, 1e9}; };
  Sample sample = samples()[0];
  sample.benchmark = true;
  EXPECT_TRUE(reports(check_determinism(op, sample), "not finite"));
}

TEST(OpChecks, ReportDamageToMemory) {
  NRAM_SKIP_UNDER_SANITIZER();
  const auto after = [](const Call&, float*, float* last) { last[1] = 0; };
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(product_and<after>)), "after the end"));
  const auto before = [](const Call&, float* first, float*) { first[-1] = 0; };
  EXPECT_TRUE(
      reports(found_by(check_forward, with_kernel(product_and<before>)), "before the first"));
  // What lies beyond an input copied along: the guards there differ from those of the output.
  const auto shifted = [](const Call& call, float*, float* last) {
    const View& a = call.in(0);
    last[1] = a.row<float>(a.rows() - 1)[a.channels()];
  };
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(product_and<shifted>)), "after the end"));
  const auto input = [](const Call& call, float*, float*) { call.in(1).as<float>()[3] = 0; };
  EXPECT_TRUE(
      reports(found_by(check_forward, with_kernel(product_and<input>)), "input 1 was changed"));
  const auto beyond_workspace = [](const Call& call, float*, float*) {
    static_cast<std::byte*>(call.workspace)[call.workspace_bytes] = std::byte{0};
  };
  Op op = with_kernel(product_and<beyond_workspace>);
  op.workspace = [](Target, Specs, Specs, const Attributes&) { return size_t{20}; };
  EXPECT_TRUE(reports(found_by(check_forward, op), "workspace: guard"));
  const auto uses_workspace = [](const Call& call, float* first, float*) {
    *first += *static_cast<float*>(call.workspace);
  };
  op = with_kernel(product_and<uses_workspace>);
  op.workspace = [](Target, Specs, Specs, const Attributes&) { return size_t{20}; };
  EXPECT_TRUE(reports(found_by(check_forward, op), "not finite"));
}

TEST(OpChecks, ReportAnException) {
  const auto throws = [](const Call&) { throw_user("no such kernel"); };
  EXPECT_TRUE(reports(found_by(check_forward, with_kernel(throws)), "threw: no such kernel"));
}

TEST(OpChecks, ReportKernelsThatIgnoreThePitch) {
  NRAM_SKIP_UNDER_SANITIZER();
  const auto dense = [](const Call& call) {
    for (int64_t i = 0; i < call.out(0).shape.count(); ++i) {
      call.out(0).as<float>()[i] = call.in(0).as<float>()[i] * call.in(1).as<float>()[i];
    }
  };
  const Op op = with_kernel(dense);
  EXPECT_EQ(joined(found_by(check_forward, op)), "");
  EXPECT_TRUE(reports(found_by(check_pitched, op), "between rows"));
  EXPECT_TRUE(reports(found_by(check_pitched, op), "channel slices (inputs 2, outputs 0"));
  EXPECT_TRUE(
      reports(found_by(check_pitched, with_kernel(product, dense)), "reference on channel"));
}

TEST(OpChecks, ReportKernelsThatDoNotWorkInPlace) {
  const auto clears_first = [](const Call& call) {
    for (int64_t r = 0; r < call.out(0).rows(); ++r) {
      std::fill_n(call.out(0).row<float>(r), call.out(0).channels(), 0.0f);
    }
    product(call);
  };
  const Op op = with_kernel(clears_first);
  EXPECT_EQ(joined(found_by(check_forward, op)), "");
  EXPECT_TRUE(reports(found_by(check_in_place, op), "cpu in place of input 1"));
}

int calls = 0;

TEST(OpChecks, ReportOtherBitsFromRunToRun) {
  const auto counts = [](const Call&, float* first, float*) {
    for (int i = ++calls % 2; i > 0; --i) *first = std::nextafter(*first, 2.0f);
  };
  EXPECT_TRUE(
      reports(found_by(check_determinism, with_kernel(product_and<counts>)), "1 thread, second"));
  EXPECT_TRUE(
      reports(found_by(check_determinism, with_kernel(product_and<counts>)), "2 threads, second"));
  const auto by_threads = [](const Call&, float* first, float*) {
    *first += 0.01f * static_cast<float>(omp_get_max_threads());
  };
  EXPECT_TRUE(
      reports(found_by(check_determinism, with_kernel(product_and<by_threads>)), "against one"));
}

TEST(OpChecks, ReportWrongGradients) {
  const auto swapped = [](GradientContext& context) {
    const Variable dy = context.output_gradient();
    context.set(0, context.graph().append(kProduct, {dy, context.input(0)}));
    context.set(1, context.graph().append(kProduct, {dy, context.input(1)}));
  };
  EXPECT_TRUE(reports(found_by(check_gradient, with_gradient(swapped)), "input 0 in random"));
  EXPECT_TRUE(reports(found_by(check_gradient, with_gradient(swapped)), "input 1, "));
  const auto forgets_a_factor = [](GradientContext& context) {
    gradient(context);
    context.set(1, context.output_gradient());
  };
  EXPECT_TRUE(reports(found_by(check_gradient, with_gradient(forgets_a_factor)), "input 1"));
  const auto zero = [](GradientContext& context) {
    gradient(context);
    context.set(0, context.graph().constant(context.input(0).shape(), 0, DType::kFloat64));
  };
  EXPECT_TRUE(reports(found_by(check_gradient, with_gradient(zero)), "input 0 in random"));
  const auto none = [](GradientContext&) {};
  EXPECT_TRUE(reports(found_by(check_gradient, with_gradient(none)), "yields no gradient"));
  Sample sample = samples()[0];
  sample.differentiable = {0, 1};
  const auto one = [](GradientContext& context) {
    context.set(0, context.graph().append(kProduct, {context.output_gradient(), context.input(1)}));
  };
  EXPECT_TRUE(reports(check_gradient(with_gradient(one), sample), "yields none for input 1"));
  const auto right_only_together = [](GradientContext& context) {
    gradient(context);
    if (!context.needs(0)) context.set(1, context.output_gradient());
  };
  EXPECT_TRUE(
      reports(found_by(check_gradient, with_gradient(right_only_together)), "asked for alone"));
}

TEST(OpChecks, ReportOneWrongElementOfAGradient) {
  // Off by one part in a hundred thousand, in the last element alone.
  static const auto slightly = [](const Call& call) {
    product(call);
    if (call.out(0).dtype != DType::kFloat64) return;
    double* y = call.out(0).as<double>();
    y[call.out(0).shape.count() - 1] *= 1.00001;
  };
  static Op wrong = with_kernel(product, slightly);
  const auto function = [](GradientContext& context) {
    context.set(0, context.graph().append(wrong, {context.output_gradient(), context.input(1)}));
  };
  EXPECT_TRUE(reports(found_by(check_gradient, with_gradient(function)), "input 0 in random"));
}

TEST(OpChecks, ReportIncompleteRows) {
  Op op = kProduct;
  op.summary = "";
  EXPECT_TRUE(reports(check_row(op), "no summary"));
  op = kProduct;
  op.name = nullptr;
  EXPECT_TRUE(reports(check_row(op), "no name"));
  EXPECT_TRUE(reports(check_row(with_kernel(nullptr)), "no kernel for cpu"));
  EXPECT_TRUE(reports(check_row(with_kernel(product, product)), "checks nothing"));
  op = kProduct;
  op.samples = [] { return std::vector<Sample>(); };
  EXPECT_TRUE(reports(check_row(op), "no samples"));
  op.samples = [] { return std::vector<Sample>{samples()[0], samples()[0]}; };
  EXPECT_TRUE(reports(check_row(op), "two samples are called odd"));
  op.samples = [] {
    Sample sample = samples()[0];
    sample.benchmark = true;
    return std::vector<Sample>{sample};
  };
  EXPECT_TRUE(reports(check_row(op), "every sample is for benchmarks"));
  op = kProduct;
  op.in_place_inputs = 0b100;
  EXPECT_TRUE(reports(check_row(op), "in_place_inputs names it"));
  op = kProduct;
  op.infer = [](Specs inputs, const Attributes&) { return std::vector<TensorSpec>{inputs[0]}; };
  EXPECT_TRUE(reports(check_row(op), "without inputs"));
  EXPECT_TRUE(reports(check_row(op), "one input too many"));
}

TEST(OpChecks, ReportImplausibleCosts) {
  Op op = kProduct;
  op.cost = [](Specs, Specs, const Attributes&) { return Cost{NAN, 0}; };
  EXPECT_TRUE(reports(found_by(check_cost, op), "flops are"));
  EXPECT_TRUE(reports(found_by(check_cost, op), "bytes are"));
}

}  // namespace
}  // namespace nram::harness
