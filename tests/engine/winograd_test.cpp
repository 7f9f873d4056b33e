// Winograd convolutions against sums in double, for every instruction set that the processor has
// and every way of cutting the work up: own and shared blocks, kept and remade weights, one and
// several blocks and chunks, tiles that hang over, reflected borders.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

#include "kernels/common/philox.h"
#include "kernels/convolution/winograd_plan.h"

namespace nram::kernels {
namespace {

using onednn::Pass;

struct Problem {
  ConvolutionGeometry geometry;
  std::vector<float> x, w, y, bias;
  float slope = 0.2f;
};

std::vector<float> random_values(Random& random, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(random.uniform(-1, 1));
  return values;
}

Problem problem_of(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t outputs,
                   PaddingMode mode = PaddingMode::kZeros) {
  Problem p;
  ConvolutionAttributes attributes;
  attributes.padding = 1;
  attributes.padding_mode = mode;
  p.geometry = geometry_of({batch, height, width, channels}, {batch, height, width, outputs}, 3, 3,
                           attributes);
  Random random(7);
  p.x = random_values(random, p.geometry.input_count());
  p.w = random_values(random, p.geometry.weight_count());
  p.y = random_values(random, p.geometry.output_count());
  p.bias = random_values(random, std::max(channels, outputs));
  return p;
}

int64_t source_of(int64_t at, int64_t size, PaddingMode mode) {
  if (at >= 0 && at < size) return at;
  return mode == PaddingMode::kZeros ? -1 : at < 0 ? -at : 2 * (size - 1) - at;
}

// Calls body(input pixel, output pixel, tap) for every product of the convolution.
template <class Body>
void for_each_tap(const ConvolutionGeometry& g, Body&& body) {
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t i = 0; i < g.output_height; ++i) {
      for (int64_t j = 0; j < g.output_width; ++j) {
        for (int64_t tap = 0; tap < 9; ++tap) {
          const int64_t a = source_of(i + tap / 3 - g.padding, g.height, g.padding_mode);
          const int64_t b = source_of(j + tap % 3 - g.padding, g.width, g.padding_mode);
          if (a < 0 || b < 0) continue;
          body((n * g.height + a) * g.width + b, (n * g.output_height + i) * g.output_width + j,
               tap);
        }
      }
    }
  }
}

double finish(double sum, float bias, float slope) {
  const double value = sum + bias;
  return value > 0 ? value : slope * value;
}

// A few elements of the result of a pass, every `step`th.
std::vector<double> expected(const Problem& p, Pass pass, int64_t step) {
  const ConvolutionGeometry& g = p.geometry;
  const int64_t c = g.channels, o = g.output_channels;
  const auto at = [](const std::vector<float>& values, int64_t i) {
    return static_cast<double>(values[static_cast<size_t>(i)]);
  };
  const int64_t count = pass == Pass::kForward ? g.output_count()
                        : pass == Pass::kData  ? g.input_count()
                                               : g.weight_count();
  std::vector<double> sums(static_cast<size_t>((count + step - 1) / step));
  std::vector<std::vector<std::pair<int64_t, int64_t>>> of_pixel(
      static_cast<size_t>(pass == Pass::kForward ? g.output_count() / o : g.input_count() / c));
  std::vector<std::vector<std::pair<int64_t, int64_t>>> of_tap(9);
  for_each_tap(g, [&](int64_t in, int64_t out, int64_t tap) {
    if (pass == Pass::kForward) of_pixel[static_cast<size_t>(out)].emplace_back(in, tap);
    if (pass == Pass::kData) of_pixel[static_cast<size_t>(in)].emplace_back(out, tap);
    if (pass == Pass::kWeights) of_tap[static_cast<size_t>(tap)].emplace_back(in, out);
  });
  for (int64_t i = 0; i < count; i += step) {
    double& sum = sums[static_cast<size_t>(i / step)];
    if (pass == Pass::kForward) {
      for (const auto& [pixel, tap] : of_pixel[static_cast<size_t>(i / o)]) {
        for (int64_t k = 0; k < c; ++k) {
          sum += at(p.x, pixel * c + k) * at(p.w, (i % o * 9 + tap) * c + k);
        }
      }
      sum = finish(sum, p.bias[static_cast<size_t>(i % o)], p.slope);
    } else if (pass == Pass::kData) {
      for (const auto& [pixel, tap] : of_pixel[static_cast<size_t>(i / c)]) {
        for (int64_t k = 0; k < o; ++k) {
          sum += at(p.y, pixel * o + k) * at(p.w, (k * 9 + tap) * c + i % c);
        }
      }
      sum = finish(sum, p.bias[static_cast<size_t>(i % c)], p.slope);
    } else {
      for (const auto& [in, out] : of_tap[static_cast<size_t>(i / c % 9)]) {
        sum += at(p.x, in * c + i % c) * at(p.y, out * o + i / c / 9);
      }
    }
  }
  return sums;
}

// Largest and rms error over the rms of the result, which is overwritten NaNs.
struct Error {
  double largest = 0, rms = 0;
};

