#include <cmath>
#include <cstring>

#include "kernels/adam/adam.h"
#include "kernels/common/parallel.h"
#include "kernels/common/simd.h"

namespace nram::kernels {
namespace {

struct Factors {
  float keep1, add1;  // beta1, 1 - beta1
  float keep2, add2;
  float rate;             // rate / (1 - beta1^t)
  float root_correction;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
};

// Outputs are the inputs' own memory or apart from it: `simd` states what the compiler cannot see.
NRAM_MULTIVERSION
void update(const float* p, const float* g, const float* m, const float* v, float* p_out,
            float* m_out, float* v_out, int64_t count, const Factors& factors) {
  const Factors f = factors;
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float first = f.keep1 * m[i] + f.add1 * g[i];
    const float second = f.keep2 * v[i] + f.add2 * g[i] * g[i];
    m_out[i] = first;
    v_out[i] = second;
    p_out[i] = p[i] - f.rate * first / (std::sqrt(second) * f.root_correction + f.epsilon);
  }
}

}  // namespace

void adam_cpu(const Call& call) {
  if (call.input_count == 6 && !std::isfinite(*call.in(5).as<float>())) {
    constexpr int kSource[] = {0, 2, 3};
    for (int o = 0; o < 3; ++o) {
      const View& from = call.in(kSource[o]);
      if (from.data == call.out(o).data) continue;
      std::memcpy(call.out(o).data, from.data,
                  sizeof(float) * static_cast<size_t>(from.shape.count()));
    }
    return;
  }
  const auto [beta1, beta2, epsilon] = call.get<AdamAttributes>();
  const float* step = call.in(4).as<float>();
  Factors factors{};
  factors.keep1 = static_cast<float>(beta1);
  factors.add1 = static_cast<float>(1 - beta1);
  factors.keep2 = static_cast<float>(beta2);
  factors.add2 = static_cast<float>(1 - beta2);
  factors.rate = static_cast<float>(static_cast<double>(step[0]) / static_cast<double>(step[1]));
  factors.root_correction = static_cast<float>(1 / std::sqrt(static_cast<double>(step[2])));
  factors.epsilon = static_cast<float>(epsilon);
  for_each_span<float, 7>({&call.in(0), &call.in(1), &call.in(2), &call.in(3), &call.out(0),
                           &call.out(1), &call.out(2)},
                          [&](auto p, int64_t count) {
                            update(p[0], p[1], p[2], p[3], p[4], p[5], p[6], count, factors);
                          });
}

}  // namespace nram::kernels
