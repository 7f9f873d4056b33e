// Whole training steps as programs: no allocation, plans that pass the checker, memory reuse
// without effect.
#include "training/step.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>

#include "kernels/common/philox.h"

namespace {

// Counts allocations of a page or more in this program while it is switched on.
std::atomic<bool> counting{false};
std::atomic<int64_t> large_allocations{0};

}  // namespace

#if !defined(NRAM_SANITIZE)  // AddressSanitizer has its own
void* operator new(size_t bytes) {
  if (counting && bytes >= 4096) ++large_allocations;
  if (void* memory = std::malloc(bytes > 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif

namespace nram {
namespace {

struct Variant {
  Norm norm;
  PoseStream pose_stream;
  bool inner_skip;
  GanLoss gan;
};

const Variant kVariants[] = {
    {Norm::kInstance, PoseStream::kFull, true, GanLoss::kBce},
    {Norm::kBatch, PoseStream::kNarrow, true, GanLoss::kLsgan},
    {Norm::kNone, PoseStream::kFull, false, GanLoss::kBce},
};

ModelConfig model_of(const Variant& variant) {
  ModelConfig model;
  model.height = 32;
  model.width = 24;
  model.ngf = 2;
  model.blocks = 2;
  model.norm = variant.norm;
  model.pose_stream = variant.pose_stream;
  model.inner_skip = variant.inner_skip;
  return model;
}

void set_random_batch(const TrainingStep& step, const ModelConfig& model) {
  Random random(9);
  const size_t count = static_cast<size_t>(step.batch() * model.height * model.width * 3);
  std::vector<float> source(count);
  std::vector<float> target(count);
  for (float& value : source) value = static_cast<float>(random.uniform(-1, 1));
  for (float& value : target) value = static_cast<float>(random.uniform(-1, 1));
  std::vector<float> points(static_cast<size_t>(step.batch()) * kKeypointCount * 2);
  for (float& value : points) value = static_cast<float>(random.below(24));
  step.set_batch({source, target, points, points});
}

std::vector<double> losses_of(const Variant& variant, const CompileOptions& options) {
  const ModelConfig model = model_of(variant);
  const Networks networks(device(Target::kCpu), model);
  networks.initialize(1);
  ObjectiveConfig objective;
  objective.gan = variant.gan;
  objective.lambda_ssim = 1;
  TrainingStep step(networks, 2, objective, {}, device(Target::kCpu), false, options);
  set_random_batch(step, model);
  std::vector<double> all;
  for (int k = 1; k <= 3; ++k) {
    const Losses l = step.run(k, 2e-4);
    for (const double loss :
         {l.gan, l.l1, l.style, l.ssim, l.discriminator_shape, l.discriminator_appearance}) {
      all.push_back(loss);
    }
  }
  return all;
}

TEST(TrainingStep, AllocatesNothingIn100Steps) {
  const ModelConfig model = model_of(kVariants[0]);
  const Networks networks(device(Target::kCpu), model);
  networks.initialize(1);
  TrainingStep step(networks, 2, {}, {}, device(Target::kCpu));
  set_random_batch(step, model);
  step.run(1, 2e-4);
  const int64_t before = device(Target::kCpu).allocations();
  large_allocations = 0;
  counting = true;
  for (int k = 2; k <= 101; ++k) step.run(k, 2e-4);
  counting = false;
  EXPECT_EQ(device(Target::kCpu).allocations(), before);
  EXPECT_EQ(large_allocations, 0);
}

TEST(TrainingStep, CountsLargeAllocationsAtAll) {
#if defined(NRAM_SANITIZE)
  GTEST_SKIP() << "allocations are AddressSanitizer's in this build";
#endif
  large_allocations = 0;
  counting = true;
  const std::vector<float> large(4096);
  counting = false;
  EXPECT_EQ(large_allocations, 1);
  EXPECT_EQ(large.size(), 4096u);
}

TEST(TrainingStep, PlansMemoryWithoutTakingIt) {
  const ModelConfig model = model_of(kVariants[0]);
  const Networks networks(device(Target::kCpu), model);
  Device& cpu = device(Target::kCpu);
  const int64_t allocations = cpu.allocations();
  const auto plan = [&](int batch) {
    return TrainingStep::plan_bytes(networks, batch, {}, {}, cpu);
  };
  const int64_t three = plan(3);
  EXPECT_LT(plan(2), three);
  EXPECT_EQ(TrainingStep::largest_batch(networks, {}, {}, cpu, three), 3);
  EXPECT_EQ(TrainingStep::largest_batch(networks, {}, {}, cpu, three - 1), 2);
  EXPECT_EQ(TrainingStep::largest_batch(networks, {}, {}, cpu, 1000), 0);
  EXPECT_EQ(cpu.allocations(), allocations);
  const TrainingStep step(networks, 3, {}, {}, cpu);
  EXPECT_EQ(step.program().arena_bytes() + 2 * step.program().input_bytes(), three);
}

TEST(TrainingStep, PlansPassTheChecker) {
  for (const Variant& variant : kVariants) {
    const ModelConfig model = model_of(variant);
    const Networks networks(device(Target::kCpu), model);
    ObjectiveConfig objective;
    objective.gan = variant.gan;
    const TrainingStep step(networks, 2, objective, {}, device(Target::kCpu), true);
    const Program& program = step.program();
    EXPECT_EQ(check_plan(program.accesses(), program.kept(), program.arena_bytes()),
              std::vector<std::string>{});
  }
}

TEST(TrainingStep, ReusedMemoryChangesNoLoss) {
  CompileOptions poisoned;
  poisoned.poison_freed = true;
  CompileOptions generous;
  generous.in_place = false;
  generous.concatenate_views = false;
  for (const Variant& variant : kVariants) {
    const std::vector<double> expected = losses_of(variant, {});
    for (const double loss : expected) EXPECT_TRUE(std::isfinite(loss));
    EXPECT_EQ(losses_of(variant, poisoned), expected);
    EXPECT_EQ(losses_of(variant, generous), expected);
  }
}

TEST(TrainingStep, FusionChangesLossesOnlyByRounding) {
  CompileOptions unfused;
  unfused.fuse = false;
  for (const Variant& variant : kVariants) {
    const std::vector<double> a = losses_of(variant, {});
    const std::vector<double> b = losses_of(variant, unfused);
    for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(a[i], b[i], 1e-4 * (1 + std::abs(b[i])));
  }
}

}  // namespace
}  // namespace nram