Error error_of(Problem p, Pass pass, int threads, const winograd::Kernels& kernels) {
  const winograd::Plan plan = winograd::plan_of(pass, p.geometry, threads, kernels);
  std::vector<float>& result = pass == Pass::kForward ? p.y : pass == Pass::kData ? p.x : p.w;
  const auto step = static_cast<int64_t>(result.size() / 2000 + 1) | 1;
  const std::vector<double> truth = expected(p, pass, step);
  std::fill(result.begin(), result.end(), NAN);
  const std::unique_ptr<void, decltype(&std::free)> workspace(
      std::aligned_alloc(64, plan.workspace_bytes() / 64 * 64 + 64), &std::free);
  std::fill_n(static_cast<float*>(workspace.get()), plan.workspace_bytes() / 4, NAN);
  winograd::run(plan, {p.x.data(), p.w.data(), nullptr, p.y.data(), workspace.get()},
                pass == Pass::kWeights ? nullptr : p.bias.data(), p.slope);
  for (const float value : result) {
    if (!std::isfinite(value)) return {INFINITY, INFINITY};
  }
  Error error;
  double scale = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const double difference = std::abs(result[i * static_cast<size_t>(step)] - truth[i]);
    error.largest = std::max(error.largest, difference);
    error.rms += difference * difference;
    scale += truth[i] * truth[i];
  }
  const double root = std::sqrt(scale / static_cast<double>(truth.size()));
  return {error.largest / root, std::sqrt(error.rms / scale)};
}

std::vector<const winograd::Kernels*> all_kernels() {
  std::vector<const winograd::Kernels*> all = {&winograd::kGeneric};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    all.push_back(&winograd::kAvx2);
  }
  if (&winograd::kernels() == &winograd::kAvx512) all.push_back(&winograd::kAvx512);
#endif
  return all;
}

constexpr Pass kPasses[] = {Pass::kForward, Pass::kData, Pass::kWeights};

TEST(Winograd, EveryInstructionSetComputesEveryPass) {
  for (const winograd::Kernels* kernels : all_kernels()) {
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{8, 8}, {7, 13}, {6, 9}}) {
      const Problem p = problem_of(2, height, width, 64, 96);
      for (const Pass pass : kPasses) {
        const Error error = error_of(p, pass, 2, *kernels);
        EXPECT_LT(error.largest, 1e-5) << kernels->name << " " << static_cast<int>(pass);
      }
    }
  }
}

TEST(Winograd, ReflectsWhereTheInputIsRead) {
  const Problem p = problem_of(1, 9, 14, 32, 64, PaddingMode::kReflect);
  for (const Pass pass : {Pass::kForward, Pass::kWeights}) {
    EXPECT_LT(error_of(p, pass, 2, winograd::kernels()).largest, 1e-5);
  }
  EXPECT_FALSE(winograd::takes(Pass::kData, p.geometry));
}

// The model's shapes reach every kind of plan; prints the error of each, as the issue of Winograd
// in float32 is its accuracy.
TEST(Winograd, ErrorsOfTheModelsShapes) {
  struct Case {
    int64_t batch, height, width, channels, outputs;
    bool own, keep;
  };
  // own blocks; shared blocks with kept weights, one or several; weights remade
  const Case cases[] = {{1, 128, 88, 64, 64, true, true},
                        {1, 64, 44, 128, 128, true, true},
                        {1, 64, 44, 256, 256, false, true},
                        {2, 32, 22, 512, 256, false, false},
                        {6, 32, 22, 512, 512, false, false}};
  for (const Case& c : cases) {
    const Problem p = problem_of(c.batch, c.height, c.width, c.channels, c.outputs);
    if (winograd::kernels().panel == 32) {  // caches are planned for alike, panels are not
      const winograd::Plan plan = winograd::plan_of(Pass::kForward, p.geometry, 2);
      EXPECT_EQ(plan.own_blocks, c.own);
      EXPECT_EQ(plan.keep_weights, c.keep);
    }
    for (const Pass pass : kPasses) {
      const Error error = error_of(p, pass, 2, winograd::kernels());
      std::printf("%3lld x %-3lld %3lld -> %-3lld pass %d: max %.1e rms %.1e\n",
                  static_cast<long long>(c.height), static_cast<long long>(c.width),
                  static_cast<long long>(c.channels), static_cast<long long>(c.outputs),
                  static_cast<int>(pass), error.largest, error.rms);
      EXPECT_LT(error.largest, 1e-5);
      EXPECT_LT(error.rms, 1.2e-6);
    }
  }
}

TEST(Winograd, TheNumberOfThreadsChangesNoBit) {
  for (const auto& [channels, outputs] : {std::pair<int64_t, int64_t>{64, 64}, {256, 512}}) {
    const Problem p = problem_of(1, 44, 40, channels, outputs);
    for (const Pass pass : kPasses) {
      std::vector<std::vector<float>> results;
      for (const int threads : {1, 2, 3, 7}) {
        Problem mine = p;
        const winograd::Plan plan = winograd::plan_of(pass, p.geometry, threads);
        std::vector<float> workspace(plan.workspace_bytes() / 4 + 16);
        void* aligned = workspace.data();
        size_t room = workspace.size() * 4;
        std::align(64, plan.workspace_bytes(), aligned, room);
        winograd::run(plan, {mine.x.data(), mine.w.data(), nullptr, mine.y.data(), aligned},
                      nullptr, 1);
        results.push_back(pass == Pass::kForward ? mine.y : pass == Pass::kData ? mine.x : mine.w);
        EXPECT_EQ(results.front(), results.back()) << threads;
      }
    }
  }
}

}  // namespace
}  // namespace nram::kernels
