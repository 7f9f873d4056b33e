// What the op table's samples do not show of the statistics on the cpu: that they are accurate far
// from zero, and that their bits do not depend on the number of threads.
#include <gtest/gtest.h>
#include <omp.h>

#include "engine/ops/normalization.h"
#include "tests/engine/op_execution.h"

namespace nram::harness {
namespace {

// Normal values around `center`, where the squares of float32 have lost the deviation.
HostTensor around(const Shape& shape, double center) {
  HostTensor x = filled({shape, DType::kFloat32}, Fill::kNormal, 5);
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, center + x.get(i));
  return x;
}

TEST(NormalizationStatistics, AreAccurateFarFromZero) {
  for (const auto scope : {NormalizationScope::kInstance, NormalizationScope::kBatch}) {
    const NormalizationAttributes attributes{scope, 1e-5f, 1};
    const std::vector<HostTensor> x = {around({2, 64, 44, 96}, 3000)};
    const Outcome cpu = execute(kNormalization, Target::kCpu, x, attributes);
    const Outcome reference = execute(kNormalization, Target::kReference, x, attributes);
    EXPECT_LE(distance(cpu.outputs[1], reference.outputs[1]).error, 1e-6) << "mean";
    EXPECT_LE(distance(cpu.outputs[2], reference.outputs[2]).error, 2e-5) << "inverse deviation";
    // A float32 mean of 3000 is off by up to 1.2e-4.
    EXPECT_LE(distance(cpu.outputs[0], reference.outputs[0]).error, 3e-4) << "y";
  }
}

TEST(NormalizationStatistics, DoNotDependOnTheNumberOfThreads) {
  const int before = omp_get_max_threads();
  for (const auto scope : {NormalizationScope::kInstance, NormalizationScope::kBatch}) {
    const NormalizationAttributes attributes{scope, 1e-5f, 0.01f};
    const std::vector<HostTensor> x = {around({3, 33, 44, 96}, 1)};
    std::vector<HostTensor> first;
    for (const int threads : {1, 2, 3, 5}) {
      omp_set_num_threads(threads);
      const Outcome forward = execute(kNormalization, Target::kCpu, x, attributes);
      const Outcome backward =
          execute(kNormalizationGradient, Target::kCpu,
                  {x[0], x[0], forward.outputs[1], forward.outputs[2]}, attributes);
      std::vector<HostTensor> results = forward.outputs;
      results.push_back(backward.outputs[0]);
      if (first.empty()) first = results;
      for (size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(first_difference(results[i], first[i]), -1)
            << threads << " threads, result " << i;
      }
    }
  }
  omp_set_num_threads(before);
}

}  // namespace
}  // namespace nram::harness
