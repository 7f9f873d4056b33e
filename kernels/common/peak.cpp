#include "kernels/common/peak.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nram {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr int kChains = 12;  // independent multiply-adds: more than latency times issue width
constexpr int64_t kRounds = 4'000'000;

// Each function runs kRounds * kChains vector multiply-adds and returns their sum, so that none is
// left out.
#if defined(__x86_64__)
__attribute__((target("avx512f"))) float multiply_adds_512() {
  __m512 sums[kChains];
  const __m512 factor = _mm512_set1_ps(0.999f);
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_ps(static_cast<float>(i));
  for (int64_t r = 0; r < kRounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = _mm512_fmadd_ps(sums[i], factor, factor);
  }
  __m512 total = sums[0];
  for (int i = 1; i < kChains; ++i) total = _mm512_add_ps(total, sums[i]);
  float lanes[16];
  _mm512_storeu_ps(lanes, total);
  return lanes[0];
}

__attribute__((target("avx2,fma"))) float multiply_adds_256() {
  __m256 sums[kChains];
  const __m256 factor = _mm256_set1_ps(0.999f);
  for (int i = 0; i < kChains; ++i) sums[i] = _mm256_set1_ps(static_cast<float>(i));
  for (int64_t r = 0; r < kRounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = _mm256_fmadd_ps(sums[i], factor, factor);
  }
  __m256 total = sums[0];
  for (int i = 1; i < kChains; ++i) total = _mm256_add_ps(total, sums[i]);
  float lanes[8];
  _mm256_storeu_ps(lanes, total);
  return lanes[0];
}
#endif

float multiply_adds_plain() {
  float sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = static_cast<float>(i);
  for (int64_t r = 0; r < kRounds; ++r) {
    for (float& sum : sums) sum = sum * 0.999f + 0.999f;
  }
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

struct Instructions {
  float (*run)();
  int lanes;
};

Instructions best_instructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return {multiply_adds_512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {multiply_adds_256, 8};
#endif
  return {multiply_adds_plain, 1};
}

double measure_flops() {
  const Instructions instructions = best_instructions();
  double best = 0;
  float sink = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const double start = now();
    int threads = 1;
#pragma omp parallel reduction(+ : sink)
    {
      sink += instructions.run();
#pragma omp single
      threads = omp_get_num_threads();
    }
    const double work = 2.0 * kRounds * kChains * instructions.lanes * threads;
    best = std::max(best, work / (now() - start));
  }
  return sink == 0 ? 0 : best;  // never 0: keeps the sums alive
}

double measure_bandwidth() {
  constexpr int64_t kCount = int64_t{1} << 24;  // 64 MiB an array
  std::vector<float> a(kCount, 1.0f);
  std::vector<float> b(kCount, 2.0f);
  std::vector<float> c(kCount, 3.0f);
  double best = 0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    const double start = now();
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < kCount; ++i) a[i] = b[i] + 0.5f * c[i];
    best = std::max(best, 3.0 * kCount * sizeof(float) / (now() - start));
  }
  return a[kCount / 2] == 0 ? 0 : best;
}

}  // namespace

Peak measure_peak() { return {measure_flops(), measure_bandwidth()}; }

}  // namespace nram
