#include "kernels/add/add.h"
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {

NRAM_MULTIVERSION
void add_two(const float* a, const float* b, float* y, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) y[i] = a[i] + b[i];
}

NRAM_MULTIVERSION
void add_three(const float* a, const float* b, const float* c, float* y, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) y[i] = a[i] + b[i] + c[i];
}

// Sums in a buffer that stays in the first cache: y may be the memory of a late input.
NRAM_MULTIVERSION
void add_many(const float* const* inputs, int inputs_count, float* y, int64_t count) {
  constexpr int64_t kTile = 512;
  float sum[kTile];
  for (int64_t begin = 0; begin < count; begin += kTile) {
    const int64_t length = count - begin < kTile ? count - begin : kTile;
    const float* first = inputs[0] + begin;
    for (int64_t i = 0; i < length; ++i) sum[i] = first[i];
    for (int k = 1; k < inputs_count; ++k) {
      const float* next = inputs[k] + begin;
      for (int64_t i = 0; i < length; ++i) sum[i] += next[i];
    }
    for (int64_t i = 0; i < length; ++i) y[begin + i] = sum[i];
  }
}

template <size_t... kInput>
void add_inputs(const Call& call, std::index_sequence<kInput...>) {
  constexpr size_t kInputs = sizeof...(kInput);
  for_each_span<float, kInputs + 1>({&call.in(static_cast<int>(kInput))..., &call.out(0)},
                                    [](auto p, int64_t count) {
                                      if constexpr (kInputs == 2) {
                                        add_two(p[0], p[1], p[2], count);
                                      } else if constexpr (kInputs == 3) {
                                        add_three(p[0], p[1], p[2], p[3], count);
                                      } else {
                                        add_many(p.data(), kInputs, p[kInputs], count);
                                      }
                                    });
}

template <size_t kInputs>
void add_inputs(const Call& call) {
  add_inputs(call, std::make_index_sequence<kInputs>());
}

}  // namespace

void add_cpu(const Call& call) {
  switch (call.input_count) {
    case 2:
      return add_inputs<2>(call);
    case 3:
      return add_inputs<3>(call);
    case 4:
      return add_inputs<4>(call);
    case 5:
      return add_inputs<5>(call);
    case 6:
      return add_inputs<6>(call);
    case 7:
      return add_inputs<7>(call);
    case 8:
      return add_inputs<8>(call);
    default:
      NRAM_CHECK(false, "add takes 2 to 8 inputs, not ", call.input_count);
  }
}

}  // namespace nram::kernels
